/** What transitions write, and how such a change is made. */

import type { Growth } from "./canvas.ts";
import type { TaskEventKind } from "./event.ts";
import { type Bytes, type Instant, plus } from "./ids.ts";
import type { KeepNewest } from "./retention.ts";
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
  /** The task, which has ended, counts among those of its name that are bounded so from here on. */
  readonly keepNewest: KeepNewest | undefined;
  /** The task has ended, and what its links name is made now. */
  readonly continues: Continuation | undefined;
  /** What is added to the task's canvas, if that goes on; before anybody hears of the task's end. */
  readonly grows: Growth | undefined;
};

/**
 * What others wait for: an end that makes other tasks, or that a canvas hears of. An effect of the transition, applied in its transaction
 * (model/continuation.ts, model/barrier.ts).
 */
export type Continuation = {
  /** "attempted": it goes on, and its first attempt has ended. */
  readonly on: TerminalState | "attempted";
  /** A result that is handed on and not kept. */
  readonly unkept: Bytes | undefined;
  /** Somebody has asked to cancel it: its success starts nothing. */
  readonly isLast?: boolean | undefined;
};

/** Of what few transitions write, nothing. */
export const nothingMore: MoreChange = {
  policy: undefined,
  checkpoint: undefined,
  waitUntil: undefined,
  claimUntil: undefined,
  keepNewest: undefined,
  continues: undefined,
  grows: undefined,
};

/** A task after a change. */
export const headAfter = (head: TaskHead, change: TaskChange): TaskHead => ({
  ...head,
  policy: change.more?.policy ?? head.policy,
  state: change.state,
  reason: change.reason,
  revision: head.revision + 1,
  attempt: change.attempt,
  deliveries: Math.max(0, head.deliveries + change.deliveriesDelta),
  leaseUntil: change.state === "leased" ? head.leaseUntil : undefined,
  notBefore: change.notBefore ?? head.notBefore,
  endedAt: change.endedAt ?? head.endedAt,
  purgeAt: change.purgeAt ?? head.purgeAt,
  cancel: change.cancel ?? head.cancel,
});

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
  readonly result?: Bytes | undefined;
};

/** The end of a task; its record is kept as its policy says. */
export function end(task: Pick<TaskHead, "policy" | "attempt">, now: Instant, ending: Ending): TaskChange {
  const { state, reason, failure, result } = ending;
  return {
    ...move(task, state, reason, state),
    endedAt: now,
    purgeAt: plus(now, retentionOf(task, state)),
    result: task.policy.ignoreResult ? undefined : result,
    failure,
    more: afterEnd(task.policy, ending, now),
  };
}

/** What the end of a task brings with it: few tasks have any of that. Dead letters are kept by time alone. */
function afterEnd(policy: TaskPolicy, ending: Ending, now: Instant): MoreChange | undefined {
  const continues = continuationOf(policy, ending);
  const keepNewest = ending.state === "failed" ? undefined : policy.keepNewest;
  if (policy.unique === undefined && continues === undefined && keepNewest === undefined) return undefined;
  const claimUntil = policy.unique && claimEnd(policy.unique, now, ending.state);
  return { ...nothingMore, continues, claimUntil, keepNewest };
}

function continuationOf(
  { links, ignoreResult, member }: TaskPolicy,
  { state, result }: Ending,
): Continuation | undefined {
  if (member !== undefined) return { on: state, unkept: ignoreResult ? result : undefined };
  if (links === undefined || (state !== "succeeded" && state !== "failed")) return undefined;
  if (links !== state && links !== "both") return undefined;
  return { on: state, unkept: ignoreResult ? result : undefined };
}

function retentionOf({ policy }: Pick<TaskHead, "policy">, state: TerminalState): number {
  const { retentionMs, deadLetterRetentionMs } = policy;
  return state === "failed" ? Math.max(retentionMs, deadLetterRetentionMs) : retentionMs;
}
