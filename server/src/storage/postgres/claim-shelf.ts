import { isSatisfied, labelsOfLane } from "../../model/gate.ts";
import { stages } from "../../model/gatekeeper.ts";
import type { Instant, QueueName } from "../../model/ids.ts";
import type { ClaimRequest } from "../../ports/task-store.ts";
import { stateCode } from "../sql/codes.ts";
import type { Candidate, Line } from "../sql/pick.ts";
import { int4s, texts } from "./arrays.ts";
import type { Picture } from "./gate-picture.ts";
import type { QueueEntry } from "./queue-registry.ts";
import { handsOut } from "./queues.ts";
import { type Session, statement } from "./session.ts";
import { type Tie, type TieRow, tieColumns, tieOf } from "./ties.ts";
import type { Work } from "./work.ts";

/** A queue that hands out, and how many of its tasks are leased. */
export type OpenQueue = QueueEntry & {
  readonly isGated: boolean;
  readonly turn: number | undefined;
  readonly leased: number;
};

// Whoever claims from a queue with limits or tied tasks holds the gates of its namespace from here on, and sees all that was leased.
const lockGated = statement(`
  SELECT pg_advisory_xact_lock($1::int4, n.id + $2::int4) FROM namespaces n
  WHERE n.name = $3 AND EXISTS (SELECT FROM queues q WHERE q.namespace = n.id AND q.name = ANY ($4::text[]) AND q.gated)`);
const selectOpen = statement<
  [id: number, space: number, name: QueueName, gated: boolean, turn: number | null, leased: number]
>(`
  SELECT q.id, n.id, q.name, q.gated, q.turn, (SELECT coalesce(sum(d.leased), 0)::int8 FROM depths d WHERE d.queue = q.id)
  FROM namespaces n JOIN queues q ON q.namespace = n.id
  WHERE n.name = $1 AND q.name = ANY ($2::text[]) AND ${handsOut}`);

/** The queues of a claim that hand out. */
export async function openQueues(
  { db, lockClass, queues, ledger }: Work,
  { namespace, queues: asked }: ClaimRequest,
  firstGates: number,
): Promise<readonly OpenQueue[]> {
  const names = texts([...new Set(asked)]);
  const [, rows] = await Promise.all([
    db.rows(lockGated, lockClass, firstGates, namespace, names),
    db.rows(selectOpen, namespace, names),
  ]);
  return rows.map(([id, namespaceId, name, isGated, turn, leased]) => {
    const entry = queues.know({ id, namespaceId, namespace, name });
    // What this transaction has done to the queue is not written yet.
    return {
      ...entry,
      isGated,
      turn: turn ?? undefined,
      leased: leased + ledger.pending(entry, stateCode.leased),
    };
  });
}

/** A task that may be taken, and whether it has waited too long. */
export type Item = Candidate<Tie> & { readonly isOverdue: boolean };

type FreeRow = readonly [seq: number, priority: number, contentBytes: number, deadlineAt: Instant | null];
const selectFree = statement<FreeRow>(`
  SELECT seq, priority, content_bytes, deadline_at FROM tasks
  WHERE queue = $1 AND state = ${stateCode.ready} AND tied IS NULL ORDER BY priority DESC, seq LIMIT $2`);
// Deadlines are looked up one by one: the planner, which does not know the limit, would join with all tasks there are.
const selectTied = statement<[...TieRow, deadlineAt: Instant | null]>(`
  SELECT ${tieColumns}, (SELECT t.deadline_at FROM tasks t WHERE t.seq = x.seq)
  FROM ties x WHERE x.queue = $1 AND x.lane = $2 AND x.state = ${stateCode.ready} AND x.held = ${stages.free}
  ORDER BY x.priority DESC, x.turn, x.seq LIMIT $3`);
