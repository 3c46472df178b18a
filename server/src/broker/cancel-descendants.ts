/** Cancels what descends from a task: what its handlers enqueued and its ends made, and what those did, and so on. */

import type { TaskId, TaskRef } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import type { CancelMessage, TaskHead } from "../model/task.ts";
import type { TaskStore } from "../ports/task-store.ts";
import { type CancelMany, cancelStates } from "./cancel.ts";

/** How many were cancelled, or asked; whether there are more than one call works through. */
export type DescendantsCancelled = { readonly count: number; readonly isMore: boolean };

/** What that needs. */
export type DescendantsDeps = {
  readonly store: Pick<TaskStore, "list" | "readHeads">;
  readonly limits: Pick<Limits, "operationTasksMax" | "batchTasksMax">;
  readonly cancelMany: CancelMany;
};

/** Cancels all descendants of a task that live, whether or not it does. */
export type CancelDescendants = (head: TaskHead, message: CancelMessage) => Promise<DescendantsCancelled>;

/** So often a family is gone through at most: one that is cancelled from above brings forth no more, sooner or later. */
const passesMax = 10;

/** Makes it. While the family is gone through, some of it may end and make more: those are found in the next pass. */
export function createCancelDescendants(deps: DescendantsDeps): CancelDescendants {
  return async (head, message) => {
    let count = 0;
    for (let pass = 0; pass < passesMax; pass += 1) {
      const done = await goThrough(deps, head, message);
      count += done.count;
      if (done.isMore || done.count === 0) return { count, isMore: done.isMore };
    }
    return { count, isMore: true };
  };
}

/** One pass over all that lives of the family, newest first. */
async function goThrough(
  { store, limits, cancelMany }: DescendantsDeps,
  head: TaskHead,
  message: CancelMessage,
): Promise<DescendantsCancelled> {
  const { namespace, id, lineage } = head;
  const rootId = lineage?.rootId ?? id;
  const descends = createDescent(store, { namespace, id });
  let [count, seen] = [0, 0];
  let after: number | undefined;
  do {
    const page = await store.list({
      ...{ namespace, states: cancelStates, rootId, after, limit: limits.batchTasksMax },
      ...{ queue: undefined, name: undefined, tag: undefined, createdFrom: undefined, createdTo: undefined },
      ...{ bytesMax: Number.MAX_SAFE_INTEGER, full: false },
    });
    const family = rootId === id ? page.tasks : await descends(page.tasks);
    const due = family.filter(({ cancel }) => cancel === undefined);
    if (due.length > 0) count += await cancelMany(due, message);
    seen += page.tasks.length;
    after = page.cursor;
  } while (after !== undefined && seen < limits.operationTasksMax);
  return { count, isMore: after !== undefined };
}

/**
 * Tells which tasks descend from one: their parents are read, and the parents of those, each once, as many at a time as there are. A
 * line that leads to a record that is gone leads nowhere.
 */
function createDescent(store: Pick<TaskStore, "readHeads">, ancestor: TaskRef) {
  const known = new Map<TaskId, boolean>([[ancestor.id, true]]);
  const parents = new Map<TaskId, TaskId | undefined>();

  async function learn(heads: readonly TaskHead[]): Promise<void> {
    let wanted = heads;
    while (wanted.length > 0) {
      for (const { id, lineage } of wanted) parents.set(id, lineage?.parentId);
      const missing = new Set(wanted.flatMap(({ lineage }) => lineage?.parentId ?? []));
      const refs = [...missing]
        .filter((id) => id !== ancestor.id && !parents.has(id))
        .map((id) => ({ namespace: ancestor.namespace, id }));
      for (const { id } of refs) parents.set(id, undefined);
      wanted = refs.length === 0 ? [] : (await store.readHeads(refs)).filter((head) => head !== undefined);
    }
  }

  function isBelow(id: TaskId): boolean {
    const line: TaskId[] = [];
    let at: TaskId | undefined = id;
    // A line may be a circle where producers say their families themselves.
    while (at !== undefined && !known.has(at) && !line.includes(at)) {
      line.push(at);
      at = parents.get(at);
    }
    const found = at !== undefined && known.get(at) === true;
    for (const each of line) known.set(each, found);
    return found;
  }

  return async <T extends TaskHead>(heads: readonly T[]): Promise<readonly T[]> => {
    await learn(heads);
    return heads.filter(({ id }) => id !== ancestor.id && isBelow(id));
  };
}
