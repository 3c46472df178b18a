import type { DefinitionStore } from "../../ports/definition-store.ts";
import type { LockStore } from "../../ports/lock-store.ts";
import type { Store } from "../../ports/store.ts";
import { listDefinitions, putDefinitions, removeDefinition } from "./definitions.ts";
import { createLockBook } from "./locks.ts";
import type { State } from "./state.ts";

type Call = <T>(verb: () => T) => Promise<T>;

/** What is kept beside tasks and queues: definitions, locks, and small values by name. */
export function createRecordStore(
  state: State,
  call: Call,
): DefinitionStore & LockStore & Pick<Store, "getMeta" | "putMeta"> {
  const locks = createLockBook(state.epoch, state.limits.locksMax);
  return {
    putDefinitions: (records) => call(() => putDefinitions(state, records)),
    removeDefinition: (namespace, name) => call(() => removeDefinition(state, namespace, name)),
    listDefinitions: (after, limit) => call(() => listDefinitions(state, after, limit)),
    acquireLock: (wish) => call(() => locks.acquireLock(wish)),
    renewLock: (hold, ttlMs, now) => call(() => locks.renewLock(hold, ttlMs, now)),
    releaseLock: (hold, now) => call(() => locks.releaseLock(hold, now)),
    getLock: (ref, now) => call(() => locks.getLock(ref, now)),
    listLocks: (page) => call(() => locks.listLocks(page)),
    pruneLocks: (now, limit) => call(() => locks.pruneLocks(now, limit)),
    getMeta: (key) => call(() => state.meta.get(key)?.slice()),
    putMeta: (key, value) => call(() => void state.meta.set(key, value.slice())),
  };
}
