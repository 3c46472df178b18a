import type { ClaimRequest } from "../../ports/task-store.ts";
import { stateCode } from "../sql/codes.ts";
import { texts } from "./arrays.ts";
import {
  type Leased,
  type LeasedRow,
  leaseColumns,
  leasedOf,
  leaseJoins,
  leaseReturning,
  leaseSet,
} from "./lease-rows.ts";
import { handsOut } from "./queues.ts";
import { statement } from "./session.ts";
import type { Work } from "./work.ts";

/**
 * What came of it. gated: some of the queues have tasks that gates may keep, or limits; nothing was leased. overdue: these tasks are in
 * the way, and have waited too long; nothing was leased.
 */
export type InOrder =
  | { readonly kind: "leased"; readonly leased: readonly Leased[] }
  | { readonly kind: "gated" }
  | { readonly kind: "overdue"; readonly seqs: readonly number[] };

const ready = `t.state = ${stateCode.ready} AND t.tied IS NULL`;

const picked = "t.ctid, t.seq, t.priority, t.content_bytes, t.deadline_at";

/** One queue: its first tasks that nobody else is about to take, which are locked as they are read. */
const ofOne = `
  SELECT t.* FROM open o CROSS JOIN LATERAL (
    SELECT ${picked} FROM tasks t WHERE t.queue = o.id AND ${ready} ORDER BY t.priority DESC, t.seq LIMIT $8 FOR UPDATE SKIP LOCKED) t`;

/**
 * Several: the first ones of all are chosen, and then locked. Reading them locked would lock as many of each queue. Where others
 * take the same ones at the same moment the rest is less.
 */
const ofSeveral = `
  SELECT ${picked} FROM tasks t
  WHERE t.seq = ANY (ARRAY(SELECT f.seq FROM open o CROSS JOIN LATERAL (
      SELECT t.seq, t.priority FROM tasks t WHERE t.queue = o.id AND ${ready} ORDER BY t.priority DESC, t.seq LIMIT $8) f
    ORDER BY f.priority DESC, f.seq LIMIT $8))
  AND t.state + 0 = ${stateCode.ready} AND t.tied IS NULL FOR UPDATE OF t SKIP LOCKED`;

/**
 * $6 namespace, $7 queues, $8 limit, $9 bytes at most. The first row tells the transaction's number, or what stood in the way, if there
 * is anything to tell. The chosen rows, which are locked, are found by an array of where they are: the planner, which does not know the
 * limit, takes a tenth of all tasks to be chosen, and a join with them would go through all that came before, also what has long ended. A
 * row that somebody wrote in the moment before it was locked is elsewhere by then, and left out.
 */
const textOf = (source: string): string => `
  WITH asked AS MATERIALIZED (
    SELECT q.id, q.gated FROM namespaces n JOIN queues q ON q.namespace = n.id
    WHERE n.name = $6 AND q.name = ANY ($7::text[]) AND ${handsOut}),
  open AS MATERIALIZED (SELECT id FROM asked WHERE NOT EXISTS (SELECT FROM asked WHERE gated)),
  picked AS MATERIALIZED (${source}),
  placed AS (
    SELECT ctid, seq, deadline_at, row_number() OVER best AS place, sum(content_bytes) OVER best AS bytes FROM picked
    WINDOW best AS (ORDER BY priority DESC, seq ROWS UNBOUNDED PRECEDING)),
  fitting AS MATERIALIZED (SELECT ctid, seq, place, deadline_at FROM placed WHERE place <= $8 AND (place = 1 OR bytes <= $9::int8)),
  overdue AS MATERIALIZED (SELECT seq FROM fitting WHERE deadline_at <= $3::int8),
  l AS (
    UPDATE tasks t SET ${leaseSet}
    WHERE t.ctid = ANY (ARRAY(SELECT ctid FROM fitting)) AND NOT EXISTS (SELECT FROM overdue) RETURNING ${leaseReturning})
  SELECT ${leaseColumns}, 0 AS kind, f.place FROM l JOIN fitting f ON f.seq = l.seq ${leaseJoins}
  UNION ALL SELECT pg_current_xact_id_if_assigned()::text::int8, ${nothing}, -1, NULL WHERE EXISTS (SELECT FROM l)
  UNION ALL SELECT seq, ${nothing}, 1, NULL FROM overdue
  UNION ALL SELECT NULL, ${nothing}, 2, NULL WHERE EXISTS (SELECT FROM asked WHERE gated)
  ORDER BY kind, place`;

const nothing = new Array<string>(15).fill("NULL").join(", ");

type FoundRow = readonly [...leased: LeasedRow, kind: -1 | 0 | 1 | 2, place: number | null];
const claimOfOne = statement<FoundRow>(textOf(ofOne));
const claimOfSeveral = statement<FoundRow>(textOf(ofSeveral));

/** Leases the best ready tasks of queues that hand out as one. */
export async function claimInOrder(work: Work, want: ClaimRequest): Promise<InOrder> {
  const { db, epoch, numbering } = work;
  const { namespace, limit, contentBytesMax, now, leaseMs, graceMs, worker } = want;
  const names = [...new Set(want.queues)];
  const rows = await db.rows(
    names.length === 1 ? claimOfOne : claimOfSeveral,
    ...[epoch, worker, now, now + graceMs, leaseMs, namespace],
    texts(names),
    ...[limit, contentBytesMax],
  );
  if (kindOf(rows[0]) === -1) numbering.xid = String(rows.shift()?.[0]);
  const kind = kindOf(rows[0]);
  if (kind === 2) return { kind: "gated" };
  if (kind === 1) return { kind: "overdue", seqs: rows.map(([seq]) => seq) };
  return { kind: "leased", leased: rows.map((row) => leasedOf(work, namespace, row)) };
}

const kindOf = (row: FoundRow | undefined): FoundRow[16] | undefined => row?.[16];
