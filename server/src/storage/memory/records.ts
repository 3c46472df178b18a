import type { Bytes } from "../../model/ids.ts";
import type { RecordStore } from "../../ports/record-store.ts";
import type { Store } from "../../ports/store.ts";
import { getClaim, listClaims, pruneClaims } from "./claims.ts";
import { listDefinitions, putDefinitions, removeDefinition } from "./definitions.ts";
import { createLockBook } from "./locks.ts";
import { createOutputStore } from "./output.ts";
import { createQueueEventStore } from "./queue-events.ts";
import type { State } from "./state.ts";

type Call = <T>(verb: () => T) => Promise<T>;

type Values = Pick<Store, "getMeta" | "swapMeta" | "putMeta">;

/**
 * What is kept beside tasks and queues: definitions, locks, a look at claims of unique keys, small values by name, and what tasks put
 * out and is made known on queues.
 */
export function createRecordStore(state: State, call: Call): RecordStore & Values {
  const locks = createLockBook(state.epoch, state.limits.locksMax);
  return {
    ...createOutputStore(state, call),
    ...createQueueEventStore(state, call),
    putDefinitions: (records) => call(() => putDefinitions(state, records)),
    removeDefinition: (namespace, name) => call(() => removeDefinition(state, namespace, name)),
    listDefinitions: (after, limit) => call(() => listDefinitions(state, after, limit)),
    acquireLock: (wish) => call(() => locks.acquireLock(wish)),
    renewLock: (hold, ttlMs, now) => call(() => locks.renewLock(hold, ttlMs, now)),
    releaseLock: (hold, now) => call(() => locks.releaseLock(hold, now)),
    getLock: (ref, now) => call(() => locks.getLock(ref, now)),
    listLocks: (page) => call(() => locks.listLocks(page)),
    pruneLocks: (now, limit) => call(() => locks.pruneLocks(now, limit)),
    getClaim: (namespace, key, now) => call(() => getClaim(state, namespace, key, now)),
    listClaims: (page) => call(() => listClaims(state, page)),
    pruneClaims: (now, limit) => call(() => pruneClaims(state, now, limit)),
    getMeta: (key) => call(() => state.meta.get(key)?.slice()),
    swapMeta: (key, before, value) => call(() => swapMeta(state, { key, before, value })),
    putMeta: (key, value) => call(() => void state.meta.set(key, value.slice())),
  };
}

function swapMeta(
  { meta }: State,
  { key, before, value }: { readonly key: string; readonly before: Bytes | undefined; readonly value: Bytes },
): Bytes {
  const kept = meta.get(key);
  const isIt = kept === undefined || (before !== undefined && Buffer.compare(kept, before) === 0);
  if (isIt) meta.set(key, value.slice());
  return (isIt ? value : kept).slice();
}
