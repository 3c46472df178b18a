import type { Instant, LockKey, LockRef, Namespace } from "../../model/ids.ts";
import type { Lock } from "../../model/lock.ts";
import type { LockPage } from "../../ports/lock-store.ts";
import { type Database, query } from "./files/connection.ts";

/** One row of lockColumns. */
export type LockRow = readonly [
  key: LockKey,
  owner: string,
  fence: number,
  acquiredAt: Instant,
  expiresAt: Instant,
];

/** The columns of a lock. */
export const lockColumns = "l.key, l.owner, l.fence, l.acquired_at, l.expires_at";

/** The lock that a row means. */
export const lockOf = (namespace: Namespace, [key, owner, fence, acquiredAt, expiresAt]: LockRow): Lock => ({
  namespace,
  key,
  owner,
  fence,
  acquiredAt,
  expiresAt,
});

const held = `
  SELECT ${lockColumns} FROM namespaces n CROSS JOIN locks l ON l.namespace = n.id WHERE n.name = ?`;

/** Makes getLock: the lock; undefined while nobody holds it. */
export function createGetLock(db: Database): (ref: LockRef, now: Instant) => Lock | undefined {
  const select = query<LockRow>(db, `${held} AND l.key = ? AND l.expires_at > ?`);
  return ({ namespace, key }, now) => {
    const row = select.get(namespace, key, now);
    return row && lockOf(namespace, row);
  };
}

/** Makes listLocks: locks of a namespace that are held, by key. */
export function createListLocks(db: Database): (page: LockPage) => readonly Lock[] {
  const select = query<LockRow>(db, `${held} AND l.key > ? AND l.expires_at > ? ORDER BY l.key LIMIT ?`);
  return ({ namespace, after, limit, now }) =>
    select.all(namespace, after ?? "", now, limit).map((row) => lockOf(namespace, row));
}
