import { instantOf } from "../../server/src/model/ids.ts";
import { createMemoryStore } from "../../server/src/storage/memory/memory.ts";
import { lease, type MakePlace } from "./subject.ts";

const endOfTime = instantOf(Number.MAX_SAFE_INTEGER);

/**
 * A memory store that survives its closing. What a durable store does to leases when it opens is an extension of every one of
 * them, unless it ends later than that already.
 */
export const makeReference: MakePlace = async (options) => {
  const store = createMemoryStore(options);
  const reopened = { ...store, close: async () => undefined };
  return {
    async open() {
      const now = options.clock.now();
      for (const task of await store.expiredLeases(endOfTime, 100_000)) {
        const end = now + (task.policy.leaseMs ?? lease.leaseMs) + lease.graceMs;
        if (!task.fence || (task.leaseUntil ?? 0) >= end) continue;
        const leases = [{ ...task, fence: task.fence }];
        const { leaseMs: defaultLeaseMs, graceMs } = lease;
        await store.extend({ leases, now, leaseMs: undefined, defaultLeaseMs, graceMs });
      }
      return reopened;
    },
    remove: store.close,
  };
};
