/**
 * The life of a task as pure decisions: (task, event, now) → change, or undefined where the event means nothing in that state.
 * Drawn in docs/life-of-a-task.md. Stores apply what is decided here under a guard, and never decide.
 */

import type { Growth } from "./canvas.ts";
import { isExpired, waitingUntil } from "./deadline.ts";
import { triedInPlace } from "./growth.ts";
import { type Bytes, type Instant, plus } from "./ids.ts";
import { defaults, limits } from "./limits.ts";
import type { Outcome } from "./outcome.ts";
import { isRetried, retryDelayMs } from "./retry.ts";
import { type CancelRequest, isTerminal, type TaskHead, type TaskPolicy } from "./task.ts";
import { type Continuation, end, move, nothingMore, type TaskChange } from "./task-change.ts";

export type { Continuation, MoreChange, TaskChange } from "./task-change.ts";

/** What a decision about the end of a lease needs; a claim returns it, so that settling need not read. */
export type LeaseHead = Pick<TaskHead, "policy" | "attempt" | "deliveries" | "createdAt">;

/** What can happen to a task besides being claimed and settled. */
export type TaskTrigger =
  | { readonly kind: "due" }
  /** `neverArrived`: its worker promised to say so before it begins a task, and did not. */
  | { readonly kind: "lease_expired"; readonly neverArrived?: boolean }
  /** It has waited too long, as `waitUntil` said. */
  | { readonly kind: "overdue" }
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
  const outcomeNow = leaving(decideOutcome(lease, outcome, now, chance), outcome);
  const decided = waiting(lease, attempted(lease, outcomeNow), now);
  // A handler that succeeds in spite of the request has done its work, and the truth is that it did.
  const ifCancelRequested =
    decided.state === "succeeded" && outcome.kind !== "replaced"
      ? endingThere(decided, lease.policy)
      : end(lease, now, { state: "cancelled", reason: "cancel_requested", failure: failureOf(outcome) });
  return { outcome: decided, ifCancelRequested };
}

