import type { Defaults } from "../model/limits.ts";
import type { TaskPolicy } from "../model/task.ts";

/**
 * Completes policies from the defaults. Tasks that ask for nothing share one object, and so do neighbours that ask for the same: a
 * thousand tasks of a batch mostly mean one policy.
 */
export function createPolicies(defaults: Defaults): (asked: Partial<TaskPolicy>) => TaskPolicy {
  const standard: TaskPolicy = {
    maxAttempts: defaults.maxAttempts,
    maxDeliveries: defaults.maxDeliveries,
    retry: {
      baseMs: defaults.retryBaseMs,
      factor: defaults.retryFactor,
      maxMs: defaults.retryMaxMs,
      jitter: "full",
    },
    leaseMs: undefined,
    retentionMs: defaults.retentionMs,
    deadLetterRetentionMs: defaults.deadLetterRetentionMs,
  };
  let newest = standard;

  return (asked) => {
    const policy: TaskPolicy = {
      maxAttempts: asked.maxAttempts ?? standard.maxAttempts,
      maxDeliveries: asked.maxDeliveries ?? standard.maxDeliveries,
      retry: asked.retry ?? standard.retry,
      leaseMs: asked.leaseMs,
      retentionMs: asked.retentionMs ?? standard.retentionMs,
      deadLetterRetentionMs: asked.deadLetterRetentionMs ?? standard.deadLetterRetentionMs,
      unique: asked.unique,
    };
    if (isSame(policy, standard)) return standard;
    if (!isSame(policy, newest)) newest = policy;
    return newest;
  };
}

const isSame = (a: TaskPolicy, b: TaskPolicy): boolean =>
  a.maxAttempts === b.maxAttempts &&
  a.maxDeliveries === b.maxDeliveries &&
  a.leaseMs === b.leaseMs &&
  a.retentionMs === b.retentionMs &&
  a.deadLetterRetentionMs === b.deadLetterRetentionMs &&
  isSameScope(a.unique, b.unique) &&
  isSameRetry(a.retry, b.retry);

const isSameRetry = (a: TaskPolicy["retry"], b: TaskPolicy["retry"]): boolean =>
  a === b || (a.baseMs === b.baseMs && a.factor === b.factor && a.maxMs === b.maxMs && a.jitter === b.jitter);

const isSameScope = (a: TaskPolicy["unique"], b: TaskPolicy["unique"]): boolean =>
  a === b || (a?.until === b?.until && a?.forMs === b?.forMs);
