import type { Instant, Namespace } from "../../model/ids.ts";
import type { UniqueClaim } from "../../model/unique.ts";
import type { ClaimPage } from "../../ports/unique-store.ts";
import { type ClaimRow, claimColumns, claimOf, isHeldAt, isUselessAt } from "../sql/unique-claim-row.ts";
import { type Session, statement } from "./session.ts";
import type { Work } from "./work.ts";

const held = `
  SELECT ${claimColumns} FROM namespaces n JOIN unique_claims u ON u.namespace = n.id
  WHERE n.name = $1 AND u.newest AND ${isHeldAt("$3::int8")}`;
const selectOne = statement<ClaimRow>(`${held} AND u.key = $2`);
const selectSome = statement<ClaimRow>(`${held} AND u.key > $2 ORDER BY u.key LIMIT $4`);
const drop = statement(`
  DELETE FROM unique_claims WHERE seq IN (
    SELECT u.seq FROM unique_claims u WHERE ${isUselessAt("$1::int8")}
    ORDER BY u.gone_at LIMIT $2 FOR UPDATE SKIP LOCKED)`);

/** The claim of a key; undefined while it is free. */
export async function getClaim(
  db: Session,
  namespace: Namespace,
  key: string,
  now: Instant,
): Promise<UniqueClaim | undefined> {
  const [row] = await db.rows(selectOne, namespace, key, now);
  return row && claimOf(row);
}

/** Claims of a namespace that are not free, by key. */
export const listClaims = async (
  db: Session,
  { namespace, after, limit, now }: ClaimPage,
): Promise<readonly UniqueClaim[]> =>
  (await db.rows(selectSome, namespace, after ?? "", now, limit)).map(claimOf);

/** Forgets claims that are of no use any more. */
export const pruneClaims = ({ db }: Work, now: Instant, limit: number): Promise<number> =>
  db.run(drop, now, limit);