/** Decides everything else. Undefined: the event means nothing in this state. */
export function transition(task: TaskHead, trigger: TaskTrigger, now: Instant): TaskChange | undefined {
  switch (trigger.kind) {
    case "due":
      return task.state === "scheduled"
        ? waiting(task, move(task, "ready", undefined, "became_ready"), now)
        : undefined;
    case "lease_expired":
      return task.state === "leased"
        ? waiting(task, decideExpiry(task, trigger.neverArrived ?? false, now), now)
        : undefined;
    case "overdue":
      return task.state === "scheduled" || task.state === "ready" ? expire(task, now) : undefined;
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
      return growing(end(lease, now, { state: "succeeded", result: outcome.result }), outcome.growth);
    case "replaced":
      return replaced(lease, outcome.growth, now);
    case "failed":
      if (outcome.nonRetryable || !isRetried(lease.policy.retry, outcome.types ?? noTypes))
        return end(lease, now, { state: "failed", reason: "non_retryable", failure: outcome.failure });
      return nextAttempt(lease, {
        now,
        delayMs: outcome.delayMs ?? retryDelayMs(lease.policy.retry, lease.attempt, chance),
        failure: outcome.failure,
      });
    case "retry":
      return decideRetry(lease, outcome, now, chance);
    case "released":
      if (lease.policy.ackEarly && !outcome.unstarted) return failOnce(lease, now, undefined);
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

/** What a success adds to its canvas, where it adds anything. */
const growing = (change: TaskChange, grows: Growth | undefined): TaskChange =>
  grows === undefined ? change : { ...change, more: { ...(change.more ?? nothingMore), grows } };

/**
 * Its canvas does not hear of its end, but of that of what takes its place; and that its first attempt has ended, where it wants to know
 * and has not heard so before.
 */
function replaced(lease: LeaseHead, growth: Growth, now: Instant): TaskChange {
  const change = end(lease, now, { state: "succeeded", reason: "replaced" });
  const isTold = lease.policy.member === "attempts";
  const continues = isTold && lease.attempt === 1 ? firstAttempt : undefined;
  const grows = isTold ? triedInPlace(growth) : growth;
  return { ...change, more: { ...(change.more ?? nothingMore), continues, grows } };
}

const firstAttempt: Continuation = { on: "attempted", unkept: undefined };

/** The same end, and nothing after it: who cancels a task wants no more of it. A canvas hears of it all the same. */
function endingThere(change: TaskChange, { member }: TaskPolicy): TaskChange {
  const continues = change.more?.continues;
  if (continues === undefined) return change;
  const told = member === undefined ? undefined : { ...continues, isLast: true };
  return { ...change, more: { ...(change.more ?? nothingMore), continues: told, grows: undefined } };
}

/** What the handler changes holds for this decision already. */
function decideRetry(
  lease: LeaseHead,
  { delayMs, notBefore, failure, overrides }: Extract<Outcome, { kind: "retry" }>,
  now: Instant,
  chance: number,
): TaskChange {
  const policy = overrides && { ...lease.policy, ...overrides };
  const changed = policy ? { ...lease, policy } : lease;
  const untilMs = notBefore === undefined ? undefined : notBefore - now;
  const decided = nextAttempt(changed, {
    now,
    delayMs: untilMs ?? delayMs ?? retryDelayMs(changed.policy.retry, lease.attempt, chance),
    failure,
  });
  return policy ? { ...decided, more: { ...(decided.more ?? nothingMore), policy } } : decided;
}

/** Where its canvas wants to know, it hears that the first attempt has ended, also by the task's end. */
function attempted(lease: LeaseHead, change: TaskChange): TaskChange {
  if (lease.policy.member !== "attempts" || lease.attempt !== 1 || change.attempt === 1) return change;
  return {
    ...change,
    more: { ...(change.more ?? nothingMore), continues: firstAttempt },
  };
}

/** What an attempt leaves for the next one, where there is a next one. */
function leaving(change: TaskChange, outcome: Outcome): TaskChange {
  const checkpoint = "checkpoint" in outcome ? outcome.checkpoint : undefined;
  if (checkpoint === undefined || isTerminal(change.state)) return change;
  return { ...change, more: { ...(change.more ?? nothingMore), checkpoint } };
}

/** A task that goes on waiting until when? Where its expiry has come, or will have come before it can start, it has ended. */
function waiting(task: LeaseHead, change: TaskChange, now: Instant): TaskChange {
  if (change.state !== "ready" && change.state !== "scheduled") return change;
  const policy = change.more?.policy ?? task.policy;
  if (isExpired({ ...task, policy }, change.notBefore ?? now))
    return end(task, now, { state: "expired", failure: change.failure });
  const waitUntil = waitingUntil({ ...task, policy }, change.state, now);
  return waitUntil === undefined
    ? change
    : { ...change, more: { ...(change.more ?? nothingMore), waitUntil } };
}

/** Its expiry has come; or, if not that, nobody took it in time. */
const expire = (task: LeaseHead, now: Instant): TaskChange =>
  end(task, now, isExpired(task, now) ? { state: "expired" } : { state: "expired", reason: "start_overdue" });

const failOnce = (lease: LeaseHead, now: Instant, failure: Bytes | undefined): TaskChange =>
  end(lease, now, { state: "failed", reason: "at_most_once", failure });

function nextAttempt(
  lease: LeaseHead,
  again: { readonly now: Instant; readonly delayMs: number; readonly failure: Bytes | undefined },
): TaskChange {
  const { now, delayMs, failure } = again;
  if (lease.policy.ackEarly) return failOnce(lease, now, failure);
  if (lease.attempt >= lease.policy.maxAttempts)
    return end(lease, now, { state: "failed", reason: "max_attempts", failure });
  if (lease.deliveries >= lease.policy.maxDeliveries)
    return end(lease, now, { state: "failed", reason: "max_deliveries", failure });
  const next = { ...lease, attempt: lease.attempt + 1 };
  if (delayMs <= 0) return { ...move(next, "ready", "backoff", "retried"), failure };
  const notBefore = plus(now, Math.min(delayMs, limits.delayMsMax));
  return { ...move(next, "scheduled", "backoff", "retried"), notBefore, failure };
}

function endWaiting(task: TaskHead, now: Instant, reason: "purged" | "replaced"): TaskChange | undefined {
  return task.state === "scheduled" || task.state === "ready"
    ? end(task, now, { state: "cancelled", reason })
    : undefined;
}

function decideExpiry(task: TaskHead, neverArrived: boolean, now: Instant): TaskChange {
  if (task.cancel) return end(task, now, { state: "cancelled", reason: "cancel_requested" });
  if (neverArrived) return { ...move(task, "ready", "lease_expired", "lease_expired"), deliveriesDelta: -1 };
  if (task.policy.ackEarly) return end(task, now, { state: "failed", reason: "worker_lost" });
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

const noTypes: readonly string[] = [];

const failureOf = (outcome: Outcome): Bytes | undefined =>
  "failure" in outcome ? outcome.failure : undefined;
