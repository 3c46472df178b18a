import type { EventPosition, TaskEvent } from "../../model/event.ts";
import type { Instant, Namespace, QueueName } from "../../model/ids.ts";
import type { EventPage } from "../../ports/event-store.ts";
import { unpackFacts } from "../sql/event-facts.ts";
import { type Session, statement } from "./session.ts";
import type { Work } from "./work.ts";

type EventRow = readonly [
  row: number,
  run: number,
  namespace: Namespace | null,
  queue: QueueName | null,
  facts: Uint8Array,
  isSettled: boolean,
];

// A row counts as settled when no transaction with a lower number is under way: until then one could come to be before it.
const select = statement<EventRow>(`
  SELECT e.row, r.at, n.name, q.name, r.facts, e.xid < pg_snapshot_xmin(pg_current_snapshot())
  FROM (SELECT * FROM events WHERE row >= $1 ORDER BY row LIMIT $2) e
    CROSS JOIN LATERAL unnest(e.queues, e.facts) WITH ORDINALITY AS r(queue, facts, at)
    LEFT JOIN queues q ON q.id = r.queue LEFT JOIN namespaces n ON n.id = q.namespace
  ORDER BY e.row, r.at`);
const selectDropped = statement<[row: number | null, index: number | null]>(
  "SELECT dropped_row, dropped_index FROM store",
);

/** So many rows are read at a time: each has one event at least. */
const rowsMax = 1000;
/** How often, and how long apart, it is looked again whether rows have settled. Ours do within the time of a commit. */
const looksMax = 20;
const lookMs = 5;

/** What the log says after a place in it. */
export async function readEvents(
  db: Session,
  after: EventPosition | undefined,
  limit: number,
): Promise<EventPage> {
  const [dropped] = await db.rows(selectDropped);
  const events: TaskEvent[] = [];
  let from = after;
  while (events.length < limit) {
    const rows = await readSettled(db, from?.row ?? 0, Math.min(rowsMax, limit + 1));
    const more = factsOf(rows).filter(({ position }) => isAfter(position, from));
    for (const fact of more) {
      if (events.length === limit) break;
      from = fact.position;
      if (isTold(fact)) events.push(fact);
    }
    if (more.length === 0) break;
  }
  return { events, truncated: wasTruncated(after, dropped ?? [null, null]) };
}

/** Reads rows up to the first that may not be the next. Whoever wrote one of them and was answered expects to find it. */
async function readSettled(db: Session, from: number, limit: number): Promise<EventRow[]> {
  for (let look = 1; ; look += 1) {
    const rows = await db.rows(select, from, limit);
    const open = rows.findIndex((row) => !row[5]);
    if (open < 0) return rows;
    if (look === looksMax) return rows.slice(0, open);
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

/** An event; of a queue that is gone with its namespace, nothing is told. */
type Fact = Omit<TaskEvent, "namespace" | "queue"> & {
  readonly namespace: Namespace | null;
  readonly queue: QueueName | null;
};

const isTold = (fact: Fact): fact is TaskEvent => fact.namespace !== null && fact.queue !== null;

/** A transaction's events are counted over all of its runs. */
function factsOf(rows: readonly EventRow[]): Fact[] {
  const events: Fact[] = [];
  let [current, index] = [-1, 0];
  for (const [row, , namespace, queue, facts] of rows) {
    if (row !== current) [current, index] = [row, 0];
    for (const { id, ...fact } of unpackFacts(facts)) {
      events.push({ position: { row, index }, namespace, queue, taskId: id, ...fact });
      index += 1;
    }
  }
  return events;
}

const isAfter = (a: EventPosition, b: EventPosition | undefined): boolean =>
  b === undefined || a.row > b.row || (a.row === b.row && a.index > b.index);

const wasTruncated = (
  after: EventPosition | undefined,
  [row, index]: readonly [number | null, number | null],
): boolean => row !== null && isAfter({ row, index: index ?? 0 }, after);

// Of the oldest rows those that are too old, and those behind which there is more than may be. The sum comes from the index alone.
const drop = statement<[row: number, lastIndex: number]>(`
  WITH total AS (SELECT coalesce(sum(bytes), 0)::int8 AS bytes FROM events),
  oldest AS (SELECT row, newest_at, bytes FROM events ORDER BY row LIMIT $3),
  placed AS (SELECT row, newest_at, sum(bytes) OVER (ORDER BY row) - bytes AS before FROM oldest),
  kept AS (SELECT min(p.row) AS row FROM placed p, total t WHERE p.newest_at >= $1 AND t.bytes - p.before <= $2::int8)
  DELETE FROM events WHERE row IN (SELECT p.row FROM placed p, kept k WHERE k.row IS NULL OR p.row < k.row)
  RETURNING row, last_index`);
const noteDropped = statement(`
  UPDATE store SET dropped_row = $1, dropped_index = $2 WHERE dropped_row IS NULL OR dropped_row < $1`);

/** Drops the oldest rows of the log. The place of the last event dropped is kept, so that readers hear of gaps. */
export async function truncateEvents(
  { db }: Work,
  {
    before,
    bytesMax,
    limit,
  }: { readonly before: Instant; readonly bytesMax: number; readonly limit: number },
): Promise<number> {
  const dropped = await db.rows(drop, before, bytesMax, limit);
  let last: readonly [row: number, lastIndex: number] | undefined;
  for (const each of dropped) if (last === undefined || each[0] > last[0]) last = each;
  if (last !== undefined) await db.run(noteDropped, ...last);
  return dropped.length;
}
