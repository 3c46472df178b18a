import type { Instant } from "../../model/ids.ts";
import { firstLockFence, type Lock } from "../../model/lock.ts";
import type { AcquireLockVerdict, LockHold, LockWish } from "../../ports/lock-store.ts";
import { type LockRow, lockColumns, lockOf } from "../sql/lock-row.ts";
import { createCounters } from "./counters.ts";
import { command, query } from "./files/connection.ts";
import type { Writing } from "./writing.ts";

/** Makes acquireLock: takes a lock that is free, or renews it for its holder. */
export function createAcquireLock(writing: Writing): (wish: LockWish) => AcquireLockVerdict {
  const { db, queues, limits, epoch } = writing;
  const counters = createCounters(db);
  const select = query<LockRow>(db, `SELECT ${lockColumns} FROM locks l WHERE l.namespace = ? AND l.key = ?`);
  const upsert = query<LockRow>(
    db,
    `INSERT OR REPLACE INTO locks AS l (namespace, key, owner, fence, acquired_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?) RETURNING key, owner, fence, acquired_at, expires_at`,
  );
  const renew = createRenewLock(writing);

  return (wish) => {
    const { namespace, key, owner, ttlMs, now } = wish;
    const space = queues.makeNamespace(namespace);
    const row = select.get(space, key);
    const held = row && lockOf(namespace, row);
    if (held !== undefined && held.expiresAt > now) {
      if (held.owner !== owner) return { kind: "held", lock: held };
      return { kind: "renewed", lock: renew(held, ttlMs, now) ?? held };
    }
    const count = counters.get("locks") ?? 0;
    if (row === undefined && count >= limits.locksMax) return { kind: "limit" };
    if (row === undefined) counters.set("locks", count + 1);
    const fence = Math.max(counters.get("lock_fence") ?? 0, firstLockFence(epoch)) + 1;
    counters.set("lock_fence", fence);
    const taken = upsert.get(space, key, owner, fence, now, now + ttlMs);
    if (taken === undefined) throw new Error("a lock that was inserted has no row");
    return { kind: "acquired", lock: lockOf(namespace, taken) };
  };
}

/** Makes renewLock: moves the end of a lock, never backwards. */
export function createRenewLock({
  db,
  queues,
}: Writing): (hold: LockHold, ttlMs: number, now: Instant) => Lock | undefined {
  const update = query<LockRow>(
    db,
    `UPDATE locks AS l SET expires_at = max(l.expires_at, ?)
     WHERE l.namespace = ? AND l.key = ? AND l.owner = ? AND l.fence = ? AND l.expires_at > ?
     RETURNING key, owner, fence, acquired_at, expires_at`,
  );
  return ({ namespace, key, owner, fence }, ttlMs, now) => {
    const space = queues.namespaceId(namespace);
    const row = space === undefined ? undefined : update.get(now + ttlMs, space, key, owner, fence, now);
    return row && lockOf(namespace, row);
  };
}

/** Makes releaseLock: frees a lock that is held so. */
export function createReleaseLock({ db, queues }: Writing): (hold: LockHold, now: Instant) => boolean {
  const counters = createCounters(db);
  const drop = command(
    db,
    "DELETE FROM locks WHERE namespace = ? AND key = ? AND owner = ? AND fence = ? AND expires_at > ?",
  );
  return ({ namespace, key, owner, fence }, now) => {
    const space = queues.namespaceId(namespace);
    const dropped = space === undefined ? 0 : drop(space, key, owner, fence, now);
    if (dropped > 0) counters.set("locks", (counters.get("locks") ?? 0) - dropped);
    return dropped > 0;
  };
}

/** Makes pruneLocks: forgets locks whose end has come. */
export function createPruneLocks({ db }: Writing): (now: Instant, limit: number) => number {
  const counters = createCounters(db);
  const drop = command(
    db,
    `DELETE FROM locks WHERE (namespace, key) IN
       (SELECT namespace, key FROM locks INDEXED BY locks_expiry WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
  );
  return (now, limit) => {
    const dropped = drop(now, limit);
    if (dropped > 0) counters.set("locks", (counters.get("locks") ?? 0) - dropped);
    return dropped;
  };
}
