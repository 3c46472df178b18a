/**
 * What the end of a task or of a barrier means in its canvas, as pure decisions. A store tells it in rounds: it hands in what has ended
 * (canvas-end.ts), writes what comes out, and comes back with the barriers that ended by it, all in the transaction of the first end.
 */

import { counted, countedTogether, isAttempted } from "./barrier-state.ts";
import { called } from "./callbacks.ts";
import type { Barrier, KeptMember } from "./canvas.ts";
import type { BarrierId, Instant } from "./ids.ts";
import { membersOf, type NodeEnd } from "./node-end.ts";
import { type Started, startedBy } from "./part-start.ts";
import type { NewTask } from "./task.ts";

/** What a round has made of ends. */
export type Round = {
  readonly tasks: readonly NewTask[];
  readonly barriers: readonly Barrier[];
  /** The members that have ended, to be kept. */
  readonly members: readonly KeptMember[];
  /** Barriers that were there, as they are now. */
  readonly changed: readonly Barrier[];
  /** Those that have ended now: the next round is about them. */
  readonly ended: readonly Barrier[];
};

/**
 * What ends mean. `barriers` has those that the ends are under, where they are there; `isNew` tells whether a member was kept now. Calls
 * it for each member of `membersOf`, once.
 */
export function advance(
  ends: readonly NodeEnd[],
  barriers: ReadonlyMap<BarrierId, Barrier>,
  isNew: (member: KeptMember) => boolean,
  now: Instant,
): Round {
  const known = new Map(barriers);
  const changed = new Set<BarrierId>();
  const started: Started[] = [];
  const members: KeptMember[] = [];
  const ended: Barrier[] = [];
  function change(barrier: Barrier, to: Barrier): void {
    known.set(barrier.id, to);
    changed.add(barrier.id);
    if (barrier.state === "open" && to.state !== "open") ended.push(to);
    if (barrier.attempted !== to.attempted && isAttempted(to))
      started.push({ tasks: called(to, "attempted", now), barriers: [] });
  }
  const besides: NewTask[] = [];
  for (const end of ends) {
    besides.push(...end.besides);
    const above = end.place && known.get(end.place.barrier);
    if (end.place !== undefined && above === undefined) continue;
    const isOpen = above === undefined || above.state === "open";
    if (end.next !== undefined && end.on === "succeeded" && !end.isLast && isOpen)
      started.push(startedBy(end.next, end, now));
    if (above === undefined) continue;
    if (end.on === "attempted") change(above, { ...above, attempted: above.attempted + 1 });
    for (const member of membersOf([end]))
      if (isNew(member)) {
        members.push(member);
        const counting = known.get(member.barrier) ?? above;
        change(counting, counted(counting, { member, end, now }));
      }
  }
  const made = started.flatMap(({ barriers: fresh }) => fresh);
  return {
    tasks: [...started.flatMap(({ tasks }) => tasks), ...besides],
    barriers: made,
    members,
    changed: [...changed].flatMap((id) => known.get(id) ?? []),
    ended: [...ended, ...made.filter(({ state }) => state !== "open")],
  };
}

/** What it means that members of one barrier have succeeded, each at its first attempt, and with nothing behind it. */
export function advanceTogether(
  barrier: Barrier,
  by: number,
  now: Instant,
): { readonly barrier: Barrier; readonly tasks: readonly NewTask[] } {
  const after = countedTogether(barrier, by, now);
  return { barrier: after, tasks: by > 0 && isAttempted(after) ? called(after, "attempted", now) : [] };
}
