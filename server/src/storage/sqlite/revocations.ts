import type { Instant, Namespace, TaskId } from "../../model/ids.ts";
import type { Revocation, RevocationPage } from "../../ports/admin-store.ts";
import { type RevocationRow, revocationColumns, revocationOf } from "../sql/revocation-row.ts";
import { command, type Database, query } from "./files/connection.ts";

/** Ids that are cancelled when they come, kept in memory beside their rows: whoever accepts tasks asks for each, if there are any. */
export type Revocations = {
  /** How many there are, over all namespaces. */
  readonly size: number;
  count(namespace: Namespace): number;
  has(namespace: Namespace, id: TaskId): boolean;
  /** Keeps one; `space` is its namespace's number. */
  put(space: number, revocation: Revocation): void;
  /** Takes out the entry of an id that has come, or is not to end cancelled; undefined where there is none, or its time is over. */
  take(namespace: Namespace, id: TaskId, now: Instant): Revocation | undefined;
  /** Forgets those whose time is over. */
  prune(now: Instant): void;
  /** Reads them again, after a transaction was undone. */
  reload(): void;
};

/** Makes listRevocations: those of a namespace whose time is not over, by id. */
export function createListRevocations(db: Database): (page: RevocationPage) => readonly Revocation[] {
  const select = query<RevocationRow>(
    db,
    `SELECT ${revocationColumns}
     FROM namespaces n CROSS JOIN revocations r ON r.namespace = n.id
     WHERE n.name = ? AND r.id > ? AND r.until > ? ORDER BY r.id LIMIT ?`,
  );
  return ({ namespace, after, limit, now }) =>
    select.all(namespace, after ?? "", now, limit).map(revocationOf);
}

/** Reads those of a file. */
export function createRevocations(db: Database): Revocations {
  const spaces = new Map<Namespace, Map<TaskId, Revocation>>();
  let size = 0;
  const selectAll = query<RevocationRow>(
    db,
    `SELECT ${revocationColumns}
     FROM revocations r JOIN namespaces n ON n.id = r.namespace`,
  );
  const insert = command(db, "INSERT OR REPLACE INTO revocations VALUES (?, ?, ?, ?, ?, ?)");
  const remove = command(
    db,
    "DELETE FROM revocations WHERE namespace = (SELECT id FROM namespaces WHERE name = ?) AND id = ?",
  );

  function keep(revocation: Revocation): void {
    const { namespace, id } = revocation.ref;
    const space = spaces.get(namespace) ?? new Map<TaskId, Revocation>();
    if (!space.has(id)) size += 1;
    spaces.set(namespace, space.set(id, revocation));
  }

  function drop(namespace: Namespace, id: TaskId): void {
    if (spaces.get(namespace)?.delete(id)) size -= 1;
    remove(namespace, id);
  }

  function reload(): void {
    spaces.clear();
    size = 0;
    for (const row of selectAll.all()) keep(revocationOf(row));
  }

  reload();
  return {
    get size() {
      return size;
    },
    count: (namespace) => spaces.get(namespace)?.size ?? 0,
    has: (namespace, id) => spaces.get(namespace)?.has(id) ?? false,
    put(space, revocation) {
      const { ref, cancel, until } = revocation;
      insert(space, ref.id, cancel.reason, cancel.requester ?? null, cancel.at, until);
      keep(revocation);
    },
    take(namespace, id, now) {
      const found = spaces.get(namespace)?.get(id);
      if (found === undefined) return undefined;
      drop(namespace, id);
      return found.until > now ? found : undefined;
    },
    prune(now) {
      if (size === 0) return;
      for (const [namespace, space] of spaces)
        for (const [id, { until }] of space) if (until <= now) drop(namespace, id);
    },
    reload,
  };
}
