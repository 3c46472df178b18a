import type { Barrier } from "../../model/canvas.ts";
import type { BarrierId, BarrierRef, Bytes, Instant, Namespace, TaskId, TaskName } from "../../model/ids.ts";
import type { BarrierPage, MemberOutcome, MemberPage, Rest } from "../../ports/canvas-reader.ts";
import { reasonOfCode, states } from "../sql/codes.ts";
import { type HeadRow, headColumns, headOf } from "../sql/task-row.ts";
import { texts } from "./arrays.ts";
import { type BarrierRow, barrierColumns, barrierOf, barrierStates } from "./barrier-rows.ts";
import { headJoins } from "./head-joins.ts";
import { numberOf } from "./number-of.ts";
import { type Session, statement } from "./session.ts";

const selectSome = statement<[at: number, ...BarrierRow]>(`
  SELECT u.at, ${barrierColumns} FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u(namespace, id, at)
    JOIN barriers b ON b.namespace = ${numberOf("u.namespace")} AND b.id = u.id`);

/** Reads barriers, in the order asked; undefined where there is none. */
export async function readBarriers(
  db: Session,
  refs: readonly BarrierRef[],
): Promise<readonly (Barrier | undefined)[]> {
  if (refs.length === 0) return [];
  const names = texts(refs.map(({ namespace }) => namespace));
  const rows = await db.rows(selectSome, names, texts(refs.map(({ id }) => id)));
  const found = new Map(rows.map(([at, ...row]) => [at, row]));
  return refs.map(({ namespace }, at) => {
    const row = found.get(at + 1);
    return row && barrierOf(namespace, row);
  });
}

const selectOf = statement<BarrierRow>(`
  SELECT ${barrierColumns} FROM barriers b WHERE b.namespace = ${numberOf("$1")} AND b.canvas = $2 AND b.id > $3 ORDER BY b.id LIMIT $4`);

/** The barriers of a canvas, by id. */
export const listBarriers = async (
  db: Session,
  { namespace, canvas, after, limit }: BarrierPage,
): Promise<readonly Barrier[]> =>
  (await db.rows(selectOf, namespace, canvas, after ?? "", limit)).map((row) => barrierOf(namespace, row));

type MemberRow = readonly [
  place: number,
  state: number,
  isBarrier: boolean,
  source: string,
  name: TaskName | null,
  reason: number | null,
  attempt: number | null,
  result: Bytes | null,
  failure: Bytes | null,
];
// How long they are is known without reading them. Each is looked up by itself: a plan that is made while the tables are empty would go
// through all of them for each member.
const selectMembers = statement<MemberRow>(`
  SELECT s.place, s.state, s.is_barrier, s.source, s.name, s.reason, s.attempt, s.result, s.failure FROM (
    SELECT f.*, row_number() OVER wanted AS at,
      sum(coalesce(length(f.result), 0) + coalesce(length(f.failure), 0)) OVER wanted AS bytes
    FROM (
      SELECT m.place, m.state, m.is_barrier, m.source, CASE WHEN t.seq IS NOT NULL THEN c.name END AS name, t.reason, t.attempt,
        r.result, r.failure
      FROM members m
        LEFT JOIN LATERAL (SELECT * FROM contents o
          WHERE o.namespace = ${numberOf("$1")} AND o.id = m.source AND NOT m.is_barrier OFFSET 0) c ON true
        LEFT JOIN LATERAL (SELECT * FROM tasks o WHERE o.seq = c.seq OFFSET 0) t ON true
        LEFT JOIN LATERAL (SELECT * FROM results o WHERE o.seq = t.seq OFFSET 0) r ON true
      WHERE m.namespace = ${numberOf("$1")} AND m.barrier = $2 AND m.place > $3 ORDER BY m.place LIMIT $4) f
    WINDOW wanted AS (ORDER BY f.place ROWS UNBOUNDED PRECEDING)) s
  WHERE s.at = 1 OR s.bytes <= $5 ORDER BY s.place`);

/** The members of a barrier that have ended, by their index. */
export async function readMembers(
  db: Session,
  { ref, after = -1, limit, bytesMax }: MemberPage,
): Promise<readonly MemberOutcome[]> {
  const rows = await db.rows(selectMembers, ref.namespace, ref.id, after, limit, bytesMax);
  return rows.map(([index, state, isBarrier, source, name, reason, attempt, result, failure]) => ({
    index,
    state: terminalOf(state),
    source: isBarrier ? { kind: "barrier", id: source as BarrierId } : { kind: "task", id: source as TaskId },
    ...{ name: name ?? undefined, attempt: attempt ?? 0 },
    reason: reason === null ? undefined : reasonOfCode(reason),
    ...{ result: result ?? undefined, failure: failure ?? undefined },
  }));
}

/** Members are kept when they have ended. */
const terminalOf = (code: number): MemberOutcome["state"] => states.word(code) as MemberOutcome["state"];

type RefRow = readonly [namespace: Namespace, id: BarrierId];
const refOf = ([namespace, id]: RefRow): BarrierRef => ({ namespace, id });

const open = `b.state = ${barrierStates.code("open")}`;
const selectWithRest = statement<RefRow>(
  "SELECT n.name, b.id FROM barriers b JOIN namespaces n ON n.id = b.namespace WHERE b.rest LIMIT $1",
);
const selectOverdue = statement<RefRow>(`
  SELECT n.name, b.id FROM barriers b JOIN namespaces n ON n.id = b.namespace
  WHERE ${open} AND b.deadline IS NOT NULL AND b.deadline <= $1 ORDER BY b.deadline LIMIT $2`);
const ownSpace = numberOf("$1");
const selectRestTasks = statement<HeadRow>(`
  SELECT ${headColumns} FROM places p JOIN tasks t ON t.seq = p.seq ${headJoins}
  WHERE p.namespace = ${ownSpace} AND p.barrier = $2 AND p.goes_on ORDER BY p.seq LIMIT $3`);
const selectRestBarriers = statement<RefRow>(`
  SELECT n.name, b.id FROM barriers b JOIN namespaces n ON n.id = b.namespace
  WHERE b.namespace = ${ownSpace} AND b.parent = $2 AND b.parent IS NOT NULL AND ${open} LIMIT $3`);

/** Barriers that have ended before their members and are not swept. */
export const barriersWithRest = async (db: Session, limit: number): Promise<readonly BarrierRef[]> =>
  (await db.rows(selectWithRest, limit)).map(refOf);

/** Open canvases whose deadline is over, earliest first. */
export const overdueCanvases = async (
  db: Session,
  now: Instant,
  limit: number,
): Promise<readonly BarrierRef[]> => (await db.rows(selectOverdue, now, limit)).map(refOf);

/** What goes on directly under a barrier. */
export async function readRest(db: Session, { namespace, id }: BarrierRef, limit: number): Promise<Rest> {
  const [tasks, barriers] = await Promise.all([
    db.rows(selectRestTasks, namespace, id, limit),
    db.rows(selectRestBarriers, namespace, id, limit),
  ]);
  return { tasks: tasks.map(headOf), barriers: barriers.map(refOf) };
}
