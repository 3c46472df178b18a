/**
 * The life of a task as pure decisions: (task, event, now) → change, or undefined where the event means nothing in that state.
 * Drawn in docs/life-of-a-task.md. Stores apply what is decided here under a guard, and never decide.
 */

import type { TaskEventKind } from "./event.ts";
import { type Bytes, type Instant, plus } from "./ids.ts";
import { defaults, limits } from "./limits.ts";
import type { Outcome } from "./outcome.ts";
import { retryDelayMs } from "./retry.ts";
import {
  type CancelRequest,
  isTerminal,
  type StateReason,
  type TaskHead,
  type TaskState,
  type TerminalState,
} from "./task.ts";
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
  /** Until when the task's claim of a unique key lasts, whose scope is over. */
  readonly claimUntil: Instant | undefined;
};

/** What a decision about the end of a lease needs; a claim returns it, so that settling need not read. */
export type LeaseHead = Pick<TaskHead, "policy" | "attempt" | "deliveries">;

/** What can happen to a task besides being claimed and settled. */
export type TaskTrigger =
  | { readonly kind: "due" }
  /** `neverArrived`: its worker promised to say so before it begins a task, and did not. */
  | { readonly kind: "lease_expired"; readonly neverArrived?: boolean }
  | { readonly kind: "cancel"; readonly cancel: CancelRequest }
  | { readonly kind: "purge" }
  /** Another task with its unique key takes its place. */
  | { readonly kind: "replace" };

/** The two decisions a settlement carries; the store picks by whether a cancel was requested meanwhile. */
export type SettleDecision = { readonly outcome: TaskChange; readonly ifCancelRequested: TaskChange };

/** Decides a settlement. `chance` in [0, 1) spreads the back-off. */
export function decideSettle(
  lease: LeaseHead,
  outcome: Outcome,
  now: Instant,
  chance: number,
): SettleDecision {
  const decided = decideOutcome(lease, outcome, now, chance);
  // A handler that succeeds in spite of the request has done its work, and the truth is that it did.
  const ifCancelRequested =
    decided.state === "succeeded"
      ? decided
      : end(lease, now, { state: "cancelled", reason: "cancel_requested", failure: failureOf(outcome) });
  return { outcome: decided, ifCancelRequested };
}

/** Decides everything else. Undefined: the event means nothing in this state. */
export function transition(task: TaskHead, trigger: TaskTrigger, now: Instant): TaskChange | undefined {
  switch (trigger.kind) {
    case "due":
      return task.state === "scheduled" ? move(task, "ready", undefined, "became_ready") : undefined;
    case "lease_expired":
      return task.state === "leased" ? decideExpiry(task, trigger.neverArrived ?? false, now) : undefined;
    case "purge":
      return endWaiting(task, now, "purged");
    case "replace":
      return endWaiting(task, now, "replaced");
    case "cancel":
      return decideCancel(task, trigger.cancel, now);
  }
}

function decideOutcome(lease: LeaseHead, outcome: Outcome, now: Instant, chance: number): TaskChange {
  switch (outcome.kind) {
    case "succeeded":
      return { ...end(lease, now, { state: "succeeded" }), result: outcome.result };
    case "failed":
      if (outcome.nonRetryable)
        return end(lease, now, { state: "failed", reason: "non_retryable", failure: outcome.failure });
      return nextAttempt(lease, {
        now,
        delayMs: retryDelayMs(lease.policy.retry, lease.attempt, chance),
        failure: outcome.failure,
      });
    case "retry": {
      const asked = outcome.delayMs ?? retryDelayMs(lease.policy.retry, lease.attempt, chance);
      return nextAttempt(lease, {
        now,
        delayMs: Math.min(asked, limits.delayMsMax),
        failure: outcome.failure,
      });
    }
    case "released":
      return { ...move(lease, "ready", "released", "released"), deliveriesDelta: -1 };
    case "rejected":
      return end(lease, now, { state: "failed", reason: "rejected", failure: outcome.failure });
    case "result_too_large":
      return end(lease, now, { state: "failed", reason: "result_too_large", failure: outcome.failure });
    case "unknown_name":
      if (lease.deliveries >= lease.policy.maxDeliveries)
        return end(lease, now, { state: "failed", reason: "max_deliveries" });
      return {
        ...move(lease, "scheduled", "unknown_name", "retried"),
        notBefore: plus(now, defaults.unknownNameDelayMs),
      };
  }
}

function nextAttempt(
  lease: LeaseHead,
  again: { readonly now: Instant; readonly delayMs: number; readonly failure: Bytes | undefined },
): TaskChange {
  const { now, delayMs, failure } = again;
  if (lease.attempt >= lease.policy.maxAttempts)
    return end(lease, now, { state: "failed", reason: "max_attempts", failure });
  if (lease.deliveries >= lease.policy.maxDeliveries)
    return end(lease, now, { state: "failed", reason: "max_deliveries", failure });
  const next = { ...lease, attempt: lease.attempt + 1 };
  if (delayMs <= 0) return { ...move(next, "ready", "backoff", "retried"), failure };
  return { ...move(next, "scheduled", "backoff", "retried"), notBefore: plus(now, delayMs), failure };
}

function endWaiting(task: TaskHead, now: Instant, reason: "purged" | "replaced"): TaskChange | undefined {
  return task.state === "scheduled" || task.state === "ready"
    ? end(task, now, { state: "cancelled", reason })
    : undefined;
}

function decideExpiry(task: TaskHead, neverArrived: boolean, now: Instant): TaskChange {
  if (task.cancel) return end(task, now, { state: "cancelled", reason: "cancel_requested" });
  if (neverArrived) return { ...move(task, "ready", "lease_expired", "lease_expired"), deliveriesDelta: -1 };
  if (task.deliveries >= task.policy.maxDeliveries)
    return end(task, now, { state: "failed", reason: "max_deliveries" });
  return move(task, "ready", "lease_expired", "lease_expired");
}

function decideCancel(task: TaskHead, cancel: CancelRequest, now: Instant): TaskChange | undefined {
  if (isTerminal(task.state)) return undefined;
  if (task.state !== "leased")
    return { ...end(task, now, { state: "cancelled", reason: "cancel_requested" }), cancel };
  // Asked once is asked: the first reason stands, and a repeat changes nothing.
  return task.cancel ? undefined : { ...move(task, "leased", task.reason, "cancel_requested"), cancel };
}

function move(
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
type Ending = {
  readonly state: TerminalState;
  readonly reason?: StateReason;
  readonly failure?: Bytes | undefined;
};

function end(task: LeaseHead, now: Instant, { state, reason, failure }: Ending): TaskChange {
  return {
    ...move(task, state, reason, state),
    endedAt: now,
    purgeAt: plus(now, retentionOf(task, state)),
    failure,
    more: task.policy.unique && { claimUntil: claimEnd(task.policy.unique, now) },
  };
}

function retentionOf({ policy }: LeaseHead, state: TerminalState): number {
  const { retentionMs, deadLetterRetentionMs } = policy;
  return state === "failed" ? Math.max(retentionMs, deadLetterRetentionMs) : retentionMs;
}

const failureOf = (outcome: Outcome): Bytes | undefined =>
  "failure" in outcome ? outcome.failure : undefined;
