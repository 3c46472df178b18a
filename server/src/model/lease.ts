/** A lease that goes on. */

import { type Instant, plus } from "./ids.ts";
import type { Limits } from "./limits.ts";
import type { TaskHead } from "./task.ts";

/** How far a lease is to go on from now, its grace after that. */
export type Extension = {
  readonly now: Instant;
  /** Undefined: as long as the task's policy says, or else `defaultLeaseMs`. */
  readonly leaseMs: number | undefined;
  readonly defaultLeaseMs: number;
  readonly graceMs: number;
};

/**
 * A task after its lease was extended, never beyond its time limit and the grace of that. One that has gone back to ready is leased
 * again: this lease goes on, so its history says nothing new.
 */
export function extended(
  head: TaskHead,
  { now, leaseMs, defaultLeaseMs, graceMs }: Extension,
  { timeLimitGraceMs }: Pick<Limits, "timeLimitGraceMs">,
): TaskHead {
  const { policy, startedAt, leaseUntil } = head;
  const most =
    policy.timeLimitMs === undefined || startedAt === undefined
      ? Number.POSITIVE_INFINITY
      : startedAt + policy.timeLimitMs + timeLimitGraceMs - now;
  const until = plus(now, Math.min((leaseMs ?? policy.leaseMs ?? defaultLeaseMs) + graceMs, most));
  // Only whoever names a length may shorten: a heartbeat leaves a longer extension as it is.
  const isLonger = leaseMs === undefined && leaseUntil !== undefined && leaseUntil > until;
  return { ...head, state: "leased", reason: undefined, leaseUntil: isLonger ? leaseUntil : until };
}
