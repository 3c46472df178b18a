import { type Instant, instantOf, lockKeyOf, namespaceOf, taskIdOf, taskNameOf } from "../../model/ids.ts";
import type { Lock } from "../../model/lock.ts";
import type { UniqueClaim } from "../../model/unique.ts";
import type { DefinitionStore } from "../../ports/definition-store.ts";
import type { AcquireLockVerdict, LockHold, LockStore } from "../../ports/lock-store.ts";
import type { Store } from "../../ports/store.ts";
import type { UniqueStore } from "../../ports/unique-store.ts";
import type { Packable, Unpacked } from "./msgpack.ts";
import { listAll } from "./pages.ts";
import type { Runner, Verb } from "./runner.ts";
import { sweep } from "./side-verbs.ts";
import { bytesOf, listOf, maybe, numberOf, textOf } from "./unpacked.ts";
import { itemsOf } from "./verdicts.ts";

const operation = (name: string): Verb => ({ room: "operations", name });

/** Small values by name. */
export const createMetaVerbs = (runner: Runner): Pick<Store, "getMeta" | "swapMeta" | "putMeta"> => ({
  getMeta: async (key) =>
    maybe(await runner.ofStore("getMeta", key), (value) => new Uint8Array(bytesOf(value))),
  swapMeta: async (key, before, value) =>
    new Uint8Array(bytesOf(await runner.ofStore("swapMeta", [key, before, value], true))),
  async putMeta(key, value) {
    await runner.ofStore("putMeta", [key, value], true);
  },
});

/** What is known of tasks by name. */
export const createDefinitionVerbs = (runner: Runner): DefinitionStore => ({
  async putDefinitions(records) {
    const args = records.map(({ namespace, name, record }) => [namespace, name, record]);
    await runner.ofStore("putDefinitions", args, true);
  },
  removeDefinition: async (namespace, name) =>
    (await runner.ofStore("removeDefinition", [namespace, name])) === true,
  listDefinitions: async (after, limit) =>
    itemsOf(
      await runner.ofStore("listDefinitions", [after && [after.namespace, after.name], limit]),
      (value) => {
        const [namespace, name, record] = listOf(value);
        return {
          namespace: namespaceOf(textOf(namespace)),
          name: taskNameOf(textOf(name)),
          record: new Uint8Array(bytesOf(record)),
        };
      },
    ),
});

/** Locks: they are bounded over all namespaces together, so they stand beside those. */
export const createLockVerbs = (runner: Runner): LockStore => ({
  async acquireLock({ namespace, key, owner, ttlMs, now }) {
    const args = [namespace, key, owner, ttlMs, now];
    return acquireVerdictOf(await runner.ofStore("acquireLock", args, true));
  },
  renewLock: async (hold, ttlMs, now) =>
    maybe(await runner.ofStore("renewLock", [...holdArgs(hold), ttlMs, now]), lockOf),
  releaseLock: async (hold, now) => (await runner.ofStore("releaseLock", [...holdArgs(hold), now])) === true,
  getLock: async ({ namespace, key }, now) =>
    maybe(await runner.ofStore("getLock", [namespace, key, now]), lockOf),
  listLocks: ({ namespace, after, limit, now }) =>
    listAll(
      after,
      limit,
      (place, count) => runner.ofStore("listLocks", [namespace, place, count, now]),
      lockOf,
    ),
  pruneLocks: async (now, limit) => numberOf(await runner.ofStore("pruneLocks", [now, limit])),
});

const holdArgs = ({ namespace, key, owner, fence }: LockHold): readonly Packable[] => [
  namespace,
  key,
  owner,
  fence,
];

function acquireVerdictOf(value: Unpacked): AcquireLockVerdict {
  const [word, lock = false] = listOf(value);
  const kind = textOf(word) as AcquireLockVerdict["kind"];
  return kind === "limit" ? { kind } : { kind, lock: lockOf(lock) };
}

function lockOf(value: Unpacked): Lock {
  const [namespace, key, owner, fence, acquiredAt, expiresAt] = listOf(value);
  return {
    namespace: namespaceOf(textOf(namespace)),
    key: lockKeyOf(textOf(key)),
    owner: textOf(owner),
    fence: numberOf(fence),
    acquiredAt: timeOf(acquiredAt),
    expiresAt: timeOf(expiresAt),
  };
}

const timeOf = (value: Unpacked | undefined): Instant => instantOf(numberOf(value));

/** Claims of unique keys. */
export const createClaimVerbs = (runner: Runner): UniqueStore => ({
  getClaim: async (namespace, key, now) =>
    maybe(await runner.ofSpace(namespace, operation("getClaim"), [key, now]), claimOf),
  listClaims: ({ namespace, after, limit, now }) =>
    listAll(
      after,
      limit,
      (place, count) => runner.ofSpace(namespace, operation("listClaims"), [place, count, now]),
      claimOf,
    ),
  pruneClaims: (now, limit) => sweep(runner, "pruneClaims", now, limit),
});

function claimOf(value: Unpacked): UniqueClaim {
  const [key, taskId, claimedAt, freeAt, duplicates] = listOf(value);
  return {
    key: textOf(key),
    taskId: taskIdOf(textOf(taskId)),
    claimedAt: timeOf(claimedAt),
    freeAt: maybe(freeAt, timeOf),
    duplicates: numberOf(duplicates),
  };
}
