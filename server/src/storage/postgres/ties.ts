import type { Stage, Tied } from "../../model/gatekeeper.ts";
import { stateCode } from "../sql/codes.ts";
import { int2s, int4s, int8s, texts } from "./arrays.ts";
import { type Session, statement } from "./session.ts";

/** A tied task as its row says. */
export type Tie = Tied & {
  readonly namespaceId: number;
  /** The number of its queue. */
  readonly queue: number;
  readonly contentBytes: number;
  readonly lane: string;
  readonly state: number;
  readonly held: Stage;
};

/**
 * Where a task stands that has just become ready, until the gates are tended, which is before the transaction ends and before anybody
 * in it looks for ready tasks: in no line, and past no gate.
 */
export const undecided = 9;

export type TieRow = readonly [
  seq: number,
  namespaceId: number,
  queue: number,
  priority: number,
  turn: number,
  contentBytes: number,
  lane: string,
  state: number,
  held: number,
  limitName: string,
  limitKey: string | null,
  orderingKey: string | null,
];

export const tieColumns = `
  x.seq, x.namespace, x.queue, x.priority, x.turn, x.content_bytes, x.lane, x.state, x.held, x.limit_name, x.limit_key, x.ordering_key`;

/** The tie that a row means. */
export function tieOf(row: TieRow): Tie {
  const [seq, namespaceId, queue, priority, turn, contentBytes, lane, state, held, limitName, ...keys] = row;
  const [limitKey, orderingKey] = keys;
  return {
    ...{ seq, namespaceId, queue, priority, turn, contentBytes, lane, state, held: held as Stage, limitName },
    limitKey: limitKey ?? undefined,
    orderingKey: orderingKey ?? undefined,
  };
}

const select = statement<TieRow>(
  `SELECT ${tieColumns} FROM unnest($1::int8[]) AS asked(seq) JOIN ties x ON x.seq = asked.seq`,
);
const insert = statement(`
  INSERT INTO ties (seq, namespace, queue, priority, turn, content_bytes, lane, state, held, limit_name, limit_key, ordering_key)
  SELECT * FROM unnest($1::int8[], $2::int4[], $3::int4[], $4::int2[], $5::int8[], $6::int4[], $7::text[], $8::int2[], $9::int2[],
    $10::text[], $11::text[], $12::text[])`);
// Tasks that were free so far, and had no keys.
const bindAll = statement<[seq: number, queue: number, state: number]>(`
  WITH bound AS (
    INSERT INTO ties (seq, namespace, queue, priority, turn, content_bytes, lane, state, held, limit_name)
    SELECT t.seq, t.namespace, t.queue, t.priority, 0, t.content_bytes, '', t.state, 0, n.name || ' ' || c.name
    FROM unnest($1::int8[]) AS u(seq) JOIN tasks t ON t.seq = u.seq JOIN contents c ON c.seq = t.seq
      JOIN namespaces n ON n.id = t.namespace WHERE t.tied IS NULL
    RETURNING seq)
  UPDATE tasks t SET tied = true FROM bound b WHERE t.seq = b.seq RETURNING t.seq, t.queue, t.state`);
const move = statement(`
  UPDATE ties x SET state = u.state, held = u.held FROM unnest($1::int8[], $2::int2[], $3::int2[]) AS u(seq, state, held)
  WHERE x.seq = u.seq`);
const rewrite = statement("UPDATE ties SET queue = $1, priority = $2, turn = $3 WHERE seq = $4");
const drop = statement("DELETE FROM ties WHERE seq = ANY ($1::int8[])");
const gate = statement("UPDATE queues SET gated = true WHERE id = ANY ($1::int4[]) AND NOT gated");

/** Reads the ties with these numbers. */
export const readTies = async (db: Session, seqs: readonly number[]): Promise<Tie[]> =>
  seqs.length === 0 ? [] : (await db.rows(select, int8s(seqs))).map(tieOf);

/** Adds ties, to queues from which claims take with care from then on. */
export async function insertTies(db: Session, ties: readonly Tie[]): Promise<void> {
  if (ties.length === 0) return;
  await Promise.all([
    db.run(
      insert,
      int8s(ties.map(({ seq }) => seq)),
      int4s(ties.map(({ namespaceId }) => namespaceId)),
      int4s(ties.map(({ queue }) => queue)),
      int2s(ties.map(({ priority }) => priority)),
      int8s(ties.map(({ turn }) => turn)),
      int4s(ties.map(({ contentBytes }) => contentBytes)),
      texts(ties.map(({ lane }) => lane)),
      int2s(ties.map(({ state }) => state)),
      int2s(ties.map(({ held }) => held)),
      texts(ties.map(({ limitName }) => limitName)),
      texts(ties.map(({ limitKey }) => limitKey)),
      texts(ties.map(({ orderingKey }) => orderingKey)),
    ),
    gateQueues(
      db,
      ties.map(({ queue }) => queue),
    ),
  ]);
}

/** Claims from these queues look at gates from now on. */
export const gateQueues = (db: Session, queues: readonly number[]): Promise<number> =>
  db.run(gate, int4s([...new Set(queues)].sort((a, b) => a - b)));

/** Ties tasks that were free so far; answers which, and whether any of them is leased. */
export async function bindTasks(
  db: Session,
  seqs: readonly number[],
): Promise<{ readonly hasLeased: boolean }> {
  const bound = seqs.length === 0 ? [] : await db.rows(bindAll, int8s(seqs));
  await gateQueues(
    db,
    bound.map(([, queue]) => queue),
  );
  return { hasLeased: bound.some(([, , state]) => state === stateCode.leased) };
}

/** Where a tie is from now on. */
export type Standing = { readonly seq: number; readonly state: number; readonly held: number };

/** Moves ties. */
export async function moveTies(db: Session, moves: readonly Standing[]): Promise<void> {
  if (moves.length === 0) return;
  await db.run(
    move,
    int8s(moves.map(({ seq }) => seq)),
    int2s(moves.map(({ state }) => state)),
    int2s(moves.map(({ held }) => held)),
  );
}

/** Writes what an edit changes about a task that waits. */
export const rewriteTie = (
  db: Session,
  { queue, priority, turn, seq }: Pick<Tie, "queue" | "priority" | "turn" | "seq">,
): Promise<number> => db.run(rewrite, queue, priority, turn, seq);

/** Takes out the ties of tasks that have ended. */
export async function dropTies(db: Session, seqs: readonly number[]): Promise<void> {
  if (seqs.length > 0) await db.run(drop, int8s(seqs));
}
