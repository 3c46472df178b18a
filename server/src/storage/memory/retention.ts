import type { Instant, TaskRef } from "../../model/ids.ts";
import { isOverfull } from "../../model/retention.ts";
import { isTerminal } from "../../model/task.ts";
import type { RetentionVerdict } from "../../ports/retention-store.ts";
import type { Entry } from "./entry.ts";
import { removeEnded } from "./remove.ts";
import { unshelve } from "./shelf.ts";
import { find, type State } from "./state.ts";

/** Removes the oldest of what is kept beyond a bound. */
export function pruneOverfull(state: State, now: Instant, limit: number): number {
  let gone = 0;
  for (const shelf of [...state.shelves.values()])
    for (const entry of [...shelf.entries.keys()]) {
      const { bytes, bound, entries } = shelf;
      if (gone >= limit || !isOverfull({ count: entries.size, bytes }, bound)) break;
      removeEnded(state, entry, now);
      gone += 1;
    }
  return gone;
}

/** Says anew when the record of an ended task goes. */
export function setRetention(state: State, ref: TaskRef, purgeAt: Instant): RetentionVerdict {
  const entry = find(state, ref);
  if (entry === undefined) return "unknown";
  if (!isTerminal(entry.head.state)) return "live";
  keepUntil(state, entry, purgeAt);
  unshelve(state, entry);
  return "set";
}

/** Sets when an ended task goes. */
export function keepUntil(state: State, entry: Entry, purgeAt: Instant): void {
  state.ended.remove(entry);
  entry.head = { ...entry.head, purgeAt };
  state.ended.add(entry);
}
