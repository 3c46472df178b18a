/**
 * What a handler may throw to say how its attempt ends, and what its AbortSignal may abort with. Anything else that it throws is a
 * failure like any other: the task is tried again as its options say. NonRetryable comes from @stem/sdk.
 */

import type { RetryOptions } from "@stem/sdk";

/** Thrown by a handler, or by `ctx.retry`: try again. Costs an attempt; with none left, the task fails. */
export class RetryError extends Error {
  override readonly name: string = "RetryError";
  /** How long to wait; undefined: by the task's retry policy. */
  readonly delayMs: number | undefined;
  /** When to try again, in place of a delay. */
  readonly notBefore: Date | undefined;
  /** What changes about the task's later attempts. */
  readonly overrides: RetryOverrides | undefined;

  constructor(message = "the handler asked for another attempt", options: RetryErrorOptions = {}) {
    super(message, options);
    this.delayMs = options.delayMs;
    this.notBefore = options.notBefore;
    this.overrides = options.overrides;
  }
}

/** When to try again, and why. */
export type RetryErrorOptions = ErrorOptions & {
  /** Default: by the task's retry policy. Above 10 years it is capped. */
  readonly delayMs?: number;
  /** Not before this instant; the past means at once. Wins over `delayMs`, as it does when a task is enqueued. */
  readonly notBefore?: Date;
  /** What changes about this task from here on; it is kept with the task. */
  readonly overrides?: RetryOverrides;
};

/** What a handler may change about its task's later attempts; what is left out stays as it was. */
export type RetryOverrides = {
  /** In place of the whole retry policy so far. */
  readonly retry?: RetryOptions;
  /** How often the task may be tried in all, this attempt included. */
  readonly maxAttempts?: number;
  /** How long one attempt may run, 1 ms to 24 h. */
  readonly timeLimitMs?: number;
  /** When an attempt is told that it should come to an end, 1 ms to 24 h. */
  readonly softTimeLimitMs?: number;
};

/** Thrown by a handler: this task is refused. It fails for good, with the reason `rejected`. */
export class RejectError extends Error {
  override readonly name: string = "RejectError";
}

/** Why an attempt was told to stop; the reason of the handler's AbortSignal. */
export type StopError = TimeLimitExceeded | TaskCancelled | LeaseLost | WorkerStopping;

/** The attempt has run for longer than its time limit. Its outcome is this failure, whatever the handler still does. */
export class TimeLimitExceeded extends Error {
  override readonly name = "TimeLimitExceeded";
  readonly timeLimitMs: number;

  constructor(timeLimitMs: number) {
    super(`the attempt ran for longer than its time limit of ${timeLimitMs} ms`);
    this.timeLimitMs = timeLimitMs;
  }
}

/** The attempt has run for longer than its soft time limit: it should come to an end. The reason of `ctx.softSignal`. */
export class SoftTimeLimitExceeded extends Error {
  override readonly name = "SoftTimeLimitExceeded";
  readonly softTimeLimitMs: number;

  constructor(softTimeLimitMs: number) {
    super(`the attempt ran for longer than its soft time limit of ${softTimeLimitMs} ms`);
    this.softTimeLimitMs = softTimeLimitMs;
  }
}

/** Somebody wants the task stopped. What the handler then returns still counts; a failure makes it cancelled. */
export class TaskCancelled extends Error {
  override readonly name = "TaskCancelled";
  /** Why, in the words of whoever asked. */
  readonly reason: string;
  /** Who asked, as far as they said so. */
  readonly requester: string | undefined;

  constructor(reason: string, requester?: string) {
    super(reason === "" ? "the task was cancelled" : `the task was cancelled: ${reason}`);
    this.reason = reason;
    this.requester = requester;
  }
}

/** The lease is over, or could not be confirmed in time: another worker may have the task now. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";
  /** True when the server said so; false when the worker could not reach it for 80 % of the lease. */
  readonly confirmed: boolean;

  constructor(confirmed: boolean) {
    super(confirmed ? "the lease is over" : "the lease could not be confirmed in time");
    this.confirmed = confirmed;
  }
}

/** The worker is stopping and its grace is over. The task goes back to its queue when the handler fails. */
export class WorkerStopping extends Error {
  override readonly name = "WorkerStopping";

  constructor() {
    super("the worker is stopping");
  }
}

/** The thread or child process that ran the handler ended before the handler did: it crashed, or was ended by its own code. */
export class RunnerLost extends Error {
  override readonly name = "RunnerLost";

  constructor(cause: unknown, what = "its thread or process ended before the handler did") {
    super(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** The handler's result is beyond what the server takes. The task fails for good. */
export class ResultTooLarge extends Error {
  override readonly name = "ResultTooLarge";

  constructor(bytesMax: number) {
    super(`the result is larger than the server's limit of ${bytesMax} bytes`);
  }
}
