import type { Instant, Namespace } from "../../model/ids.ts";
import type { Task } from "../../model/task.ts";
import type { TaskClaim, UniqueClaim } from "../../model/unique.ts";
import type { ClaimPage } from "../../ports/unique-store.ts";
import { type ClaimRow, claimColumns, claimOf, isHeldAt, isUselessAt } from "../sql/unique-claim-row.ts";
import { command, type Database, query } from "./files/connection.ts";

const held = `
  SELECT ${claimColumns}
  FROM namespaces n CROSS JOIN unique_claims u ON u.namespace = n.id
  WHERE n.name = ?1 AND u.newest = 1 AND ${isHeldAt("?3")}`;

/** Makes getClaim: the claim of a key; undefined while it is free. */
export function createGetClaim(
  db: Database,
): (namespace: Namespace, key: string, now: Instant) => UniqueClaim | undefined {
  const select = query<ClaimRow>(db, `${held} AND u.key = ?2`);
  return (namespace, key, now) => {
    const row = select.get(namespace, key, now);
    return row && claimOf(row);
  };
}

/** Makes listClaims: claims of a namespace that are not free, by key. */
export function createListClaims(db: Database): (page: ClaimPage) => readonly UniqueClaim[] {
  const select = query<ClaimRow>(db, `${held} AND u.key > ?2 ORDER BY u.key LIMIT ?4`);
  return ({ namespace, after, limit, now }) => select.all(namespace, after ?? "", now, limit).map(claimOf);
}

/** Makes pruneClaims: forgets claims that are of no use any more. */
export function createPruneClaims(db: Database): (now: Instant, limit: number) => number {
  return command(
    db,
    `DELETE FROM unique_claims WHERE seq IN
       (SELECT u.seq FROM unique_claims u WHERE ${isUselessAt("?1")} ORDER BY u.gone_at LIMIT ?2)`,
  ) as (now: Instant, limit: number) => number;
}

/** Makes a way to give tasks what they have claimed; those that are not unique are left as they are, and cost nothing. */
export function createAddClaim(db: Database): (seq: number, task: Task) => Task {
  const select = query<[key: string, duplicates: number]>(
    db,
    "SELECT key, duplicates FROM unique_claims WHERE seq = ?",
  );
  return (seq, task) => {
    if (task.policy.unique === undefined) return task;
    const [key, duplicates] = select.get(seq) ?? [];
    const claim: TaskClaim | undefined =
      key === undefined || duplicates === undefined ? undefined : { key, duplicates };
    return { ...task, claim };
  };
}
