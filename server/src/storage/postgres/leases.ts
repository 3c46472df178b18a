import type { Namespace, TaskId } from "../../model/ids.ts";
import type { LeaseRef } from "../../ports/task-store.ts";
import type { QueueEntry } from "./queue-registry.ts";

/** Where a leased task's row is and what it said, so that settling it need not look it up. Only a hint: the guards decide. */
export type LeaseHint = {
  readonly namespace: Namespace;
  readonly seq: number;
  readonly queue: QueueEntry;
  readonly revision: number;
  readonly epoch: number;
  readonly fence: number;
};

/** Hints about the tasks that this server leased last and nothing ties. */
export type Leases = {
  remember(id: TaskId, hint: LeaseHint): void;
  /** Takes out what is remembered of exactly this lease: it is good for one settlement. */
  take(lease: LeaseRef): LeaseHint | undefined;
  clear(): void;
};

/** Two generations of this size, about 20 MB when both are full; a hint that fell out costs one look into the index. */
const generationMax = 65_536;

/** Makes an empty memory. Tasks of two namespaces with the same id take each other's place. */
export function createLeases(): Leases {
  let young = new Map<TaskId, LeaseHint>();
  let old = new Map<TaskId, LeaseHint>();
  return {
    remember(id, hint) {
      if (young.size >= generationMax) {
        old = young;
        young = new Map();
      }
      young.set(id, hint);
    },
    take(lease) {
      const holder = young.has(lease.id) ? young : old;
      const hint = holder.get(lease.id);
      if (hint === undefined || !isOf(hint, lease)) return undefined;
      holder.delete(lease.id);
      return hint;
    },
    clear() {
      young.clear();
      old.clear();
    },
  };
}

const isOf = ({ namespace, epoch, fence }: LeaseHint, lease: LeaseRef): boolean =>
  namespace === lease.namespace && fence === lease.fence.seq && epoch === lease.fence.epoch;
