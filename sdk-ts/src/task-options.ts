import type { TaskState } from "./task-state.ts";

/** How a task is to be run. What is left out takes the definition's value, then the server's default. */
export type TaskOptions = {
  /** The queue it waits in. Default: "default". A queue comes into being with its first task. */
  readonly queue?: string;
  /**
   * Finds the queue, where the server's routing binds queues to keys. In place of a queue: a call's key replaces the definition's
   * queue, and a call's queue its key.
   */
  readonly routingKey?: string;
  /** 0 (last) to 9 (first). Default 5. */
  readonly priority?: number;
  /** How often it may be tried in all. Default 4. */
  readonly maxAttempts?: number;
  /** How often it may be handed to a worker in all, lost leases included. Default 20. */
  readonly maxDeliveries?: number;
  /** Whether a failed attempt has another, and how long that waits. A call's fields are added to the definition's, one by one. */
  readonly retry?: RetryOptions;
  /** Not before this long after the server accepted it, up to 10 years. A floor: it may start later, never earlier. */
  readonly delayMs?: number;
  /** Not before this instant, up to 10 years ahead; the past means at once. Wins over `delayMs`. */
  readonly notBefore?: Date;
  /** How long one attempt may run, 1 ms to 24 h. Default: no limit. */
  readonly timeLimitMs?: number;
  /** When an attempt is told that it should come to an end (`ctx.softSignal`), 1 ms to 24 h. Default: never. */
  readonly softTimeLimitMs?: number;
  /** It is too late to start this long after the server accepted it, up to 10 years: a task that still waits then is `expired`. */
  readonly expireAfterMs?: number;
  /** It is too late to start at this instant. Wins over `expireAfterMs`. */
  readonly expireAt?: Date;
  /** How long it may be ready, each time, before a worker takes it, 1 ms to 24 h; then it is `expired`. Default: no limit. */
  readonly startWithinMs?: number;
  /**
   * late: it is taken when its attempt has ended, so it starts at least once. early: it is taken when it is handed out, so it starts at most
   * once, and fails when its worker falls silent. Default late.
   */
  readonly ack?: "late" | "early";
  /** Its result is not kept; `result()` resolves with undefined. Default false. */
  readonly ignoreResult?: boolean;
  /** How long a worker holds it without a heartbeat, 1 s to 1 h. Default: the server's, 20 s. */
  readonly leaseMs?: number;
  /** How long the task and its result are kept after its end, up to 10 years. Default 24 h. */
  readonly resultRetentionMs?: number;
  /**
   * How many ended tasks of its name are kept, those among them that say so, dead letters not; what the last one to end says is in force.
   * Beyond it the oldest go, within a second or so. `{}`: no bound. Default: none.
   */
  readonly keepNewest?: { readonly count?: number; readonly bytes?: number };
  /** At most one task with its key at a time; `true`: the key is made of name, queue and arguments. Default `false`: no limit. */
  readonly unique?: boolean | UniqueOptions;
  /** The key whose limits it obeys, such as a tenant or a remote system; at most 255 printable characters without spaces. Empty: none. */
  readonly limitKey?: string;
  /** Tasks of a queue with the same key run one after the other, in the order of acceptance, retries included. */
  readonly orderingKey?: string;
  /** Keys of a queue take turns, whatever each has waiting. */
  readonly fairnessKey?: string;
  /** What the worker must be like that gets it, such as `{ gpu: "yes" }`; at most 16. A call's are added to the definition's. */
  readonly requiredLabels?: Readonly<Record<string, string>>;
  /** Data for the handler and its tools, lower-case keys. A call's headers are added to the definition's, key by key. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Words to find it by, at most 16. A call's tags are added to the definition's. */
  readonly tags?: readonly string[];
  /**
   * Notes for whoever looks at the task, lower-case keys; at most 32 of up to 1 KiB. Shown with it, can be changed while it waits, never acted
   * upon. A call's are added to the definition's, key by key. Not part of the task's identity.
   */
  readonly metadata?: Readonly<Record<string, string>>;
};

