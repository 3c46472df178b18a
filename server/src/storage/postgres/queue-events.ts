import { isRefusal, refusalToEmit } from "../../model/admission.ts";
import type { Bytes, Instant } from "../../model/ids.ts";
import { cutLog, isBeyond, type LogTally, tallyWith, tallyWithout } from "../../model/kept-log.ts";
import { queueEventBounds, queueEventBytes } from "../../model/queue-event.ts";
import type {
  EmitVerdict,
  NewQueueEvent,
  QueueEventPage,
  QueueEventQuery,
} from "../../ports/queue-event-store.ts";
import { queueEventPageOf } from "../log-pages.ts";
import {
  type QueueEventHead,
  type QueueEventHeadRow,
  type QueueEventRow,
  queueEventColumns,
  queueEventHeadColumns,
  queueEventHeadOf,
  queueEventOf,
} from "../sql/queue-event-rows.ts";
import { int8s, texts } from "./arrays.ts";
import { openQueue } from "./open-queue.ts";
import { type Session, statement } from "./session.ts";
import type { Work } from "./work.ts";

const makeHead = statement(
  "INSERT INTO queue_event_heads (queue) VALUES ($1) ON CONFLICT (queue) DO NOTHING",
);
// Whoever adds an event, or drops one, holds it until the transaction ends.
const lockHead = statement<QueueEventHeadRow>(
  `SELECT ${queueEventHeadColumns} FROM queue_event_heads WHERE queue = $1 FOR UPDATE`,
);
const selectHead = statement<QueueEventHeadRow>(
  `SELECT ${queueEventHeadColumns} FROM queue_event_heads WHERE queue = $1`,
);
const putHead = statement(`
  UPDATE queue_event_heads SET next_place = $2, kept = $3, bytes = $4, dropped = $5, kept_from = $6 WHERE queue = $1`);
const selectById = statement<[place: number, name: string, body: Bytes]>(
  "SELECT place, name, body FROM queue_events WHERE queue = $1 AND id = $2",
);
const insert = statement(
  "INSERT INTO queue_events (queue, place, id, name, emitted_at, body) VALUES ($1, $2, $3, $4, $5, $6)",
);
const selectOldest = statement<[place: number, id: string, name: string, bodyBytes: number, at: Instant]>(`
  SELECT place, id, name, length(body), emitted_at FROM queue_events WHERE queue = $1 AND place >= $2 ORDER BY place LIMIT $3`);
const drop = statement("DELETE FROM queue_events WHERE queue = $1 AND place = ANY ($2::int8[])");

const writeHead = (db: Session, queue: number, { nextPlace, tally }: QueueEventHead): Promise<number> =>
  db.run(putHead, queue, nextPlace, tally.count, tally.bytes, tally.dropped, tally.keptFrom);

async function lock(db: Session, queue: number): Promise<QueueEventHead> {
  const [, [row]] = await Promise.all([db.run(makeHead, queue), db.rows(lockHead, queue)]);
  return queueEventHeadOf(row);
}

/** Keeps an event in the next place of its queue. */
export async function emitQueueEvent(
  work: Work,
  { ref, id, name, body, now }: NewQueueEvent,
): Promise<EmitVerdict> {
  const { db, rooms, limits } = work;
  const queue = await openQueue(work, ref, now);
  if (isRefusal(queue)) return queue;
  const refusal = refusalToEmit(rooms.space(ref.namespace), rooms.queue(queue));
  if (refusal !== undefined) return refusal;
  const { nextPlace, tally: before } = await lock(db, queue.id);
  const [same] = await db.rows(selectById, queue.id, id);
  if (same !== undefined) {
    const [offset, sameName, sameBody] = same;
    const isSame = sameName === name && Buffer.compare(sameBody, body) === 0;
    return isSame ? { kind: "duplicate", offset } : { kind: "exists" };
  }
  await db.run(insert, queue.id, nextPlace, id, name, now, Buffer.from(body));
  const bounds = queueEventBounds(limits);
  const tally = await dropOldest(
    db,
    queue.id,
    tallyWith(before, queueEventBytes({ id, name, body })),
    (left) => isBeyond(left, bounds),
  );
  await writeHead(db, queue.id, { nextPlace: nextPlace + 1, tally });
  work.ledger.emitted(ref);
  return { kind: "emitted", offset: nextPlace };
}

/** Drops the oldest events of a queue as long as they have to go; answers the tally after that. */
async function dropOldest(
  db: Session,
  queue: number,
  tally: LogTally,
  mustGo: (tally: LogTally, at: Instant) => boolean,
): Promise<LogTally> {
  let left = tally;
  for (;;) {
    const oldest = left.count === 0 ? [] : await db.rows(selectOldest, queue, left.keptFrom, oldestMax);
    const gone: number[] = [];
    for (const [offset, id, name, bodyBytes, at] of oldest) {
      if (!mustGo(left, at)) break;
      left = tallyWithout(left, {
        offset,
        bytes: queueEventBytes({ id, name, body: { length: bodyBytes } }),
      });
      gone.push(offset);
    }
    if (gone.length > 0) await db.run(drop, queue, int8s(gone));
    if (gone.length < oldestMax) return left;
  }
}

/** So many of the oldest are looked at together; mostly none or one has to go. */
const oldestMax = 16;

const selectOld = statement<[queue: number, count: number]>(`
  SELECT queue, count(*) FROM (SELECT queue FROM queue_events WHERE emitted_at < $1 ORDER BY emitted_at LIMIT $2) old
  GROUP BY queue ORDER BY queue`);

/** Drops events from before a time, of each queue the oldest first. */
export async function pruneQueueEvents({ db }: Work, before: Instant, limit: number): Promise<number> {
  let dropped = 0;
  for (const [queue, count] of await db.rows(selectOld, before, limit)) {
    const { nextPlace, tally } = await lock(db, queue);
    const last = tally.count - count;
    const left = await dropOldest(db, queue, tally, ({ count: kept }, at) => kept > last && at < before);
    await writeHead(db, queue, { nextPlace, tally: left });
    dropped += tally.count - left.count;
  }
  return dropped;
}

const selectQueue = statement<[number]>(
  "SELECT q.id FROM namespaces n JOIN queues q ON q.namespace = n.id WHERE n.name = $1 AND q.name = $2",
);
const select = statement<QueueEventRow>(`
  SELECT ${queueEventColumns} FROM queue_events
  WHERE queue = $1 AND place >= $2 AND (cardinality($3::text[]) = 0 OR name = ANY ($3::text[])) ORDER BY place LIMIT $4`);

/** Some events of a queue, in a session that sees one moment. */
export async function readQueueEvents(db: Session, query: QueueEventQuery): Promise<QueueEventPage> {
  const { ref, from, names, limit, bytesMax } = query;
  const [queue] = await db.rows(selectQueue, ref.namespace, ref.queue);
  const [row] = queue === undefined ? [] : await db.rows(selectHead, queue[0]);
  const { nextPlace: end, tally } = queueEventHeadOf(row);
  const start = from ?? end;
  const rows = queue === undefined ? [] : await db.rows(select, queue[0], start, texts(names), limit + 1);
  const cut = cutLog(rows.map(queueEventOf), { limit, bytesMax });
  return queueEventPageOf(cut, { start, end, tally });
}
