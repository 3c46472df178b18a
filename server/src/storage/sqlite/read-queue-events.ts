import { cutLog } from "../../model/kept-log.ts";
import type { QueueEventPage, QueueEventQuery } from "../../ports/queue-event-store.ts";
import { queueEventPageOf } from "../log-pages.ts";
import {
  type QueueEventRow,
  queueEventColumns,
  queueEventHeadOf,
  queueEventOf,
} from "../sql/queue-event-rows.ts";
import { type Database, query } from "./files/connection.ts";
import { createQueueEventHeadOf } from "./queue-events.ts";

/** Makes readQueueEvents: some events of a queue. */
export function createReadQueueEvents(db: Database): (query: QueueEventQuery) => QueueEventPage {
  const selectQueue = query<[number]>(
    db,
    "SELECT q.id FROM namespaces n CROSS JOIN queues q ON q.namespace = n.id WHERE n.name = ? AND q.name = ?",
  );
  const headOf = createQueueEventHeadOf(db);
  const select = query<QueueEventRow>(
    db,
    `SELECT ${queueEventColumns} FROM queue_events INDEXED BY queue_events_place
     WHERE queue = ? AND place >= ? AND (? = 0 OR name IN (SELECT value FROM json_each(?))) ORDER BY place LIMIT ?`,
  );

  return ({ ref, from, names, limit, bytesMax }) => {
    const [queue] = selectQueue.get(ref.namespace, ref.queue) ?? [];
    const { nextPlace: end, tally } = queue === undefined ? queueEventHeadOf(undefined) : headOf(queue);
    const start = from ?? end;
    const rows = select.iterate(queue ?? null, start, names.length, JSON.stringify(names), limit + 1);
    const cut = cutLog(Iterator.from(rows).map(queueEventOf), { limit, bytesMax });
    return queueEventPageOf(cut, { start, end, tally });
  };
}
