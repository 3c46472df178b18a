import { isWaiting } from "../../model/task-edit.ts";
import type { EditVerdict, GuardedEdit } from "../../ports/admin-store.ts";
import { hashOf } from "./entry.ts";
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
  moveEntry(state, entry, queue, { ...entry.head, ...written, revision: revision + 1 });
  state.log.note(entry.head, "updated", now);
  return "applied";
}
