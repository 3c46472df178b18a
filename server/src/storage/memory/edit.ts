import { type Refusal, refusalToGrow, refusalToMove } from "../../model/admission.ts";
import { waitingUntil } from "../../model/deadline.ts";
import type { Instant } from "../../model/ids.ts";
import { type EditedTask, isWaiting } from "../../model/task-edit.ts";
import type { EditVerdict, GuardedEdit } from "../../ports/admin-store.ts";
import { type Entry, hashOf, type QueueEntry } from "./entry.ts";
import { openQueue, queueRoom, spaceRoom } from "./rooms.ts";
import { find, moveEntry, type State, spaceOf } from "./state.ts";

/** Writes edits of waiting tasks, one after the other. */
export const edit = (state: State, edits: readonly GuardedEdit[]): readonly EditVerdict[] =>
  edits.map((each) => editOne(state, each));

function editOne(state: State, { ref, revision, edited, now }: GuardedEdit): EditVerdict {
  const entry = find(state, ref);
  if (entry === undefined || entry.head.revision !== revision || !isWaiting(entry.head)) return "conflict";
  const { content, ...written } = edited;
  const moreBytes = content === undefined ? 0 : content.length - entry.content.length;
  const queue =
    refusalToGrow(spaceRoom(state, spaceOf(state, ref.namespace)), moreBytes) ??
    queueFor(state, ref, { edited, now }, entry);
  if ("refused" in queue) return queue;
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

/** Where an edited task goes; one that stays is asked nothing. */
function queueFor(
  state: State,
  { namespace }: GuardedEdit["ref"],
  { edited, now }: Pick<GuardedEdit, "edited" | "now">,
  entry: Entry,
): QueueEntry | Refusal {
  if (edited.queue === entry.queue.name) return entry.queue;
  const space = spaceOf(state, namespace);
  const queue = openQueue(state, space, edited.queue, now);
  return "refused" in queue ? queue : (refusalToMove(spaceRoom(state, space), queueRoom(queue)) ?? queue);
}

/** One that begins to wait, for its time or for a worker, has waited too long at another time than before. */
function waitAnew(state: State, entry: Entry, waitsAs: EditedTask["state"], now: Instant): void {
  const waitUntil = waitingUntil(entry.head, waitsAs, now);
  if (waitUntil !== undefined) state.waitUntil.set(entry, waitUntil);
}
