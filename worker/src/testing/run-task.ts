import { create, fromBinary } from "@bufbuild/protobuf";
import { durationMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { GrantSchema } from "@stem/proto/stem/v1/lease_pb";
import { type NewTask, NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import type { ArgsShape, CallArgs, CanvasNode, TaskProgress } from "@stem/sdk";
import {
  type AnyTask,
  applySchema,
  outgoingTask,
  payloadFromProto,
  payloadToProto,
  progressFromProto,
} from "@stem/sdk/internal";
import {
  createFakeClient,
  type FakeClient,
  type RecordedCanvas,
  type RecordedEnqueue,
  type RecordedEvent,
} from "@stem/sdk/testing";
import type { ScheduledSlot, TaskPlace } from "../context.ts";
import { TaskCancelled } from "../errors.ts";
import { HeldLease } from "../lease.ts";
import { createRegistry, type ImplementationHere } from "../registry.ts";
import { Replacement } from "../replacement.ts";
import { createInProcessRunner } from "../runner/in-process.ts";
import type { Outcome } from "../settlement.ts";
import { type RecordedLine, recordingLog } from "./recording-log.ts";

export type { RecordedLine } from "./recording-log.ts";

/** What the handler's context says; each has a usual value. */
export type RunTaskOptions = {
  /** Default: a new one. */
  readonly id?: string;
  /** Default: the definition's, else "default". */
  readonly queue?: string;
  /** Default 1. */
  readonly attempt?: number;
  /** Default: the definition's, else 4. */
  readonly maxAttempts?: number;
  /** Default: the attempt's number. */
  readonly delivery?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
  /** What the handler finds as `ctx.schedule`. Default: no schedule. */
  readonly schedule?: ScheduledSlot;
  /** What the handler is told by `ctx.place()`. Default: it is in no canvas. */
  readonly place?: TaskPlace;
  /** What the handler finds as `ctx.lastCheckpoint`. Default: nothing. */
  readonly lastCheckpoint?: unknown;
  /** Cancels the task when it aborts; its reason's text is what the handler reads in `ctx.cancelReason`. */
  readonly cancel?: AbortSignal;
  /** What `ctx.enqueue` records on, with the answers it gives. Default: one without answers. */
  readonly client?: FakeClient;
  /** How large a result may be. Default: what a server takes by default, 2 MiB. */
  readonly resultBytesMax?: number;
};

/** How one attempt went, and all that its handler did with its context. */
export type TaskRun<Result> = {
  /**
   * replaced: it put others in its task's place. retry: it asked for another attempt, or threw a RetryError. cancelled: it failed after
   * `cancel` aborted.
   */
  readonly outcome: "succeeded" | "replaced" | "failed" | "retry" | "rejected" | "cancelled";
  /** As whoever waits would get it, encoded and decoded; undefined unless it succeeded. */
  readonly result: Result | undefined;
  /** What the handler threw, or why its result could not be taken; undefined when it succeeded. */
  readonly error: unknown;
  /** True when a server would not try again, whatever attempts are left. */
  readonly isFinal: boolean;
  /** The delay that a retry asked for; undefined: the back-off's. */
  readonly retryDelayMs: number | undefined;
  readonly progress: readonly TaskProgress[];
  /** What it left for the next attempt, in order; the last one counts. */
  readonly checkpoints: readonly unknown[];
  readonly log: readonly RecordedLine[];
  /** The chunks that it put out, in order, encoded and decoded. */
  readonly written: readonly unknown[];
  /** The events that it made known on queues, in order. */
  readonly emitted: readonly RecordedEvent[];
  readonly enqueued: readonly RecordedEnqueue[];
  /** The canvases that it submitted, in order. */
  readonly submitted: readonly RecordedCanvas[];
  /** What it put in its task's place; undefined: nothing. */
  readonly replacement: CanvasNode | undefined;
  /** What it added to the group of its task, in order; only where it succeeded. */
  readonly added: readonly CanvasNode[];
};

/** What follows the implementation: arguments, which may be left out where none are needed, and options. */
type RunArgs<Args> =
  CallArgs<Args> extends [args: infer A, options?: infer _]
    ? [args: A, options?: RunTaskOptions]
    : [args?: Args, options?: RunTaskOptions];

/**
 * Runs one attempt of a task here and now, without a server: `await runTask(implement(add, handler), [2, 3])`. Arguments and result are
 * checked, encoded and decoded as on their way over the wire; arguments that do not fit reject, as `enqueue` would. Time limits and
 * heartbeats mean nothing here: they are the server's.
 */
export async function runTask<Args extends ArgsShape, Result>(
  implementation: ImplementationHere<Args, Result>,
  ...rest: RunArgs<NoInfer<Args>>
): Promise<TaskRun<Result>> {
  const [args = [], options = {}] = rest as [args?: ArgsShape, options?: RunTaskOptions];
  const lease = await leaseOf(implementation.task, args, options);
  const { cancel, client = createFakeClient() } = options;
  const before = {
    enqueued: client.enqueued.length,
    emitted: client.emitted.length,
    submitted: client.submitted.length,
  };
  const { log, lines } = recordingLog();
  const progress: TaskProgress[] = [];
  const checkpoints: unknown[] = [];
  const written: unknown[] = [];
  const { codec } = implementation.task;
  const seen = watched(implementation);
  const runner = createInProcessRunner({
    registry: createRegistry([seen.implementation]),
    log,
    // Every line is recorded as it is.
    ...{ keepLog: false, keepLine: () => undefined },
    enqueuer: () => client,
    write: async (_, chunk) => void written.push(codec.decode(payloadFromProto(chunk))),
    emit: (_, { queue, name, payload, options }) => client.queueEvents.emit(queue, name, payload, options),
    progress(_, report) {
      progress.push(progressFromProto(report, codec));
    },
    checkpoint: (_, data) => void checkpoints.push(codec.decode(payloadFromProto(data))),
    place: async () => options.place,
    heartbeat: () => Promise.resolve(),
    extend: () => Promise.resolve(),
    resultBytesMax: () => options.resultBytesMax ?? usualResultBytesMax,
  });
  const onCancel = (): void => lease.abort(new TaskCancelled(reasonOf(cancel)));
  if (cancel?.aborted) onCancel();
  cancel?.addEventListener("abort", onCancel, { once: true });
  const outcome = await runner.run(lease);
  cancel?.removeEventListener("abort", onCancel);
  const said = await verdictOf<Result>(implementation.task, outcome, lease.stop !== undefined);
  const isWell = said.outcome === "succeeded" || said.outcome === "replaced";
  const error = isWell ? undefined : (seen.thrown() ?? said.error);
  return {
    ...{ ...said, error, progress, checkpoints, written, log: lines },
    enqueued: client.enqueued.slice(before.enqueued),
    submitted: client.submitted.slice(before.submitted),
    replacement: said.outcome === "replaced" ? seen.replacement() : undefined,
    added: said.outcome === "succeeded" ? (lease.newMembers ?? []) : [],
    emitted: client.emitted.slice(before.emitted),
  };
}

const usualResultBytesMax = 2 * 1024 * 1024;
const usualAttemptsMax = 4;
const usualLeaseMs = 20_000;

/** A lease as a server would have granted it for a call with these arguments. */
async function leaseOf(task: AnyTask, args: ArgsShape, options: RunTaskOptions): Promise<HeldLease> {
  const { id, queue, headers, tags, metadata, maxAttempts, attempt = 1 } = options;
  const call = task.call(args, {
    ...(id !== undefined && { id }),
    ...(queue !== undefined && { queue }),
    ...(headers && { headers }),
    ...(tags && { tags }),
    ...(metadata && { metadata }),
    ...(maxAttempts !== undefined && { maxAttempts }),
  });
  const sent = await outgoingTask(call);
  const newTask = fromBinary(NewTaskSchema, sent.message);
  if (options.schedule) newTask.scheduled = scheduledRunOf(options.schedule);
  const grant = create(GrantSchema, {
    leaseToken: Buffer.from(sent.id),
    taskId: sent.id,
    queue: newTask.queue ?? "default",
    task: newTask,
    fence: { epoch: 1n, seq: 1n },
    attempt,
    maxAttempts: newTask.options?.maxAttempts ?? usualAttemptsMax,
    delivery: options.delivery ?? attempt,
    ...(options.lastCheckpoint !== undefined && {
      lastCheckpoint: payloadToProto(task.codec.encode(options.lastCheckpoint)),
    }),
  });
  return new HeldLease(grant, { seq: 1, leaseMs: usualLeaseMs, countedFrom: 0, startBy: 0 });
}

const scheduledRunOf = ({ id, slotTime }: ScheduledSlot): NonNullable<NewTask["scheduled"]> => ({
  ...{ $typeName: "stem.v1.ScheduledRun", scheduleId: id },
  slotTime: timestampFromDate(slotTime),
});

/** The same implementation, and what its handler throws, or puts in its task's place. */
function watched({ handler, ...rest }: ImplementationHere) {
  let thrown: unknown;
  let replacement: CanvasNode | undefined;
  const implementation: ImplementationHere = {
    ...rest,
    async handler(...given) {
      try {
        const value = await handler(...given);
        if (value instanceof Replacement) replacement = value.node;
        return value;
      } catch (error) {
        thrown = error;
        throw error;
      }
    },
  };
  return { implementation, thrown: () => thrown, replacement: () => replacement };
}

type Verdict<Result> = Omit<
  TaskRun<Result>,
  | "progress"
  | "checkpoints"
  | "log"
  | "written"
  | "emitted"
  | "enqueued"
  | "submitted"
  | "replacement"
  | "added"
>;

async function verdictOf<Result>(
  task: AnyTask<Result>,
  outcome: Outcome,
  wasCancelled: boolean,
): Promise<Verdict<Result>> {
  const none = { result: undefined, error: undefined, retryDelayMs: undefined, isFinal: true };
  if (outcome.case === "succeeded") {
    const value = task.resultCodec.decode(payloadFromProto(outcome.value.result));
    const subject = { taskName: task.name, part: "result" } as const;
    return {
      ...none,
      outcome: "succeeded",
      result: (await applySchema(task.resultSchema, value, subject)) as Result,
    };
  }
  if (outcome.case === "replaced") return { ...none, outcome: "replaced" };
  const error = errorOf(outcome);
  if (wasCancelled) return { ...none, outcome: "cancelled", error };
  if (outcome.case === "rejected") return { ...none, outcome: "rejected", error };
  if (outcome.case === "retry") {
    const { delay } = outcome.value;
    return {
      ...none,
      outcome: "retry",
      error,
      isFinal: false,
      retryDelayMs: delay && durationMs(delay),
    };
  }
  const isFinal = outcome.case === "failed" && outcome.value.failure?.nonRetryable === true;
  return { ...none, outcome: "failed", error, isFinal };
}

/** What the outcome says went wrong, where the handler itself threw nothing. */
function errorOf(outcome: Outcome): Error {
  const failure = outcome.case === "failed" || outcome.case === "retry" ? outcome.value.failure : undefined;
  const error = new Error(failure?.message ?? (outcome.case === "rejected" ? outcome.value.reason : ""));
  if (failure) error.name = failure.type;
  return error;
}

const reasonOf = (signal: AbortSignal | undefined): string => {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason.message : String(reason);
};