const free = `state = ${stateCode.ready} AND held = ${stages.free}`;
const selectLanes = statement<[queue: number, lane: string]>(`
  WITH RECURSIVE l AS (
    SELECT first.* FROM unnest($1::int4[]) AS u(queue) CROSS JOIN LATERAL (
      SELECT queue, lane FROM ties x WHERE x.queue = u.queue AND ${free} ORDER BY lane LIMIT 1) first
    UNION ALL
    SELECT next.* FROM l CROSS JOIN LATERAL (
      SELECT queue, lane FROM ties x WHERE x.queue = l.queue AND x.lane > l.lane AND ${free} ORDER BY lane LIMIT 1) next)
  SELECT queue, lane FROM l`);

/** The sets of labels that free tasks of queues ask for. */
export const readLanes = (
  db: Session,
  queues: readonly number[],
): Promise<[queue: number, lane: string][]> =>
  queues.length === 0 ? Promise.resolve([]) : db.rows(selectLanes, int4s(queues));

/** What may be taken from some queues, read as far as it is needed. */
export type Shelf = {
  /** Lines to take from, from their beginnings; a task that is not read yet is asked for. */
  lines(): readonly Line<OpenQueue, Tie>[];
  itemOf(seq: number): Item | undefined;
};

/** One line of it, as far as it was read. */
type Stock = {
  readonly queue: OpenQueue;
  readonly lane: string | undefined;
  items: readonly Item[];
  asked: number;
};

/** Lays out what queues have; without those that another server is about to take. */
export async function layOut(
  db: Session,
  want: ClaimRequest,
  { queues, taken, ask }: { queues: readonly OpenQueue[]; taken: ReadonlySet<number>; ask: Picture["want"] },
): Promise<Shelf> {
  const gated = queues.filter(({ isGated }) => isGated).map(({ id }) => id);
  const lanes = await readLanes(db, gated);
  const stocks = queues.flatMap((queue): Stock[] => {
    const own = lanes.filter(([id, lane]) => id === queue.id && isSatisfied(labelsOfLane(lane), want.labels));
    return [undefined, ...own.map(([, lane]) => lane)].map((lane) => ({ queue, lane, items: [], asked: 0 }));
  });
  const known = new Map<number, Item>();
  const firstLook = Math.max(16, Math.ceil(want.limit / Math.max(1, queues.length))) + taken.size;

  async function stock(line: Stock): Promise<void> {
    line.asked = line.asked === 0 ? firstLook : line.asked * 4;
    const { queue, lane, asked } = line;
    const items =
      lane === undefined
        ? (await db.rows(selectFree, queue.id, asked)).map((row) => itemOfFree(row, want.now))
        : (await db.rows(selectTied, queue.id, lane, asked)).map((row) => itemOfTied(row, want.now));
    line.items = items.filter(({ seq }) => !taken.has(seq));
    for (const item of items) known.set(item.seq, item);
    if (items.length < asked) line.asked = Number.POSITIVE_INFINITY;
  }

  await Promise.all(stocks.map(stock));
  return {
    itemOf: (seq) => known.get(seq),
    lines: () => stocks.map((each) => lineOf(each, () => ask(() => stock(each)))),
  };
}

function lineOf(stock: Stock, askMore: () => never): Line<OpenQueue, Tie> {
  let at = 0;
  return {
    queue: stock.queue,
    first: () => stock.items[at] ?? (stock.asked === Number.POSITIVE_INFINITY ? undefined : askMore()),
    drop() {
      at += 1;
    },
  };
}

const itemOfFree = ([seq, priority, contentBytes, deadlineAt]: FreeRow, now: Instant): Item => ({
  ...{ seq, priority, turn: 0, contentBytes, tie: undefined },
  isOverdue: deadlineAt !== null && deadlineAt <= now,
});

function itemOfTied(row: readonly [...TieRow, deadlineAt: Instant | null], now: Instant): Item {
  const tie = tieOf(row.slice(0, -1) as unknown as TieRow);
  const deadlineAt = row.at(-1) as Instant | null;
  return { ...tie, tie, isOverdue: deadlineAt !== null && deadlineAt <= now };
}
