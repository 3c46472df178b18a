import { waitingUntil } from "../../model/deadline.ts";
import type { Instant } from "../../model/ids.ts";
import { type EditedTask, isWaiting } from "../../model/task-edit.ts";
import type { EditVerdict, GuardedEdit } from "../../ports/admin-store.ts";
import { type Entry, hashOf } from "./entry.ts";
import { find, makeQueue, moveEntry, type State, spaceOf } from "./state.ts";

/** Writes edits of waiting tasks, one after the other. */
export const edit = (state: State, edits: readonly GuardedEdit[]): readonly EditVerdict[] =>
  edits.map((each) => editOne(state, each));

function editOne(state: State, { ref, revision, edited, now }: GuardedEdit): EditVerdict {
  const entry = find(state, ref);
  if (entry === undefined || entry.head.revision !== revision || !isWaiting(entry.head)) return "conflict";
  const space = spaceOf(state, ref.namespace);
  const queue = space.queues.get(edited.queue) ?? makeQueue(state, space, edited.queue, now);
  if (queue === undefined) return "queue_limit";
  const { content, ...written } = edited;
  if (content !== undefined) {
    // What makes a repeat of the submission a duplicate is what was submitted, and stays.
    entry.contentHash = hashOf(entry);
    entry.content = new Uint8Array(content);
  }
  const wasReady = entry.head.state === "ready";
  moveEntry(state, entry, queue, { ...entry.head, ...written, revision: revision + 1 });
  if (!wasReady || edited.state !== "ready") waitAnew(state, entry, edited.state, now);
  state.log.note(entry.head, "updated", now);
  return "applied";
}

/** One that begins to wait, for its time or for a worker, has waited too long at another time than before. */
function waitAnew(state: State, entry: Entry, waitsAs: EditedTask["state"], now: Instant): void {
  const waitUntil = waitingUntil(entry.head, waitsAs, now);
  if (waitUntil !== undefined) state.waitUntil.set(entry, waitUntil);
}
