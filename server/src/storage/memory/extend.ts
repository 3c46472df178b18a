import { extended } from "../../model/lease.ts";
import type { ExtendRequest, LeaseCheck, LeaseRef } from "../../ports/task-store.ts";
import { lostReason } from "../lost-lease.ts";
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
  replaceHead(state, entry, extended(head, request, state.limits));
  return {
    held: true,
    cancel: head.cancel && { reason: head.cancel.reason, requester: head.cancel.requester },
  };
}
