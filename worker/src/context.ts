import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Payload } from "@stem/proto/stem/v1/payload_pb";
import type { Progress, TraceContext } from "@stem/proto/stem/v1/task_pb";
import type {
  ArgsAndOptions,
  ArgsShape,
  CallArgs,
  CanvasNode,
  CanvasSubmitter,
  EmitOptions,
  EmittedEvent,
  EnqueueManyOptions,
  EnqueueOptions,
  Enqueuer,
  HandlesOf,
  Logger,
  PayloadCodec,
  TaskCall,
  TaskDefinition,
  TaskHandle,
  TaskProgress,
} from "@stem/sdk";
import { batchBy, childLogger, isPayloadWithin, payloadFromProto, payloadToProto } from "@stem/sdk/internal";
import type { CanvasContext, TaskPlace } from "./canvas-context.ts";
import { asChild, type ChildOptions } from "./child-options.ts";
import { RetryError, type RetryErrorOptions, type SoftTimeLimitExceeded, TaskCancelled } from "./errors.ts";
import { type KeptLevel, type KeptLine, keptLog } from "./kept-log.ts";
import type { HeldLease } from "./lease.ts";
import { progressToProto } from "./progress.ts";
import { Replacement } from "./replacement.ts";

/**
 * Identifies one lease of one task; rises with every lease of the task, for ever. Hand it to what the task writes to, and let that
 * refuse a lower one than it has seen: a worker that was thought dead then cannot write after its successor.
 */
export type Fence = {
  readonly epoch: bigint;
  readonly seq: bigint;
  /** Both in one text that sorts as they do. */
  readonly text: string;
};

export type { TaskPlace } from "./canvas-context.ts";

/** A slot of a schedule. */
export type ScheduledSlot = {
  /** The schedule's id. */
  readonly id: string;
  /** The instant that the slot was meant for, however late it fires; of a trigger, when it was asked for. */
  readonly slotTime: Date;
};

/**
 * What a handler gets beside its arguments. It enqueues like the client does; such a task knows its parent and root, and has its trace, and
 * nothing else of it.
 */
export interface TaskContext extends Enqueuer, CanvasContext {
  enqueue<Args extends ArgsShape, Result>(
    task: TaskDefinition<Args, Result, unknown, unknown>,
    ...rest: ArgsAndOptions<NoInfer<Args>, EnqueueOptions<NoInfer<Result>> & ChildOptions>
  ): Promise<TaskHandle<Result>>;
  enqueueMany<const Calls extends readonly TaskCall[]>(
    calls: Calls,
    options?: EnqueueManyOptions & ChildOptions,
  ): Promise<HandlesOf<Calls>>;
  /** The task's id. */
  readonly id: string;
  readonly name: string;
  /** The arguments as the handler gets them, decoded and as their schema puts them out: a tuple, an object or bytes. */
  readonly args: unknown;
  /** The queue it came from. */
  readonly queue: string;
  /** The task whose handler enqueued it; undefined when none did. */
  readonly parentId: string | undefined;
  /** The first of all its ancestors; its own id when it has none. */
  readonly rootId: string;
  /** The schedule that started it, and the slot for which it runs; undefined when none did. */
  readonly schedule: ScheduledSlot | undefined;
  /** This attempt's number, from 1. */
  readonly attempt: number;
  /** How many attempts there may be in all. */
  readonly maxAttempts: number;
  /** This delivery's number, from 1; above `attempt` when leases were lost. */
  readonly delivery: number;
  readonly fence: Fence;
  readonly headers: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  /** Notes for whoever looks at it. */
  readonly metadata: Readonly<Record<string, string>>;
  /** W3C trace context of whoever enqueued it; undefined when they gave none. */
  readonly trace: { readonly traceparent: string; readonly tracestate: string } | undefined;
  /**
   * Aborts when the attempt should stop: it was cancelled (TaskCancelled), ran too long (TimeLimitExceeded), its lease is lost or
   * could not be confirmed for 80 % of its length (LeaseLost), or the worker stops (WorkerStopping).
   */
  readonly signal: AbortSignal;
  /** Aborts with SoftTimeLimitExceeded when the attempt should come to an end: time to save what there is, and to stop or ask for more. */
  readonly softSignal: AbortSignal;
  /** Calls back, once, when the attempt should come to an end; at once where it should already. */
  onSoftTimeLimit(callback: (reason: SoftTimeLimitExceeded) => void): void;
  /** Why somebody wants it stopped; undefined while nobody does. */
  readonly cancelReason: string | undefined;
  /** The worker's logger, with task, id and attempt on each line. From the worker's `keepLog` on, lines are kept with the task besides. */
  readonly log: Logger;
  /**
   * Tells whoever waits how far it has come: 0 to 100, or more words. Sent at most ten times a second, the latest wins; the newest are kept
   * with the task.
   */
  progress(update: number | TaskProgress): void;
  /**
   * Puts out a piece of what it makes, encoded by the task's codec, for whoever reads `handle.output()`. Resolves once the server has it,
   * in its place behind all that was put out before. Rejects when it is too large (64 KiB), when more waits to be sent than may, and with
   * the reason when the attempt should stop.
   */
  write(chunk: unknown): Promise<void>;
  /** Makes an event known on a queue, the task's own unless `queue` says another, as `client.queueEvents.emit` does. */
  emit(
    name: string,
    payload?: unknown,
    options?: EmitOptions & { readonly queue?: string },
  ): Promise<EmittedEvent>;
  /** What the last attempt that left something left, as the task's codec reads it; undefined when none did. */
  readonly lastCheckpoint: unknown;
  /**
   * Leaves `data` for the next attempt, should there be one, as its `lastCheckpoint`; the last call counts. Sent at once, so that it is
   * there also when this worker dies, and again with the settlement. Throws a RangeError beyond the server's limit (64 KiB).
   */
  checkpoint(data: unknown): void;
  /** Resolves once the server has confirmed the lease anew; rejects with the reason when the attempt should stop. */
  heartbeat(): Promise<void>;
  /**
   * Holds the lease for `ms` (at most 1 h) without heartbeats: for a handler about to block the event loop. Resolves once the server
   * has agreed; rejects with the reason when the attempt should stop.
   */
  extendLease(ms: number): Promise<void>;
  /** Ends the attempt and asks for another; the same as throwing a RetryError. */
  retry(options?: RetryErrorOptions & { readonly message?: string }): never;
}

