import type { Namespace, TaskId } from "../../model/ids.ts";
import type { Fence } from "../../model/task.ts";
import type { LeaseRef } from "../../ports/task-store.ts";

/** Where a leased task's row is and what it said, so that settling it need not look it up. Only a hint: the guards decide. */
export type LeaseHint<Queue> = {
  readonly namespace: Namespace;
  readonly seq: number;
  readonly queue: Queue;
  readonly revision: number;
  readonly fence: Fence;
};

/** Hints about the tasks that were leased last. */
export type LeaseCache<Hint extends LeaseHint<unknown>> = {
  remember(id: TaskId, hint: Hint): void;
  /** Takes out what is remembered of exactly this lease: it is good for one settlement. */
  take(lease: LeaseRef): Hint | undefined;
  /** After a transaction was undone nothing here is worth anything. */
  clear(): void;
};

/** Two generations of this size, about 20 MB when both are full; a hint that fell out costs one look into the index. */
const generationMax = 65_536;

/** Makes an empty cache. Tasks of two namespaces with the same id take each other's place. */
export function createLeaseCache<Hint extends LeaseHint<unknown>>(): LeaseCache<Hint> {
  let young = new Map<TaskId, Hint>();
  let old = new Map<TaskId, Hint>();
  return {
    remember(id, hint) {
      if (young.size >= generationMax) {
        old = young;
        young = new Map();
      }
      young.set(id, hint);
    },
    take(lease) {
      const { id } = lease;
      const holder = young.has(id) ? young : old;
      const hint = holder.get(id);
      if (hint === undefined || !isOf(hint, lease)) return undefined;
      holder.delete(id);
      return hint;
    },
    clear() {
      young.clear();
      old.clear();
    },
  };
}

const isOf = ({ namespace, fence }: LeaseHint<unknown>, lease: LeaseRef): boolean =>
  namespace === lease.namespace && fence.seq === lease.fence.seq && fence.epoch === lease.fence.epoch;
