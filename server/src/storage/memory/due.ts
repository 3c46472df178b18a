import type { Instant } from "../../model/ids.ts";
import type { TaskHead } from "../../model/task.ts";
import type { Entry } from "./entry.ts";
import type { Heap } from "./heap.ts";
import type { State } from "./state.ts";

/** Scheduled tasks whose time has come, earliest first. */
export const dueTasks = (state: State, now: Instant, limit: number): readonly TaskHead[] =>
  firstOf(state.scheduled, limit, (head) => head.notBefore === undefined || head.notBefore <= now);

/** Leased tasks whose lease is over, earliest first. */
export const expiredLeases = (state: State, now: Instant, limit: number): readonly TaskHead[] =>
  firstOf(state.leased, limit, (head) => head.leaseUntil === undefined || head.leaseUntil < now);

/** Looks at the first items of a heap, in order, by taking them out and putting them back. */
function firstOf(heap: Heap<Entry>, limit: number, isWanted: (head: TaskHead) => boolean): TaskHead[] {
  const taken: Entry[] = [];
  while (taken.length < limit) {
    const entry = heap.first();
    if (entry === undefined || !isWanted(entry.head)) break;
    heap.remove(entry);
    taken.push(entry);
  }
  for (const entry of taken) heap.add(entry);
  return taken.map((entry) => entry.head);
}