/** A key that the task claims, so that no second one with it is made until it has ended. */
export type UniqueOptions = {
  /** The key, over all names and queues. Default: made of the task's name, its queue, and its arguments. */
  readonly key?: string;
  /** Makes the key of these parts of the arguments only: JSON Pointers, such as `/0/customer` for the first argument's customer. */
  readonly argPaths?: readonly string[];
  /** Until when it is claimed: the task's end, or its first start, so that one waits while another runs. Default "ended". */
  readonly until?: "ended" | "started";
  /**
   * The states in which it is claimed, for whoever would rather list them: "scheduled" and "ready" (until its first start); with "leased",
   * until its end; with ends, also after those, for `uniqueForMs`, or without that as long as its record is kept. With a gap it is refused.
   */
  readonly states?: readonly TaskState[];
  /** How much longer it is claimed, counted from then; with `states`, after the ends that they name. */
  readonly uniqueForMs?: number;
  /** At least how long it is claimed, counted from when the task was accepted: one task a window. */
  readonly windowMs?: number;
  /**
   * What a second task comes to. return: the handle is the first one's. reject: StemProblem UNIQUE_TAKEN. replace: it takes the place of
   * the first, which is cancelled, while that waits. Default "return".
   */
  readonly onConflict?: "return" | "reject" | "replace";
  /** The last wins: later tasks take over the one that waits, which starts `delayMs` after the last, `maxWaitMs` after the first at most. */
  readonly debounce?: { readonly delayMs: number; readonly maxWaitMs?: number };
};

/**
 * Whether a failed attempt has another, and how long that waits: min(maxDelayMs, baseDelayMs × factor ^ (attempt - 1)), or its place in
 * `delaysMs`; then jitter.
 */
export type RetryOptions = {
  /** Delay before the second attempt. Default 2 s. */
  readonly baseDelayMs?: number;
  /** Growth per attempt; 1 means a fixed delay. Default 2. */
  readonly factor?: number;
  /** Upper bound of the delay. Default 5 min. */
  readonly maxDelayMs?: number;
  /** full: anything between zero and the computed delay. none: exactly that. Default full; with `delaysMs` none. */
  readonly jitter?: "full" | "none";
  /** In place of a growing delay, one for each attempt; the last one for all that follow. At most 100. */
  readonly delaysMs?: readonly number[];
  /**
   * Only these errors are tried again; all others end the task. A class or a name means that type and all that descend from it;
   * "http.*" means "http" and all that begins with "http.", "Http*" all that begins with "Http". At most 32; none: all errors.
   */
  readonly retryFor?: readonly ErrorType[];
  /** These errors are never tried again, whatever `retryFor` says. At most 32. */
  readonly neverFor?: readonly ErrorType[];
};

/** A class of errors, or its name where that class is not at hand. */
export type ErrorType = string | (abstract new (...args: never[]) => Error);

/** What one call says beyond its arguments; `Result` is what its task returns. */
export type EnqueueOptions<Result = never> = TaskOptions & {
  /** The task's id. Default: a new UUIDv7. The same id with the same content is stored once; with other content it is TASK_EXISTS. */
  readonly id?: string;
  /** W3C trace context to hand to the worker. Not part of the task's identity. */
  readonly trace?: { readonly traceparent: string; readonly tracestate?: string };
  /** The task that this one comes from; `ctx.enqueue` says its own. Not part of the task's identity. */
  readonly parentId?: string;
  /** The first of all its ancestors. Default: its parent. */
  readonly rootId?: string;
  /**
   * What follows when it has succeeded, made in the transaction in which it ends: `next.call(args)`, or `withInput(next, args)`, which is
   * handed the result. At most 16.
   */
  readonly link?: readonly LinkCall<HandedOn<Result>>[];
  /** What follows when it has failed for good: `withInput` hands it a ParentFailure. Not when it was cancelled, or expired. At most 16. */
  readonly linkError?: readonly LinkCall<ParentFailure>[];
};

