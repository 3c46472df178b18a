import { type Instant, instantOf, plus } from "./ids.ts";
import type { TaskPolicy } from "./task.ts";

/** What a task's deadlines are counted from. */
export type Dated = { readonly policy: TaskPolicy; readonly createdAt: Instant };

/** Whether it is too late to start the task at that moment. */
export const isExpired = ({ policy, createdAt }: Dated, at: Instant): boolean =>
  policy.expireMs !== undefined && createdAt + policy.expireMs <= at;

/** The policy of a task that was accepted earlier, with an expiry that is counted from now. */
export const expiringFrom = (now: Instant, { policy, createdAt }: Dated): TaskPolicy =>
  policy.expireMs === undefined ? policy : { ...policy, expireMs: policy.expireMs + now - createdAt };

/**
 * When a task that begins to wait now has waited too long; undefined: never, in whatever state. Only a ready one waits for a
 * worker, and has a time to be taken in; for another one it is told all the same, as far away as can be, so that an earlier one is over.
 */
export function waitingUntil(
  { policy, createdAt }: Dated,
  state: "scheduled" | "ready",
  now: Instant,
): Instant | undefined {
  const { expireMs, startWithinMs } = policy;
  if (expireMs === undefined && startWithinMs === undefined) return undefined;
  const expiry = expireMs === undefined ? Number.POSITIVE_INFINITY : createdAt + expireMs;
  const start =
    startWithinMs === undefined || state === "scheduled" ? Number.POSITIVE_INFINITY : now + startWithinMs;
  const first = Math.min(expiry, start);
  return first === Number.POSITIVE_INFINITY ? farAway : plus(now, first - now);
}

const farAway = instantOf(Number.MAX_SAFE_INTEGER);
