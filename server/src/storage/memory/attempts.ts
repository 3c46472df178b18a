import { attemptEnd } from "../../model/attempt.ts";
import type { Instant, TaskRef } from "../../model/ids.ts";
import type { TaskChange } from "../../model/task-machine.ts";
import type { AdminStore, ReplayNote } from "../../ports/admin-store.ts";
import type { Entry } from "./entry.ts";
import { find, type State } from "./state.ts";

/** A change that is about to be written, and whether a settlement brought it. */
export type Ending = { readonly change: TaskChange; readonly now: Instant; readonly isSettled: boolean };

/** Notes how an attempt ended that ended badly, before its entry changes. */
export function noteAttempt(state: State, entry: Entry, { change, now, isSettled }: Ending): void {
  const end = attemptEnd(change, isSettled);
  if (end === undefined) return;
  const { startedAt, worker } = entry.head;
  const failure = change.failure && new Uint8Array(change.failure);
  const record = { ...end, startedAt, endedAt: now, worker, failure };
  entry.attempts = [...(entry.attempts ?? []), record].slice(-state.limits.attemptHistoryMax);
}

/** What is told of dead letters besides the tasks themselves. */
export const deadLetterCalls = (
  state: State,
  call: <T>(verb: () => T) => Promise<T>,
): Pick<AdminStore, "readAttempts" | "noteReplays" | "readReplays"> => ({
  readAttempts: (ref) => call(() => find(state, ref)?.attempts ?? []),
  noteReplays: (notes) => call(() => noteReplays(state, notes)),
  readReplays: (refs) => call(() => refs.map((ref: TaskRef) => find(state, ref)?.replay)),
});

function noteReplays(state: State, notes: readonly ReplayNote[]): void {
  for (const { ref, replay } of notes) {
    const entry = find(state, ref);
    if (entry !== undefined) entry.replay = replay;
  }
}