/** A call that follows another task: `task.call(args)` as it is, `withInput(task, args)` with what that left. */
export type LinkCall<Input = never> = {
  readonly task: { readonly name: string };
  readonly args: object;
  /** An id holds for the task as ever; without one it has an id that follows from that of the other task. */
  readonly options: EnqueueOptions | undefined;
  /** Given: it is handed what the other task left, as this member of its arguments, or as their last. */
  readonly input?: { readonly as: string | undefined; takes?(input: Input): void } | undefined;
};

/** What a result is to the task that is handed it: nothing is null, and what nobody has typed fits all. */
export type HandedOn<Result> = unknown extends Result
  ? never
  : [Result] extends [never]
    ? never
    : // biome-ignore lint/suspicious/noConfusingVoidType: what a task without a result leaves
      [Result] extends [void]
      ? null
      : undefined extends Result
        ? Exclude<Result, undefined> | null
        : Result;

/** Why a task has failed for good, as the tasks that follow it are told. */
export type ParentFailure = {
  readonly taskId: string;
  readonly taskName: string;
  /** The number of its last attempt, from 1. */
  readonly attempt: number;
  /** Why it was given up, such as "max_attempts". */
  readonly reason: string;
  /** What its last attempt threw; not there where none has said. */
  readonly failure?: {
    readonly type: string;
    readonly message: string;
    readonly stack: string;
    readonly ancestors: readonly string[];
  };
};

/** The options in force for one call: the call's over the definition's, field by field. Undefined is the same as left out. */
export function mergeOptions(defined: TaskOptions, call: EnqueueOptions | undefined): EnqueueOptions {
  if (call === undefined || saysNothing(call)) return defined;
  const merged: EnqueueOptions = { ...defined, ...said(call) };
  return {
    ...onePlace(withoutInstants(merged, call), call),
    ...(defined.retry && call.retry && { retry: mergeRetry(defined.retry, call.retry) }),
    ...(defined.headers && call.headers && { headers: { ...defined.headers, ...call.headers } }),
    ...(defined.metadata && call.metadata && { metadata: { ...defined.metadata, ...call.metadata } }),
    ...(defined.requiredLabels &&
      call.requiredLabels && { requiredLabels: { ...defined.requiredLabels, ...call.requiredLabels } }),
    ...(defined.tags && call.tags && { tags: [...new Set([...defined.tags, ...call.tags])] }),
  };
}

/** Whether there is no option at all, as with most of the many members of a canvas. */
export function saysNothing(options: TaskOptions): boolean {
  for (const _ in options) return false;
  return true;
}

// Not every compiler tells `priority: undefined` from nothing, and JavaScript never does.
const said = <T extends object>(options: T): T =>
  Object.values(options).some((value) => value === undefined)
    ? (Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T)
    : options;

// Queue and routing key are one choice, too; a call that gives both is for the server to refuse.
function onePlace(merged: EnqueueOptions, { queue, routingKey }: EnqueueOptions): EnqueueOptions {
  if (merged.queue === undefined || merged.routingKey === undefined) return merged;
  if ((queue === undefined) === (routingKey === undefined)) return merged;
  const { queue: _, routingKey: __, ...rest } = merged;
  return queue === undefined ? { ...rest, routingKey: merged.routingKey } : { ...rest, queue };
}

/** A list of delays and a growing delay are one choice: what the call says of one replaces the other. */
function mergeRetry(defined: RetryOptions, call: RetryOptions): RetryOptions {
  const own = said(call);
  const { delaysMs, baseDelayMs: _, factor: __, maxDelayMs: ___, ...rest } = defined;
  if (own.delaysMs !== undefined) return { ...rest, ...own };
  const isGrowing = own.baseDelayMs !== undefined || own.factor !== undefined || own.maxDelayMs !== undefined;
  return delaysMs && isGrowing ? { ...rest, ...own } : { ...defined, ...own };
}

// A call's delay replaces the definition's instant: the two are one choice. So with when it expires.
function withoutInstants(merged: EnqueueOptions, call: EnqueueOptions): EnqueueOptions {
  const { notBefore, expireAt, ...rest } = merged;
  return {
    ...rest,
    ...(notBefore && (call.delayMs === undefined || call.notBefore) && { notBefore }),
    ...(expireAt && (call.expireAfterMs === undefined || call.expireAt) && { expireAt }),
  };
}
