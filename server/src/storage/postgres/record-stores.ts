import type { DefinitionStore } from "../../ports/definition-store.ts";
import type { EventStore } from "../../ports/event-store.ts";
import type { LockStore } from "../../ports/lock-store.ts";
import type { Store } from "../../ports/store.ts";
import type { UniqueStore } from "../../ports/unique-store.ts";
import type { Asking } from "./asking.ts";
import { getClaim, listClaims, pruneClaims } from "./claim-rows.ts";
import { listDefinitions, putDefinitions, removeDefinition } from "./definitions.ts";
import { readEvents, truncateEvents } from "./events.ts";
import { acquireLock, getLock, listLocks, pruneLocks, releaseLock, renewLock } from "./locks.ts";
import { getMeta, putMeta, swapMeta } from "./meta.ts";

/** What is kept beside tasks and queues. */
export const createRecordStore = ({
  lane,
  read,
}: Asking): DefinitionStore & EventStore & UniqueStore & Pick<Store, "getMeta" | "swapMeta" | "putMeta"> => ({
  readEvents: (after, limit) => read((db) => readEvents(db, after, limit)),
  truncateEvents: (before, bytesMax, limit) =>
    lane.call({}, (work) => truncateEvents(work, { before, bytesMax, limit })),
  putDefinitions: (records) => lane.call({}, (work) => putDefinitions(work, records)),
  removeDefinition: (namespace, name) => lane.call({}, (work) => removeDefinition(work, namespace, name)),
  listDefinitions: (after, limit) => read((db) => listDefinitions(db, after, limit)),
  getClaim: (namespace, key, now) => read((db) => getClaim(db, namespace, key, now)),
  listClaims: (page) => read((db) => listClaims(db, page)),
  pruneClaims: (now, limit) => lane.call({}, (work) => pruneClaims(work, now, limit)),
  getMeta: (key) => read((db) => getMeta(db, key)),
  swapMeta: (key, before, value) => lane.call({}, (work) => swapMeta(work, { key, before, value })),
  putMeta: (key, value) => lane.call({}, (work) => putMeta(work, key, value)),
});

/** Locks. */
export const createLockStore = ({ lane, read }: Asking): LockStore => ({
  acquireLock: (wish) => lane.call({}, (work) => acquireLock(work, wish)),
  renewLock: (hold, ttlMs, now) => lane.call({}, (work) => renewLock(work, hold, ttlMs, now)),
  releaseLock: (hold, now) => lane.call({}, (work) => releaseLock(work, hold, now)),
  pruneLocks: (now, limit) => lane.call({}, (work) => pruneLocks(work, now, limit)),
  getLock: (ref, now) => read((db) => getLock(db, ref, now)),
  listLocks: (page) => read((db) => listLocks(db, page)),
});
