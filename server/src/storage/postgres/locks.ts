import type { Instant, LockRef } from "../../model/ids.ts";
import type { Lock } from "../../model/lock.ts";
import type { AcquireLockVerdict, LockHold, LockPage, LockWish } from "../../ports/lock-store.ts";
import { type LockRow, lockColumns, lockOf } from "../sql/lock-row.ts";
import { type Session, statement } from "./session.ts";
import type { Work } from "./work.ts";

const select = statement<LockRow>(
  `SELECT ${lockColumns} FROM locks l WHERE l.namespace = $1 AND l.key = $2 FOR UPDATE`,
);
const count = statement<[number]>("SELECT count(*) FROM locks");
// Whoever meets a row that came in between leaves it alone, and looks again.
const insert = statement<LockRow>(`
  INSERT INTO locks AS l (namespace, key, owner, fence, acquired_at, expires_at)
  VALUES ($1, $2, $3, nextval('lock_fence'), $4, $5)
  ON CONFLICT (namespace, key) DO UPDATE SET owner = excluded.owner, fence = excluded.fence,
    acquired_at = excluded.acquired_at, expires_at = excluded.expires_at
    WHERE l.expires_at <= $4 AND l.fence < excluded.fence
  RETURNING ${lockColumns}`);

/** Takes a lock that is free, or renews it for its holder. */
export async function acquireLock(work: Work, wish: LockWish): Promise<AcquireLockVerdict> {
  const { db, queues, limits } = work;
  const { namespace, key, owner, ttlMs, now } = wish;
  const space = await queues.makeNamespace(db, namespace);
  for (;;) {
    const [row] = await db.rows(select, space, key);
    const held = row && lockOf(namespace, row);
    if (held !== undefined && held.expiresAt > now) {
      if (held.owner !== owner) return { kind: "held", lock: held };
      return { kind: "renewed", lock: (await renewLock(work, held, ttlMs, now)) ?? held };
    }
    const isFull = async () => ((await db.rows(count))[0]?.[0] ?? 0) >= limits.locksMax;
    if (row === undefined && (await isFull())) return { kind: "limit" };
    const [taken] = await db.rows(insert, space, key, owner, now, now + ttlMs);
    if (taken !== undefined) return { kind: "acquired", lock: lockOf(namespace, taken) };
  }
}

const renew = statement<LockRow>(`
  UPDATE locks l SET expires_at = greatest(l.expires_at, $1)
  FROM namespaces n WHERE n.name = $2 AND l.namespace = n.id AND l.key = $3 AND l.owner = $4 AND l.fence = $5 AND l.expires_at > $6
  RETURNING ${lockColumns}`);

/** Moves the end of a lock, never backwards. */
export async function renewLock(
  { db }: Work,
  { namespace, key, owner, fence }: LockHold,
  ttlMs: number,
  now: Instant,
): Promise<Lock | undefined> {
  const [row] = await db.rows(renew, now + ttlMs, namespace, key, owner, fence, now);
  return row && lockOf(namespace, row);
}

const release = statement(`
  DELETE FROM locks l USING namespaces n
  WHERE n.name = $1 AND l.namespace = n.id AND l.key = $2 AND l.owner = $3 AND l.fence = $4 AND l.expires_at > $5`);

/** Frees a lock that is held so. */
export const releaseLock = async (
  { db }: Work,
  { namespace, key, owner, fence }: LockHold,
  now: Instant,
): Promise<boolean> => (await db.run(release, namespace, key, owner, fence, now)) > 0;

const drop = statement(`
  DELETE FROM locks WHERE (namespace, key) IN (
    SELECT namespace, key FROM locks WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`);

/** Forgets locks whose end has come. */
export const pruneLocks = ({ db }: Work, now: Instant, limit: number): Promise<number> =>
  db.run(drop, now, limit);

const held = `SELECT ${lockColumns} FROM namespaces n JOIN locks l ON l.namespace = n.id WHERE n.name = $1`;
const selectHeld = statement<LockRow>(`${held} AND l.key = $2 AND l.expires_at > $3`);
const selectPage = statement<LockRow>(`${held} AND l.key > $2 AND l.expires_at > $3 ORDER BY l.key LIMIT $4`);

/** The lock; undefined while nobody holds it. */
export async function getLock(
  db: Session,
  { namespace, key }: LockRef,
  now: Instant,
): Promise<Lock | undefined> {
  const [row] = await db.rows(selectHeld, namespace, key, now);
  return row && lockOf(namespace, row);
}

/** Locks of a namespace that are held, by key. */
export const listLocks = async (
  db: Session,
  { namespace, after, limit, now }: LockPage,
): Promise<readonly Lock[]> =>
  (await db.rows(selectPage, namespace, after ?? "", now, limit)).map((row) => lockOf(namespace, row));