/** What contexts need of their worker. */
export type ContextDeps = ContextCalls & {
  readonly log: Logger;
  /** From which level on lines of a context's log are kept with its task. */
  readonly keepLog: KeptLevel;
  readonly enqueuer: () => Enqueuer & CanvasSubmitter;
};

/** An event that a handler makes known. */
export type EventToEmit = {
  readonly queue: string;
  readonly name: string;
  readonly payload: unknown;
  readonly options: EmitOptions;
};

/**
 * What a context asks of its worker about its lease. From a thread or a child process each of them crosses over by its name
 * (runner/bridge/context-calls.ts), so arguments and answers are what a structured clone can carry.
 */
export type ContextCalls = {
  readonly progress: (lease: HeldLease, report: Progress) => void;
  readonly keepLine: (lease: HeldLease, line: KeptLine) => void;
  readonly write: (lease: HeldLease, chunk: Payload) => Promise<void>;
  readonly emit: (lease: HeldLease, event: EventToEmit) => Promise<EmittedEvent>;
  readonly checkpoint: (lease: HeldLease, data: Payload) => void;
  readonly place: (lease: HeldLease) => Promise<TaskPlace | undefined>;
  readonly heartbeat: (lease: HeldLease) => Promise<void>;
  readonly extend: (lease: HeldLease, ms: number) => Promise<void>;
};

/** The one implementation of TaskContext; a class, and lazy in everything, because one is made for every task. */
export class HandlerContext implements TaskContext {
  readonly #lease: HeldLease;
  readonly #deps: ContextDeps;
  readonly args: unknown;
  readonly #codec: PayloadCodec;
  #log: Logger | undefined;

  constructor(lease: HeldLease, deps: ContextDeps, args: unknown, codec: PayloadCodec) {
    this.#lease = lease;
    this.#deps = deps;
    this.args = args;
    this.#codec = codec;
  }

  get id(): string {
    return this.#lease.grant.taskId;
  }
  get name(): string {
    return this.#lease.task.name;
  }
  get queue(): string {
    return this.#lease.grant.queue;
  }
  get attempt(): number {
    return this.#lease.grant.attempt;
  }
  get maxAttempts(): number {
    return this.#lease.grant.maxAttempts;
  }
  get delivery(): number {
    return this.#lease.grant.delivery;
  }
  get headers(): Readonly<Record<string, string>> {
    return this.#lease.task.headers;
  }
  get tags(): readonly string[] {
    return this.#lease.task.tags;
  }
  get metadata(): Readonly<Record<string, string>> {
    return this.#lease.task.metadata;
  }
  get trace(): TraceContext | undefined {
    return this.#lease.task.trace;
  }
  get signal(): AbortSignal {
    return this.#lease.signal;
  }

  get softSignal(): AbortSignal {
    return this.#lease.softSignal;
  }

  onSoftTimeLimit(callback: (reason: SoftTimeLimitExceeded) => void): void {
    const { softSignal } = this;
    const call = (): void => callback(softSignal.reason as SoftTimeLimitExceeded);
    if (softSignal.aborted) call();
    else softSignal.addEventListener("abort", call, { once: true });
  }

  get fence(): Fence {
    const { epoch = 0n, seq = 0n } = this.#lease.grant.fence ?? {};
    return { epoch, seq, text: `${digits(epoch)}-${digits(seq)}` };
  }

  get cancelReason(): string | undefined {
    const { stop } = this.#lease;
    return stop instanceof TaskCancelled ? stop.reason : undefined;
  }

