import type { Defaults } from "../model/limits.ts";
import type { KeepNewest } from "../model/retention.ts";
import { type RetryPolicy, usualRetryPolicy } from "../model/retry.ts";
import type { TaskPolicy } from "../model/task.ts";

/**
 * Completes policies from the defaults. Tasks that ask for nothing share one object, and so do neighbours that ask for the same: a
 * thousand tasks of a batch mostly mean one policy.
 */
export function createPolicies(defaults: Defaults): (asked: Partial<TaskPolicy>) => TaskPolicy {
  const standard: TaskPolicy = {
    maxAttempts: defaults.maxAttempts,
    maxDeliveries: defaults.maxDeliveries,
    retry: usualRetryPolicy(defaults),
    leaseMs: undefined,
    retentionMs: defaults.retentionMs,
    deadLetterRetentionMs: defaults.deadLetterRetentionMs,
  };
  let newest = standard;
  let before: { readonly asked: Partial<TaskPolicy>; readonly policy: TaskPolicy } | undefined;

  function complete(asked: Partial<TaskPolicy>): TaskPolicy {
    const usual: TaskPolicy = {
      maxAttempts: asked.maxAttempts ?? standard.maxAttempts,
      maxDeliveries: asked.maxDeliveries ?? standard.maxDeliveries,
      retry: asked.retry ?? standard.retry,
      leaseMs: asked.leaseMs,
      retentionMs: asked.retentionMs ?? standard.retentionMs,
      deadLetterRetentionMs: asked.deadLetterRetentionMs ?? standard.deadLetterRetentionMs,
      unique: asked.unique,
    };
    const policy = ownKeys.some((key) => asked[key] !== undefined && asked[key] !== false)
      ? { ...asked, ...usual }
      : usual;
    if (isSame(policy, standard)) return standard;
    if (!isSame(policy, newest)) newest = policy;
    return newest;
  }

  return (asked) => {
    // Plain tasks all ask with one and the same object.
    if (before === undefined || before.asked !== asked) before = { asked, policy: complete(asked) };
    return before.policy;
  };
}

/** What few tasks ask for, and has no default. */
const ownKeys = [
  "timeLimitMs",
  "softTimeLimitMs",
  "expireMs",
  "startWithinMs",
  "ackEarly",
  "ignoreResult",
  "keepNewest",
  "links",
  "takesInput",
] as const satisfies readonly (keyof TaskPolicy)[];

const isSame = (a: TaskPolicy, b: TaskPolicy): boolean =>
  a.maxAttempts === b.maxAttempts &&
  a.maxDeliveries === b.maxDeliveries &&
  a.leaseMs === b.leaseMs &&
  a.retentionMs === b.retentionMs &&
  a.deadLetterRetentionMs === b.deadLetterRetentionMs &&
  isSameScope(a.unique, b.unique) &&
  isSameRetry(a.retry, b.retry) &&
  isSameBound(a.keepNewest, b.keepNewest) &&
  ownKeys.every((key) => key === "keepNewest" || a[key] === b[key]);

const isSameBound = (a: KeepNewest | undefined, b: KeepNewest | undefined): boolean =>
  a === b || (a?.count === b?.count && a?.bytes === b?.bytes);

const isSameScope = (a: TaskPolicy["unique"], b: TaskPolicy["unique"]): boolean =>
  a === b || (a?.until === b?.until && a?.forMs === b?.forMs && isSameList(a?.keptAfter, b?.keptAfter));

const isSameRetry = (a: RetryPolicy, b: RetryPolicy): boolean =>
  a === b ||
  (a.baseMs === b.baseMs &&
    a.factor === b.factor &&
    a.maxMs === b.maxMs &&
    a.jitter === b.jitter &&
    isSameList(a.delaysMs, b.delaysMs) &&
    isSameList(a.retryFor, b.retryFor) &&
    isSameList(a.neverFor, b.neverFor));

type List = readonly (number | string)[] | undefined;

const isSameList = (a: List, b: List): boolean =>
  a === b || (a !== undefined && a.length === b?.length && a.every((item, at) => item === b[at]));
