import type { Progress, TraceContext } from "@stem/proto/stem/v1/task_pb";
import type { Enqueuer, Logger, PayloadCodec, TaskProgress } from "@stem/sdk";
import { childLogger } from "@stem/sdk/internal";
import { childEnqueuer } from "./child-enqueuer.ts";
import { RetryError, type RetryErrorOptions, TaskCancelled } from "./errors.ts";
import type { HeldLease } from "./lease.ts";
import { progressToProto } from "./progress.ts";

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

/** What a handler gets beside its arguments. It enqueues like the client does, into its task's trace; nothing else is passed on. */
export interface TaskContext extends Enqueuer {
  /** The task's id. */
  readonly id: string;
  readonly name: string;
  /** The arguments as the handler gets them, decoded and as their schema puts them out: a tuple, an object or bytes. */
  readonly args: unknown;
  /** The queue it came from. */
  readonly queue: string;
  /** This attempt's number, from 1. */
  readonly attempt: number;
  /** How many attempts there may be in all. */
  readonly maxAttempts: number;
  /** This delivery's number, from 1; above `attempt` when leases were lost. */
  readonly delivery: number;
  readonly fence: Fence;
  readonly headers: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  /** W3C trace context of whoever enqueued it; undefined when they gave none. */
  readonly trace: { readonly traceparent: string; readonly tracestate: string } | undefined;
  /**
   * Aborts when the attempt should stop: it was cancelled (TaskCancelled), ran too long (TimeLimitExceeded), its lease is lost or
   * could not be confirmed for 80 % of its length (LeaseLost), or the worker stops (WorkerStopping).
   */
  readonly signal: AbortSignal;
  /** Why somebody wants it stopped; undefined while nobody does. */
  readonly cancelReason: string | undefined;
  /** The worker's logger, with task, id and attempt on each line. */
  readonly log: Logger;
  /** Tells whoever waits how far it has come: 0 to 100, or more words. Sent at most ten times a second, the latest wins; not kept. */
  progress(update: number | TaskProgress): void;
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
  readonly enqueuer: () => Enqueuer;
};

/**
 * What a context asks of its worker about its lease. From a thread or a child process each of them crosses over by its name
 * (runner/bridge/context-calls.ts), so arguments and answers are what a structured clone can carry.
 */
export type ContextCalls = {
  readonly progress: (lease: HeldLease, report: Progress) => void;
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
  get trace(): TraceContext | undefined {
    return this.#lease.task.trace;
  }
  get signal(): AbortSignal {
    return this.#lease.signal;
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
    this.#log ??= childLogger(this.#deps.log, { taskId: id, task: name, attempt });
    return this.#log;
  }

  progress(update: number | TaskProgress): void {
    const report = progressToProto(typeof update === "number" ? { percent: update } : update, this.#codec);
    this.#deps.progress(this.#lease, report);
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

  get enqueue(): Enqueuer["enqueue"] {
    return childEnqueuer(this.#deps.enqueuer(), this.trace).enqueue;
  }

  get enqueueMany(): Enqueuer["enqueueMany"] {
    return childEnqueuer(this.#deps.enqueuer(), this.trace).enqueueMany;
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

// Both numbers are below 2^53: 16 digits.
const digits = (value: bigint): string => value.toString().padStart(16, "0");
