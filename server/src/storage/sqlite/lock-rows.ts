import type { Instant, LockRef } from "../../model/ids.ts";
import type { Lock } from "../../model/lock.ts";
import type { LockPage } from "../../ports/lock-store.ts";
import { type LockRow, lockColumns, lockOf } from "../sql/lock-row.ts";
import { type Database, query } from "./files/connection.ts";

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
