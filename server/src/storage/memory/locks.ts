import { type Instant, type LockKey, type LockRef, type Namespace, plus } from "../../model/ids.ts";
import { firstLockFence, type Lock } from "../../model/lock.ts";
import type { AcquireLockVerdict, LockHold, LockPage, LockStore, LockWish } from "../../ports/lock-store.ts";

/** The port's verbs, at once. */
type LockBook = {
  [V in keyof LockStore]: (...request: Parameters<LockStore[V]>) => Awaited<ReturnType<LockStore[V]>>;
};

/** Makes an empty book of locks. */
export function createLockBook(epoch: number, locksMax: number): LockBook {
  const spaces = new Map<Namespace, Map<LockKey, Lock>>();
  let newestFence = firstLockFence(epoch);
  let count = 0;

  /** The lock of a key, whether or not its end has come. */
  const rowOf = ({ namespace, key }: LockRef): Lock | undefined => spaces.get(namespace)?.get(key);

  function heldAt(ref: LockRef, now: Instant): Lock | undefined {
    const lock = rowOf(ref);
    return lock !== undefined && lock.expiresAt > now ? lock : undefined;
  }

  function put(lock: Lock): Lock {
    const space = spaces.get(lock.namespace) ?? new Map<LockKey, Lock>();
    spaces.set(lock.namespace, space.set(lock.key, lock));
    return lock;
  }

  function remove({ namespace, key }: LockRef): void {
    spaces.get(namespace)?.delete(key);
    count -= 1;
  }

  const longer = (lock: Lock, ttlMs: number, now: Instant): Lock =>
    put({ ...lock, expiresAt: plus(now, Math.max(ttlMs, lock.expiresAt - now)) });

  function heldBy(hold: LockHold, now: Instant): Lock | undefined {
    const lock = heldAt(hold, now);
    return lock?.owner === hold.owner && lock.fence === hold.fence ? lock : undefined;
  }

  function acquireLock({ namespace, key, owner, ttlMs, now }: LockWish): AcquireLockVerdict {
    const held = heldAt({ namespace, key }, now);
    if (held?.owner === owner) return { kind: "renewed", lock: longer(held, ttlMs, now) };
    if (held !== undefined) return { kind: "held", lock: held };
    if (rowOf({ namespace, key }) === undefined) {
      if (count >= locksMax) return { kind: "limit" };
      count += 1;
    }
    newestFence += 1;
    const times = { acquiredAt: now, expiresAt: plus(now, ttlMs) };
    return { kind: "acquired", lock: put({ namespace, key, owner, fence: newestFence, ...times }) };
  }

  function listLocks({ namespace, after, limit, now }: LockPage): readonly Lock[] {
    const held = [...(spaces.get(namespace)?.values() ?? [])].filter(({ expiresAt }) => expiresAt > now);
    return held
      .filter(({ key }) => after === undefined || key > after)
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .slice(0, limit);
  }

  return {
    acquireLock,
    renewLock(hold, ttlMs, now) {
      const lock = heldBy(hold, now);
      return lock && longer(lock, ttlMs, now);
    },
    releaseLock(hold, now) {
      const lock = heldBy(hold, now);
      if (lock !== undefined) remove(lock);
      return lock !== undefined;
    },
    getLock: heldAt,
    listLocks,
    pruneLocks(now, limit) {
      const over = [...spaces.values()].flatMap((space) =>
        [...space.values()].filter(({ expiresAt }) => expiresAt <= now),
      );
      const gone = over.slice(0, limit);
      for (const lock of gone) remove(lock);
      return gone.length;
    },
  };
}
