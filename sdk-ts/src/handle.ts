import type { WatchTaskOutputResponse } from "@stem/proto/stem/v1/task_output_service_pb";
import type { Task } from "@stem/proto/stem/v1/task_pb";
import { payloadFromProto } from "./codec/payload.ts";
import type { AnyTask } from "./define-task.ts";
import type { TaskExplanation } from "./explanation.ts";
import type { UniqueConflictKind, UniqueOutcome } from "./publisher.ts";
import { applySchema } from "./schema.ts";
import { TaskCancelledError, TaskExpiredError, TaskFailedError } from "./task-errors.ts";
import {
  type OutputOptions,
  type OutputWish,
  outputFromProto,
  outputWishOf,
  type TaskOutput,
} from "./task-output.ts";
import type { TaskState } from "./task-state.ts";
import { stateFromProto, stateReasonFromProto } from "./task-state.ts";
import {
  failureFromProto,
  progressFromProto,
  type TaskProgress,
  type TaskStatus,
  taskStatusFromProto,
} from "./task-status.ts";
import type { WaitOptions } from "./wait.ts";

/** How to wait for a result. */
export type ResultOptions = {
  /** Give up after this long with a ResultTimeoutError; the task goes on. Default: wait for ever. */
  readonly timeoutMs?: number;
  /** Give up when it aborts, with its reason; the task goes on. */
  readonly signal?: AbortSignal;
  /** Called with what the handler reports meanwhile. Live only: what was reported before is not repeated. */
  readonly onProgress?: (progress: TaskProgress) => void;
};

/** The answer to a cancel: what really happened, and the task's state now. */
export type CancelVerdict = {
  /**
   * cancelled: it is, and stays so. requested: it runs, and its worker was told; it may still end well. already_terminal: it had ended
   * before.
   */
  readonly outcome: "cancelled" | "requested" | "already_terminal";
  readonly state: TaskState | undefined;
  /** How many of its descendants were cancelled, or their workers told; only where that was asked. */
  readonly descendants?: number;
};

/** How to cancel a task that one has a handle of. */
export type CancelRequest = {
  /** At most 1 KiB; its handler can read it. */
  readonly reason?: string;
  /** Also all that its handlers enqueued and its end made, and what those did, and so on, whether or not it has ended itself. Default false. */
  readonly descendants?: boolean;
};

/** A task that was enqueued, from here or from elsewhere. */
export interface TaskHandle<Result = unknown> {
  /** The task's id; with it, `client.handle(task, id)` makes another handle, in any process. */
  readonly id: string;
  /** Which handler runs it. */
  readonly name: string;
  /** True when an earlier call had stored the same task, or another task has its unique key: then the handle is that one's. */
  readonly deduplicated: boolean;
  /**
   * What its unique key came to, when another task had it. existing: the handle is that one's. updated: that one, which waits, has taken
   * the call over. replaced: that one, which waited, was cancelled.
   */
  readonly unique: UniqueConflictKind | undefined;
  /** Waits for its end. Rejects with TaskFailedError, TaskCancelledError, TaskExpiredError, ResultTimeoutError, or StemProblem (TASK_UNKNOWN). */
  result(options?: ResultOptions): Promise<Result>;
  /** Reads it as it is now. */
  status(): Promise<TaskStatus>;
  /**
   * What it puts out while it runs, in order: first what is kept, then what comes, each once, also over breaks of the connection. Ends
   * when the task has ended and all was read; to go on another time, give the `from` of what was read last, plus one.
   */
  output(options?: OutputOptions): AsyncIterable<TaskOutput>;
  /** Says why it does not run, or that it does: every cause, out of one read. */
  explain(): Promise<TaskExplanation>;
  /** Asks for its end, and says what really happened. Idempotent. A text is the reason. */
  cancel(request?: string | CancelRequest): Promise<CancelVerdict>;
}

/** What handles need of their client. */
export type HandleDeps = {
  readonly waitForEnd: (taskId: string, options: WaitOptions) => Promise<Task>;
  readonly read: (taskId: string) => Promise<Task>;
  readonly cancel: (taskId: string, request: CancelRequest) => Promise<CancelVerdict>;
  /** Answers of the server, up to the one that says that the task has ended. */
  readonly output: (taskId: string, wish: OutputWish) => AsyncIterable<WatchTaskOutputResponse>;
  readonly explain: (taskId: string) => Promise<TaskExplanation>;
};

/** How a task was stored, as far as its handle shows it. */
export type Stored = { readonly deduplicated: boolean; readonly unique?: UniqueOutcome };

/** The one implementation of TaskHandle; a class because a client may hold a hundred thousand of them. */
export class Handle<Result> implements TaskHandle<Result> {
  readonly #deps: HandleDeps;
  readonly #task: AnyTask<Result>;
  readonly id: string;
  readonly deduplicated: boolean;
  readonly unique: UniqueConflictKind | undefined;

  constructor(deps: HandleDeps, task: AnyTask<Result>, id: string, stored: Stored = { deduplicated: false }) {
    this.#deps = deps;
    this.#task = task;
    this.id = stored.unique?.taskId ?? id;
    this.deduplicated = stored.deduplicated;
    this.unique = stored.unique?.kind;
  }

  get name(): string {
    return this.#task.name;
  }

  async result({ timeoutMs, signal, onProgress }: ResultOptions = {}): Promise<Result> {
    const { codec } = this.#task;
    const task = await this.#deps.waitForEnd(this.id, {
      timeoutMs,
      signal,
      onProgress: onProgress && ((progress) => onProgress(progressFromProto(progress, codec))),
    });
    return resultOf(this.#task, task);
  }

  async status(): Promise<TaskStatus> {
    return taskStatusFromProto(await this.#deps.read(this.id), this.#task.codec);
  }

  async *output(options: OutputOptions = {}): AsyncGenerator<TaskOutput> {
    const { codec } = this.#task;
    for await (const page of this.#deps.output(this.id, outputWishOf(options)))
      yield* outputFromProto(page, codec);
  }

  explain(): Promise<TaskExplanation> {
    return this.#deps.explain(this.id);
  }

  cancel(request: string | CancelRequest = {}): Promise<CancelVerdict> {
    return this.#deps.cancel(this.id, typeof request === "string" ? { reason: request } : request);
  }
}

async function resultOf<Result>(definition: AnyTask<Result>, task: Task): Promise<Result> {
  const state = stateFromProto(task.state);
  if (state === "cancelled") throw new TaskCancelledError(task.id, task.cancel?.reason ?? "");
  if (state === "expired") throw new TaskExpiredError(task.id, stateReasonFromProto(task.stateReason));
  if (state !== "succeeded") {
    const failure = task.failure && failureFromProto(task.failure);
    throw new TaskFailedError(task.id, failure, stateReasonFromProto(task.stateReason));
  }
  // There is none to read; what a definition says of it cannot hold.
  if (task.options?.ignoreResult) return undefined as Result;
  const value = definition.resultCodec.decode(payloadFromProto(task.result));
  // Without a schema the definition's word is taken for it: that is what a type argument is.
  return (await applySchema(definition.resultSchema, value, {
    taskName: definition.name,
    part: "result",
  })) as Result;
}
