import type { Namespace, TaskId, TaskRef } from "../../model/ids.ts";
import type { QueueEntry } from "./queue-registry.ts";

/** Where a leased task's row is and what it said, so that settling it need not look it up. Only a hint: the guards decide. */
export type LeaseHint = {
  readonly namespace: Namespace;
  readonly seq: number;
  readonly queue: QueueEntry;
  readonly revision: number;
};

/** Hints about the tasks that were leased last. */
export type LeaseCache = {
  recall(ref: TaskRef): LeaseHint | undefined;
  remember(id: TaskId, hint: LeaseHint): void;
  forget(id: TaskId): void;
  /** After a transaction was undone nothing here is worth anything. */
  clear(): void;
};

/** Two generations of this size, about 20 MB when both are full; a hint that fell out costs one look into the index. */
const generationMax = 65_536;

/** Makes an empty cache. Tasks of two namespaces with the same id take each other's place. */
export function createLeaseCache(): LeaseCache {
  let young = new Map<TaskId, LeaseHint>();
  let old = new Map<TaskId, LeaseHint>();
  return {
    recall({ namespace, id }) {
      const hint = young.get(id) ?? old.get(id);
      return hint?.namespace === namespace ? hint : undefined;
    },
    remember(id, hint) {
      if (young.size >= generationMax) {
        old = young;
        young = new Map();
      }
      young.set(id, hint);
    },
    forget(id) {
      if (!young.delete(id)) old.delete(id);
    },
    clear() {
      young.clear();
      old.clear();
    },
  };
}
