import { type Instant, plus } from "./ids.ts";
import type { TaskPolicy } from "./task.ts";

/** What a task's deadlines are counted from. */
export type Dated = { readonly policy: TaskPolicy; readonly createdAt: Instant };

/** Whether it is too late to start the task at that moment. */
export const isExpired = ({ policy, createdAt }: Dated, at: Instant): boolean =>
  policy.expireMs !== undefined && createdAt + policy.expireMs <= at;

/**
 * When a task that begins to wait now has waited too long; undefined: never. Only a ready one waits for a worker, and has a time to be
 * taken in.
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
  return first === Number.POSITIVE_INFINITY ? undefined : plus(now, first - now);
}
