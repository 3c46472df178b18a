import type { TaskHead } from "../../model/task.ts";
import { headAfter } from "../../model/task-change.ts";
import type { GuardedChange } from "../../ports/task-store.ts";
import { type Ending, noteAttempt } from "./attempts.ts";
import type { Entry } from "./entry.ts";
import { continueAfter, growAfter } from "./owe.ts";
import { releaseKey } from "./release-key.ts";
import { shelve } from "./shelf.ts";
import { find, replaceHead, type State } from "./state.ts";

/** Applies each change whose guard holds. */
export const apply = (state: State, changes: readonly GuardedChange[]): readonly ("applied" | "conflict")[] =>
  changes.map((guarded) => {
    const entry = find(state, guarded.ref);
    if (entry === undefined || !holds(guarded, entry.head)) return "conflict";
    writeChange(state, entry, { change: guarded.change, now: guarded.now, isSettled: false });
    return "applied";
  });

function holds({ revision, leaseUntilBefore }: GuardedChange, head: TaskHead): boolean {
  if (head.revision !== revision) return false;
  return (
    leaseUntilBefore === undefined || (head.leaseUntil !== undefined && head.leaseUntil < leaseUntilBefore)
  );
}

/** Writes a change that was decided, and its event. */
export function writeChange(state: State, entry: Entry, ending: Ending): void {
  const { change, now } = ending;
  noteAttempt(state, entry, ending);
  entry.result = change.result ? new Uint8Array(change.result) : entry.result;
  entry.failure = change.failure ? new Uint8Array(change.failure) : entry.failure;
  entry.checkpoint = change.more?.checkpoint ? new Uint8Array(change.more.checkpoint) : entry.checkpoint;
  replaceHead(state, entry, headAfter(entry.head, change));
  if (change.more?.waitUntil !== undefined) state.waitUntil.set(entry, change.more.waitUntil);
  if (change.more?.claimUntil !== undefined) releaseKey(entry, change.more.claimUntil);
  if (change.more?.keepNewest !== undefined) shelve(state, entry, change.more.keepNewest);
  state.log.note(entry.head, change.event, now);
  if (change.more?.grows !== undefined) growAfter(state, entry, change.more.grows, now);
  const continues = change.more?.continues;
  if (continues !== undefined) continueAfter(state, entry, { change, now, continues });
}
