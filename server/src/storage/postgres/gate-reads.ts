import { scoped } from "../../model/gate.ts";
import { type LimitedGate, type Stage, stages } from "../../model/gatekeeper.ts";
import { stateCode } from "../sql/codes.ts";
import { texts } from "./arrays.ts";
import { type Session, type Statement, statement } from "./session.ts";
import { type Tie, type TieRow, tieColumns, tieOf } from "./ties.ts";

/**
 * What is asked of ties to decide who passes which gate. Each question is answered by a stretch of an index, however many wait, and
 * under the lock of the gates of their namespace, so that the answers are true until the transaction ends.
 */

/** A line at a gate: the tasks of one queue that ask for the same labels and, at the gate of a key, have one name. */
export type Place = { readonly queue: number; readonly lane: string; readonly name: string };

/** A line as it is found: how many of it are leased, and how many have passed and wait for their lease. */
export type LineCount = Place & { readonly leased: number; readonly passed: number };

type Questions = {
  readonly lines: Statement<[queue: number, lane: string, name: string, leased: number, passed: number]>;
  readonly waiting: Statement<TieRow>;
  readonly passed: readonly Statement<TieRow>[];
};

const order = "x.priority DESC, x.turn, x.seq";
const reversed = "x.priority, x.turn DESC, x.seq DESC";

function questionsOf(kind: LimitedGate["kind"]): Questions {
  const isKey = kind === "key";
  const parts = isKey ? ["queue", "lane", "limit_name"] : ["queue", "lane"];
  const named = (of: string) => parts.map((part) => `${of}.${part}`).join(", ");
  const third = isKey ? "l.limit_name" : "''";
  // Whoever waits at a later gate has passed this one.
  const later = stagesBehind(kind);
  const own = `x.limit_${kind} = $1 AND ${parts.map((part) => `x.${part} = l.${part}`).join(" AND ")}`;
  const line = `x.limit_${kind} = $1 AND x.queue = $2 AND x.lane = $3${isKey ? " AND x.limit_name = $4" : " AND $4 = ''"}`;
  const ready = `${line} AND x.state = ${stateCode.ready}`;
  return {
    // From line to line by one step into the index each.
    lines: statement(`
      WITH RECURSIVE l AS (
        (SELECT ${named("x")} FROM ties x WHERE x.limit_${kind} = $1 ORDER BY ${named("x")} LIMIT 1)
        UNION ALL
        SELECT next.* FROM l CROSS JOIN LATERAL (
          SELECT ${named("x")} FROM ties x WHERE x.limit_${kind} = $1 AND (${named("x")}) > (${named("l")})
          ORDER BY ${named("x")} LIMIT 1) next)
      SELECT l.queue, l.lane, ${third},
        (SELECT count(*) FROM ties x WHERE ${own} AND x.state = ${stateCode.leased}),
        (SELECT count(*) FROM ties x WHERE ${own} AND x.state = ${stateCode.ready} AND x.held IN (${later.join(", ")}))
      FROM l`),
    waiting: statement(
      `SELECT ${tieColumns} FROM ties x WHERE ${ready} AND x.held = ${stages[kind]} ORDER BY ${order} LIMIT $5`,
    ),
    passed: later.map((stage) =>
      statement<TieRow>(
        `SELECT ${tieColumns} FROM ties x WHERE ${ready} AND x.held = ${stage} ORDER BY ${reversed} LIMIT $5`,
      ),
    ),
  };
}

/** The stages of ready tasks that have passed the gates of a kind. */
export function stagesBehind(kind: LimitedGate["kind"]): readonly Stage[] {
  return kind === "key" ? [stages.free, stages.name] : [stages.free];
}

const questions = { key: questionsOf("key"), name: questionsOf("name") };

/** The lines of a gate, those in which somebody stands at least. */
export const readLines = async (db: Session, { kind, text }: LimitedGate): Promise<LineCount[]> =>
  (await db.rows(questions[kind].lines, text)).map(([queue, lane, name, leased, passed]) => ({
    queue,
    lane,
    name,
    leased,
    passed,
  }));

/** A line at a gate. */
export type Line = { readonly gate: LimitedGate; readonly place: Place };

/** Who of a line waits at the gate, in the order of grants: one list. */
export const readWaiting = async (db: Session, line: Line, limit: number): Promise<Tie[][]> => [
  await readStretch(db, questions[line.gate.kind].waiting, line, limit),
];

/** Who of a line has passed and waits for the lease, the last first: a list for each later gate. */
export const readPassed = (db: Session, line: Line, limit: number): Promise<Tie[][]> =>
  Promise.all(questions[line.gate.kind].passed.map((select) => readStretch(db, select, line, limit)));

async function readStretch(
  db: Session,
  select: Statement<TieRow>,
  { gate, place: { queue, lane, name } }: Line,
  limit: number,
): Promise<Tie[]> {
  const third = gate.kind === "key" ? name : "";
  return (await db.rows(select, gate.text, queue, lane, third, limit)).map(tieOf);
}

const selectFirsts = statement<TieRow>(`
  SELECT ${tieColumns} FROM unnest($1::text[]) AS u(ordering_key) CROSS JOIN LATERAL (
    SELECT * FROM ties t WHERE t.ordering_key = u.ordering_key ORDER BY t.seq LIMIT 1) x`);

/** The first task of each ordering key that has not ended. */
export const readFirsts = async (db: Session, keys: readonly string[]): Promise<Tie[]> =>
  keys.length === 0 ? [] : (await db.rows(selectFirsts, texts(keys))).map(tieOf);

const selectDue = statement<[namespace: string, subject: string, dueAt: number]>(`
  SELECT n.name, l.subject, l.due_at FROM limits l JOIN namespaces n ON n.id = l.namespace
  WHERE l.kind = $1 AND n.name || ' ' || l.subject = ANY ($2::text[])`);

/** When the next grants of limits are due, by their subjects with their namespaces before them. */
export const readDue = async (
  db: Session,
  kind: number,
  subjects: readonly string[],
): Promise<ReadonlyMap<string, number>> =>
  new Map(
    (await db.rows(selectDue, kind, texts(subjects))).map(([namespace, subject, dueAt]) => [
      scoped(namespace, subject),
      dueAt,
    ]),
  );