  get log(): Logger {
    const { id, name, attempt } = this;
    this.#log ??= keptLog(
      childLogger(this.#deps.log, { taskId: id, task: name, attempt }),
      this.#deps.keepLog,
      (line) => this.#deps.keepLine(this.#lease, line),
    );
    return this.#log;
  }

  write(chunk: unknown): Promise<void> {
    const written = this.#unlessStopped(async () => {
      await this.#deps.write(this.#lease, payloadToProto(this.#codec.encode(chunk)) ?? nothing);
    });
    // Whoever does not wait for it is not ended by it; what went wrong is in the worker's log.
    written.catch(() => undefined);
    return written;
  }

  emit(
    name: string,
    payload?: unknown,
    { queue = this.queue, ...options }: EmitOptions & { readonly queue?: string } = {},
  ): Promise<EmittedEvent> {
    return this.#deps.emit(this.#lease, { queue, name, payload, options });
  }

  progress(update: number | TaskProgress): void {
    const report = progressToProto(typeof update === "number" ? { percent: update } : update, this.#codec);
    this.#deps.progress(this.#lease, report);
  }

  get lastCheckpoint(): unknown {
    const { lastCheckpoint } = this.#lease.grant;
    return lastCheckpoint && this.#codec.decode(payloadFromProto(lastCheckpoint));
  }

  checkpoint(data: unknown): void {
    const payload = payloadToProto(this.#codec.encode(data)) ?? nothing;
    if (!isPayloadWithin(payload, checkpointBytesMax))
      throw new RangeError(`a checkpoint may have at most ${checkpointBytesMax} bytes`);
    this.#deps.checkpoint(this.#lease, payload);
  }

  heartbeat(): Promise<void> {
    return this.#unlessStopped(() => this.#deps.heartbeat(this.#lease));
  }

  extendLease(ms: number): Promise<void> {
    return this.#unlessStopped(() => this.#deps.extend(this.#lease, ms));
  }

  retry({ message, ...options }: RetryErrorOptions & { readonly message?: string } = {}): never {
    throw new RetryError(message, options);
  }

  get parentId(): string | undefined {
    return this.#lease.task.parentId;
  }

  get rootId(): string {
    return this.#lease.task.rootId ?? this.parentId ?? this.id;
  }

  get schedule(): ScheduledSlot | undefined {
    const { scheduled } = this.#lease.task;
    if (scheduled?.slotTime === undefined) return undefined;
    return { id: scheduled.scheduleId, slotTime: timestampDate(scheduled.slotTime) };
  }

  get enqueue(): TaskContext["enqueue"] {
    const { enqueue } = this.#deps.enqueuer();
    return (task, ...rest) => {
      const [args, options] = rest as [args: (typeof rest)[0], options?: EnqueueOptions & ChildOptions];
      return enqueue(
        task,
        ...([args, asChild(this, options ?? {})] as unknown as CallArgs<ArgsShape> as never),
      );
    };
  }

  get enqueueMany(): TaskContext["enqueueMany"] {
    const { enqueueMany } = this.#deps.enqueuer();
    return (calls, { addToParent, ...options }: EnqueueManyOptions & ChildOptions = {}) => {
      const belongs = addToParent === undefined ? {} : { addToParent };
      const children = calls.map((call) => ({
        ...call,
        options: asChild(this, { ...call.options, ...belongs }),
      }));
      return enqueueMany(children as unknown as typeof calls, options);
    };
  }

  get submit(): TaskContext["submit"] {
    const { submit } = this.#deps.enqueuer();
    return (canvas, options = {}) => submit(canvas, asChild(this, options));
  }

  get batch(): TaskContext["batch"] {
    return batchBy(this.submit);
  }

  get canvas(): TaskContext["canvas"] {
    return this.#deps.enqueuer().canvas;
  }

  place(): Promise<TaskPlace | undefined> {
    return this.#deps.place(this.#lease);
  }

  replace<Result>(node: CanvasNode<Result>): Replacement<Result> {
    return new Replacement(node);
  }

  addToGroup(...members: readonly CanvasNode[]): void {
    this.#lease.newMembers = [...(this.#lease.newMembers ?? []), ...members];
  }

  /** Waits for an answer, but not for longer than the attempt may go on. */
  async #unlessStopped(ask: () => Promise<void>): Promise<void> {
    const { signal } = this;
    signal.throwIfAborted();
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await Promise.race([ask(), promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
    signal.throwIfAborted();
  }
}

// What servers take by default. One that takes less says so, and its worker keeps to that.
const checkpointBytesMax = 64 * 1024;

/** What a handler leaves that leaves undefined: in place of what an earlier attempt left. */
const nothing: Payload = {
  $typeName: "stem.v1.Payload",
  data: { case: undefined },
  contentType: "",
  encoding: {},
};

// Both numbers are below 2^53: 16 digits.
const digits = (value: bigint): string => value.toString().padStart(16, "0");
