import { plus } from "../../model/ids.ts";
import type { ExtendRequest, LeaseCheck, LeaseRef } from "../../ports/task-store.ts";
import { lostReason } from "./lease.ts";
import { find, replaceHead, type State } from "./state.ts";

/** Moves the ends of leases that are still open. */
export const extend = (state: State, request: ExtendRequest): readonly LeaseCheck[] =>
  request.leases.map((lease) => extendOne(state, lease, request));

function extendOne(state: State, lease: LeaseRef, request: ExtendRequest): LeaseCheck {
  const entry = find(state, lease);
  const why = lostReason(entry, lease.fence);
  if (entry === undefined || why !== undefined) {
    return { held: false, state: entry?.head.state, why: why ?? "task_unknown" };
  }
  const { head } = entry;
  const leaseMs = request.leaseMs ?? head.policy.leaseMs ?? request.defaultLeaseMs;
  const { timeLimitMs } = head.policy;
  const most =
    timeLimitMs === undefined || head.startedAt === undefined
      ? Number.POSITIVE_INFINITY
      : head.startedAt + timeLimitMs + state.limits.timeLimitGraceMs - request.now;
  const until = plus(request.now, Math.min(leaseMs + request.graceMs, most));
  // Only whoever names a length may shorten: a heartbeat leaves a longer extension as it is.
  const isLonger = request.leaseMs === undefined && head.leaseUntil !== undefined && head.leaseUntil > until;
  replaceHead(state, entry, {
    ...head,
    // It may have gone back to ready: this lease goes on, so its history says nothing new.
    state: "leased",
    reason: undefined,
    leaseUntil: isLonger ? head.leaseUntil : until,
  });
  return {
    held: true,
    cancel: head.cancel && { reason: head.cancel.reason, requester: head.cancel.requester },
  };
}
