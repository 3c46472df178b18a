import type { Bytes, Instant, TaskRef } from "../../model/ids.ts";
import type { Task, TaskHead } from "../../model/task.ts";
import { stateCode } from "../sql/codes.ts";
import { type HeadRow, headColumns, headOf } from "../sql/task-row.ts";
import { texts } from "./arrays.ts";
import { headJoins, sideJoins } from "./head-joins.ts";
import { withLinks } from "./links.ts";
import { placesOf } from "./places.ts";
import { type Session, statement } from "./session.ts";

/** The columns that make a head a task in full, and what they need beside headColumns. */
export const fullColumns = `${headColumns}, c.content, r.result, r.failure, k.key, k.duplicates`;
export const fullJoins = "LEFT JOIN results r ON r.seq = t.seq LEFT JOIN unique_claims k ON k.seq = t.seq";

/** One row of fullColumns. */
export type FullRow = readonly [
  ...HeadRow,
  content: Bytes,
  result: Bytes | null,
  failure: Bytes | null,
  key: string | null,
  duplicates: number | null,
];

/** The tasks that rows mean, with their links, what they are handed, and where they are in their canvases. */
export async function tasksOf(db: Session, rows: readonly FullRow[]): Promise<readonly Task[]> {
  const tasks = rows.map((row) => ({ seq: row[0], task: taskOf(row) }));
  const known = tasks.map(({ seq, task: { policy } }) => ({ seq, policy }));
  const [linked, places] = await Promise.all([withLinks(db, tasks), placesOf(db, known)]);
  if (places.size === 0) return linked;
  return linked.map((task, at) => ({ ...task, ...places.get(rows[at]?.[0] ?? 0) }));
}

function taskOf(row: FullRow): Task {
  const [content, result, failure, key, duplicates] = row.slice(-5) as [
    Bytes,
    Bytes | null,
    Bytes | null,
    string | null,
    number | null,
  ];
  return {
    ...headOf(row.slice(0, -5) as unknown as HeadRow),
    content,
    result: result ?? undefined,
    failure: failure ?? undefined,
    ...(key !== null && { claim: { key, duplicates: duplicates ?? 0 } }),
  };
}

const asked = `
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked(namespace, id, at)
    JOIN namespaces s ON s.name = asked.namespace JOIN contents c ON c.namespace = s.id AND c.id = asked.id
    JOIN tasks t ON t.seq = c.seq ${sideJoins}`;

const selectFull = statement<[...FullRow, at: number]>(
  `SELECT ${fullColumns}, asked.at ${asked} ${fullJoins}`,
);
const selectHeads = statement<[...HeadRow, at: number]>(`SELECT ${headColumns}, asked.at ${asked}`);

const columnsOf = (refs: readonly TaskRef[]): Buffer[] => [
  texts(refs.map(({ namespace }) => namespace)),
  texts(refs.map(({ id }) => id)),
];

/** Reads tasks in full, in the order asked. */
export async function read(db: Session, refs: readonly TaskRef[]): Promise<readonly (Task | undefined)[]> {
  const rows = refs.length === 0 ? [] : await db.rows(selectFull, ...columnsOf(refs));
  const tasks = await tasksOf(
    db,
    rows.map((row) => row.slice(0, -1) as unknown as FullRow),
  );
  const found = new Map(rows.map((row, i) => [row.at(-1), tasks[i]]));
  return refs.map((_, at) => found.get(at + 1));
}

/** Reads what decisions need, in the order asked. */
export async function readHeads(
  db: Session,
  refs: readonly TaskRef[],
): Promise<readonly (TaskHead | undefined)[]> {
  const rows = refs.length === 0 ? [] : await db.rows(selectHeads, ...columnsOf(refs));
  const found = new Map(rows.map((row) => [row.at(-1), headOf(row.slice(0, -1) as unknown as HeadRow)]));
  return refs.map((_, at) => found.get(at + 1));
}

const timers = (state: number, isBefore: "<" | "<=") =>
  statement<HeadRow>(`
    SELECT ${headColumns} FROM tasks t ${headJoins}
    WHERE t.state = ${state} AND t.state <> ${stateCode.ready} AND t.timer_at ${isBefore} $1
    ORDER BY t.timer_at, t.seq LIMIT $2`);
const selectDue = timers(stateCode.scheduled, "<=");
const selectExpired = timers(stateCode.leased, "<");

/** Scheduled tasks whose time has come, earliest first. */
export const dueTasks = async (db: Session, now: Instant, limit: number): Promise<readonly TaskHead[]> =>
  (await db.rows(selectDue, now, limit)).map(headOf);

/** Leased tasks whose lease is over, earliest first. */
export const expiredLeases = async (db: Session, now: Instant, limit: number): Promise<readonly TaskHead[]> =>
  (await db.rows(selectExpired, now, limit)).map(headOf);
