import type { TaskRef } from "../model/ids.ts";
import { isTerminal, type TaskHead } from "../model/task.ts";
import { transition } from "../model/task-machine.ts";
import type { AdminStore } from "../ports/admin-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { TaskHints } from "../ports/task-hints.ts";
import type { GuardedChange, TaskStore } from "../ports/task-store.ts";

/** What deleting needs. */
export type DeletingDeps = {
  readonly store: Pick<TaskStore, "apply"> & Pick<AdminStore, "remove">;
  readonly clock: Clock;
  readonly hints: TaskHints;
};

/**
 * Deletes tasks that nobody has, as they were read; answers how many. What waits is cancelled first, so that all that an end brings with
 * it happens; a crash in between leaves a cancelled task, and the call can be repeated.
 */
export async function deleteAtRest(
  { store, clock, hints }: DeletingDeps,
  heads: readonly TaskHead[],
): Promise<number> {
  const now = clock.now();
  const cancels: GuardedChange[] = [];
  const gone: TaskRef[] = [];
  for (const head of heads) {
    const { namespace, id, revision, state } = head;
    const ref = { namespace, id };
    if (isTerminal(state)) gone.push(ref);
    if (isTerminal(state) || state === "leased") continue;
    const change = transition(head, { kind: "cancel", cancel: { reason: "deleted", at: now } }, now);
    if (change) cancels.push({ ref, revision, leaseUntilBefore: undefined, change, now });
  }
  const verdicts = cancels.length > 0 ? await store.apply(cancels) : [];
  for (const [at, { ref }] of cancels.entries()) if (verdicts[at] === "applied") gone.push(ref);
  const removed = gone.length > 0 ? await store.remove(gone, now) : [];
  hints.changed(gone);
  return removed.filter((verdict) => verdict === "removed").length;
}
