import type { LockStore } from "../../ports/lock-store.ts";
import type { KeptLogParts } from "./kept-log-store.ts";

/** The part of the store that is about locks. */
export const createLockStore = ({ ask, writer, reader }: Omit<KeptLogParts, "isDiskLow">): LockStore => ({
  acquireLock: (wish) => ask(() => writer.call("acquireLock", wish)),
  renewLock: (hold, ttlMs, now) => ask(() => writer.call("renewLock", hold, ttlMs, now)),
  releaseLock: (hold, now) => ask(() => writer.call("releaseLock", hold, now)),
  pruneLocks: (now, limit) => ask(() => writer.call("pruneLocks", now, limit)),
  getLock: (ref, now) => ask(() => reader.call("getLock", ref, now)),
  listLocks: (page) => ask(() => reader.call("listLocks", page)),
});
