import type { Instant } from "../../model/ids.ts";
import type { Overdue } from "../../ports/deadline-store.ts";
import { endOverdue } from "./overdue.ts";
import { untilCanvasEnds } from "./owe.ts";
import { removeEnded } from "./remove.ts";
import { keepUntil } from "./retention.ts";
import { pruneRevocations } from "./revoke.ts";
import type { State } from "./state.ts";

/** Removes ended tasks whose time is over, next tombstones whose time is over; at most `limit` of both. */
export function prune(state: State, now: Instant, limit: number): number {
  pruneRevocations(state, now);
  const tasks = pruneTasks(state, now, limit);
  pruneTurns(state);
  return tasks + pruneTombstones(state, now, limit - tasks);
}

/** Forgets the turns of keys that their queue has come beyond: they mean nothing any more. */
function pruneTurns({ spaces }: State): void {
  for (const { queues } of spaces.values())
    for (const { turn, turns } of queues.values())
      for (const [key, { last, weight }] of turns)
        if (weight === 1 && turn !== undefined && last <= turn) turns.delete(key);
}

function pruneTasks(state: State, now: Instant, limit: number): number {
  for (let removed = 0; removed < limit; removed += 1) {
    const entry = state.ended.first();
    if (entry?.head.purgeAt === undefined || entry.head.purgeAt > now) return removed;
    const until = untilCanvasEnds(state, entry, now);
    if (until === undefined) removeEnded(state, entry, now);
    else keepUntil(state, entry, until);
  }
  return limit;
}

function pruneTombstones(state: State, now: Instant, limit: number): number {
  let removed = 0;
  for (const { tombstones } of state.spaces.values()) {
    for (const [id, { until }] of tombstones) {
      if (until > now || removed >= limit) break;
      tombstones.delete(id);
      removed += 1;
    }
  }
  return removed;
}

/** Ends waiting tasks that have waited too long. */
export function expireOverdue(state: State, now: Instant, limit: number): Overdue {
  const due = [...state.waitUntil].filter(([, until]) => until <= now);
  due.sort(([a, untilA], [b, untilB]) => untilA - untilB || a.seq - b.seq);
  const seen = due.slice(0, limit).map(([entry]) => entry);
  const expired = seen.filter((entry) => endOverdue(state, entry, now));
  return { expired: expired.map(({ head: { namespace, id } }) => ({ namespace, id })), seen: seen.length };
}
