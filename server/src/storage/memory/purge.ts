import type { Instant, QueueRef } from "../../model/ids.ts";
import { transition } from "../../model/task-machine.ts";
import { writeChange } from "./apply.ts";
import type { Entry, QueueEntry } from "./entry.ts";
import { findQueue } from "./queues.ts";
import { readyIn, type State } from "./state.ts";

/** What a purge covers: tasks accepted up to this mark, at most so many, at this time. */
export type PurgeBounds = { readonly upTo: number; readonly now: Instant; readonly limit: number };

/** Cancels waiting tasks of a queue. */
export function purge(state: State, ref: QueueRef, { upTo, now, limit }: PurgeBounds): number {
  const queue = findQueue(state, ref);
  if (queue === undefined) return 0;
  // Collected first: what is cancelled moves to another heap under the reader's feet.
  const found: Entry[] = [];
  for (const entry of waiting(state, queue)) {
    if (found.length >= limit) break;
    if (entry.seq <= upTo) found.push(entry);
  }
  for (const entry of found) {
    const change = transition(entry.head, { kind: "purge" }, now);
    if (change) writeChange(state, entry, { change, now, isSettled: false });
  }
  return found.length;
}

/** A mark behind all tasks accepted so far, and how many of this queue wait. */
export function purgeMark(state: State, ref: QueueRef): { readonly upTo: number; readonly waiting: number } {
  const depth = findQueue(state, ref)?.depth;
  return { upTo: state.acceptSeq, waiting: depth ? depth.ready + depth.scheduled : 0 };
}

function* waiting(state: State, queue: QueueEntry): Iterable<Entry> {
  yield* readyIn(state, queue);
  for (const entry of state.scheduled.items()) if (entry.queue === queue) yield entry;
}
