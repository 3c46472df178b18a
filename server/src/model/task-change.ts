/** What transitions write, and how such a change is made. */

import type { TaskEventKind } from "./event.ts";
import { type Bytes, type Instant, plus } from "./ids.ts";
import type { CancelRequest, StateReason, TaskHead, TaskPolicy, TaskState, TerminalState } from "./task.ts";
import { claimEnd } from "./unique.ts";

/**
 * What a transition writes. State, reason (undefined clears it) and attempt are always written; the other fields only where they
 * are defined. The revision rises by one, and a task that is no longer leased has no lease end.
 */
export type TaskChange = {
  readonly state: TaskState;
  readonly reason: StateReason | undefined;
  readonly event: TaskEventKind;
  readonly attempt: number;
  /** Added to the deliveries, which stay at 0 or above: -1 gives one back. */
  readonly deliveriesDelta: 0 | -1;
  /** When a scheduled task becomes ready. */
  readonly notBefore: Instant | undefined;
  readonly endedAt: Instant | undefined;
  readonly purgeAt: Instant | undefined;
  readonly result: Bytes | undefined;
  readonly failure: Bytes | undefined;
  readonly cancel: CancelRequest | undefined;
  /** What few transitions write. */
  readonly more: MoreChange | undefined;
};

/** What few transitions write, apart, so that all others carry one empty field. */
export type MoreChange = {
  /** What the task is run by from here on. */
  readonly policy: TaskPolicy | undefined;
  /** What the next attempt finds. */
  readonly checkpoint: Bytes | undefined;
  /** When the task, which waits from here on, has waited too long. */
  readonly waitUntil: Instant | undefined;
  /** Until when the task's claim of a unique key lasts, whose scope is over. */
  readonly claimUntil: Instant | undefined;
};

/** Of what few transitions write, nothing. */
export const nothingMore: MoreChange = {
  policy: undefined,
  checkpoint: undefined,
  waitUntil: undefined,
  claimUntil: undefined,
};

/** A change that writes only where the task is, and why. */
export function move(
  task: Pick<TaskHead, "attempt">,
  state: TaskState,
  reason: StateReason | undefined,
  event: TaskEventKind,
): TaskChange {
  return {
    state,
    reason,
    event,
    attempt: task.attempt,
    deliveriesDelta: 0,
    notBefore: undefined,
    endedAt: undefined,
    purgeAt: undefined,
    result: undefined,
    failure: undefined,
    cancel: undefined,
    more: undefined,
  };
}

/** How a task ends. */
export type Ending = {
  readonly state: TerminalState;
  readonly reason?: StateReason;
  readonly failure?: Bytes | undefined;
};

/** The end of a task; its record is kept as its policy says. */
export function end(
  task: Pick<TaskHead, "policy" | "attempt">,
  now: Instant,
  { state, reason, failure }: Ending,
): TaskChange {
  return {
    ...move(task, state, reason, state),
    endedAt: now,
    purgeAt: plus(now, retentionOf(task, state)),
    failure,
    more: task.policy.unique && { ...nothingMore, claimUntil: claimEnd(task.policy.unique, now) },
  };
}

function retentionOf({ policy }: Pick<TaskHead, "policy">, state: TerminalState): number {
  const { retentionMs, deadLetterRetentionMs } = policy;
  return state === "failed" ? Math.max(retentionMs, deadLetterRetentionMs) : retentionMs;
}
