import type { Reason, StemProblem } from "./problem.ts";
import type { TaskState, TaskStateReason } from "./task-state.ts";

/** What user code did wrong in a worker, as data. */
export type Failure = {
  /** The error's class or type name. */
  readonly type: string;
  /** The error's text. */
  readonly message: string;
  /** The error's stack as its language prints it; empty when it has none. */
  readonly stack: string;
  /** True when the handler said that trying again cannot help. */
  readonly nonRetryable: boolean;
  /** True when the server cut the message or the stack. */
  readonly truncated: boolean;
  /** What the type descends from, nearest first; empty where its language has none, or does not say. */
  readonly ancestors: readonly string[];
};

/** The task ended badly, for good. Its `cause` is the remote error, with the remote stack. */
export class TaskFailedError extends Error {
  override readonly name = "TaskFailedError";
  readonly taskId: string;
  /** What the last attempt threw; undefined when none did (its workers died, or its result was too large). */
  readonly failure: Failure | undefined;
  /** Why the task is failed, such as `max_attempts`. */
  readonly stateReason: TaskStateReason | undefined;

  constructor(taskId: string, failure: Failure | undefined, stateReason: TaskStateReason | undefined) {
    const why = failure ? `${failure.type}: ${failure.message}` : (stateReason ?? "no reason given");
    super(`task ${taskId} failed: ${why}`, failure && { cause: remoteError(failure) });
    this.taskId = taskId;
    this.failure = failure;
    this.stateReason = stateReason;
  }
}

function remoteError(failure: Failure): Error {
  const error = new Error(failure.message);
  error.name = failure.type;
  error.stack = failure.stack === "" ? `${failure.type}: ${failure.message}` : failure.stack;
  return error;
}

/** The task was cancelled; there will be no result. */
export class TaskCancelledError extends Error {
  override readonly name = "TaskCancelledError";
  readonly taskId: string;
  /** Why, in the words of whoever asked; empty when they gave none. */
  readonly reason: string;

  constructor(taskId: string, reason: string) {
    super(`task ${taskId} was cancelled${reason === "" ? "" : `: ${reason}`}`);
    this.taskId = taskId;
    this.reason = reason;
  }
}

/** The task was not started in time; there will be no result. */
export class TaskExpiredError extends Error {
  override readonly name = "TaskExpiredError";
  readonly taskId: string;
  /** `start_overdue` when it was ready for too long; undefined when its expiry had come. */
  readonly stateReason: TaskStateReason | undefined;

  constructor(taskId: string, stateReason: TaskStateReason | undefined) {
    super(`task ${taskId} expired before it was started${stateReason ? `: ${stateReason}` : ""}`);
    this.taskId = taskId;
    this.stateReason = stateReason;
  }
}

/** The task had not ended in the time that the caller was willing to wait. It goes on; ask again when you like. */
export class ResultTimeoutError extends Error {
  override readonly name = "ResultTimeoutError";
  readonly taskId: string;
  readonly timeoutMs: number;
  /** The state last seen; undefined when the server did not answer in that time. */
  readonly state: TaskState | undefined;

  constructor(taskId: string, timeoutMs: number, state: TaskState | undefined) {
    super(`task ${taskId} had not ended after ${timeoutMs} ms; it was ${state ?? "not seen"}`);
    this.taskId = taskId;
    this.timeoutMs = timeoutMs;
    this.state = state;
  }
}

/** The client was closed before the call could end. */
export class ClientClosedError extends Error {
  override readonly name = "ClientClosedError";

  constructor() {
    super("the client is closed");
  }
}

/** One call of `enqueueMany` that was not stored. */
export type RefusedCall = {
  /** Its place in the list, from 0. */
  readonly index: number;
  readonly taskId: string;
  readonly problem: StemProblem;
};

/** Some calls of `enqueueMany` were not stored; the others were. */
export class EnqueueManyError extends Error {
  override readonly name = "EnqueueManyError";
  /** The calls that were not stored, in order. */
  readonly refused: readonly RefusedCall[];
  /** The ids of the tasks that were stored, in order. */
  readonly storedIds: readonly string[];

  constructor(refused: readonly RefusedCall[], storedIds: readonly string[]) {
    const reasons = [...new Set<Reason>(refused.map(({ problem }) => problem.reason))].join(", ");
    super(`${refused.length} of ${refused.length + storedIds.length} tasks were not stored: ${reasons}`, {
      cause: refused[0]?.problem,
    });
    this.refused = refused;
    this.storedIds = storedIds;
  }
}
