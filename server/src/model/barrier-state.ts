/** How a barrier comes into being, counts its members, and ends. Pure. */

import type { Barrier, BarrierHead, Cause, KeptMember, NewBarrier } from "./canvas.ts";
import { type BarrierId, type Instant, type Namespace, plus } from "./ids.ts";
import type { NodeEnd } from "./node-end.ts";
import type { Lineage } from "./task.ts";

/** A barrier that has come into being. One without members that have not ended has ended already. */
export function opened(barrier: NewBarrier, opening: Opening): Barrier {
  const { namespace, lineage, canvas, now, facts } = opening;
  if (canvas === undefined) throw new Error("a barrier is in no canvas");
  const ended = opening.ended?.get(barrier.id) ?? 0;
  const open: Barrier = {
    ...barrier,
    ...{ namespace, canvas, lineage, createdAt: now, endedAt: undefined },
    ...{ state: "open", ended, unsuccessful: 0, attempted: ended, cause: undefined, hasRest: false },
    canvasFacts: facts,
  };
  return settled(open, now);
}

/** What is said of a barrier that comes into being. */
export type Opening = {
  readonly namespace: Namespace;
  readonly lineage: Lineage;
  readonly canvas: BarrierHead["canvas"] | undefined;
  readonly now: Instant;
  readonly facts?: BarrierHead["canvasFacts"];
  /** How many members of barriers have succeeded before: endedBefore. Of those that are not in it: none. */
  readonly ended?: ReadonlyMap<BarrierId, number> | undefined;
};

/** What is said of all that starts together in a canvas. */
export type WithinCanvas = Omit<Opening, "canvas" | "facts"> & { readonly canvas: BarrierHead["canvas"] };

/** How many members each barrier has that have succeeded before it came into being. */
export function endedBefore(ended: readonly KeptMember[]): ReadonlyMap<BarrierId, number> {
  const counts = new Map<BarrierId, number>();
  for (const { barrier } of ended) counts.set(barrier, (counts.get(barrier) ?? 0) + 1);
  return counts;
}

/** A barrier with so many members more; sealed where it was, or where that is said. */
export const grown = (barrier: Barrier, by: number, now: Instant, isSealed = barrier.isSealed): Barrier =>
  settled({ ...barrier, size: barrier.size + by, isSealed }, now);

/** A barrier that is closed before its members have ended; what is under it is to be swept. */
export const closed = (
  barrier: Barrier,
  { state, cause }: { readonly state: "failed" | "cancelled"; readonly cause: Cause | undefined },
  now: Instant,
): Barrier =>
  barrier.state === "open" ? ends({ ...barrier, cause: barrier.cause ?? cause }, state, now) : barrier;

type Counting = { readonly member: KeptMember; readonly end: NodeEnd; readonly now: Instant };

/** A member that has ended counts, also in a barrier that has. */
export function counted(barrier: Barrier, { member, end, now }: Counting): Barrier {
  const isGood = member.state === "succeeded";
  const isAgain = end.source.kind === "task" && end.place?.step === undefined && end.left.attempt > 1;
  const wasAttempted = isAgain || end.place?.isTried === true;
  const after = {
    ...barrier,
    ended: barrier.ended + 1,
    attempted: barrier.attempted + (wasAttempted ? 0 : 1),
    unsuccessful: barrier.unsuccessful + (isGood ? 0 : 1),
    // What happens after its end has not made it fail.
    cause: isGood || barrier.state !== "open" ? barrier.cause : (barrier.cause ?? end.cause),
  };
  if (barrier.state !== "open") return after;
  if (!isGood && barrier.onMemberFailure === "fail_fast") return ends(after, "failed", now);
  return settled(after, now);
}

/** A barrier that so many members of have succeeded, each at its first attempt: the same as if they were counted one by one. */
export function countedTogether(barrier: Barrier, by: number, now: Instant): Barrier {
  const after = { ...barrier, ended: barrier.ended + by, attempted: barrier.attempted + by };
  return barrier.state === "open" ? settled(after, now) : after;
}

/** Ends a barrier all of whose members have ended. */
function settled(barrier: Barrier, now: Instant): Barrier {
  const { state, isSealed, ended, size, unsuccessful, onMemberFailure } = barrier;
  if (state !== "open" || !isSealed || ended < size) return barrier;
  return ends(barrier, unsuccessful > 0 && onMemberFailure !== "carry_on" ? "failed" : "succeeded", now);
}

function ends(barrier: Barrier, state: "succeeded" | "failed" | "cancelled", now: Instant): Barrier {
  const { canvasFacts, ended, size, isSealed } = barrier;
  return {
    ...barrier,
    state,
    endedAt: now,
    hasRest: ended < size || !isSealed,
    canvasFacts: canvasFacts && { ...canvasFacts, purgeAt: plus(now, canvasFacts.retentionMs) },
  };
}

/** Whether somebody is to hear of a barrier that was made, or has grown: it has ended, or was sealed after each member had been tried. */
export const hasNews = (barrier: Barrier): boolean => barrier.state !== "open" || isAttempted(barrier);

/** All members have been tried that there will ever be. */
export const isAttempted = ({ isSealed, attempted, size }: Barrier): boolean =>
  isSealed && attempted === size;
