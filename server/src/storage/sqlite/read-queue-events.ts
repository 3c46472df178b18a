import type { Bytes, Instant } from "../../model/ids.ts";
import { cutLog, emptyTally, gapFor, nextPlace } from "../../model/kept-log.ts";
import type { QueueEvent } from "../../model/queue-event.ts";
import type { QueueEventPage, QueueEventQuery } from "../../ports/queue-event-store.ts";
import { type Database, query } from "./files/connection.ts";
import { createQueueEventHeadOf, type QueueEventHead } from "./queue-events.ts";

type EventRow = [place: number, id: string, name: string, emittedAt: Instant, body: Bytes];

/** Makes readQueueEvents: some events of a queue. */
export function createReadQueueEvents(db: Database): (query: QueueEventQuery) => QueueEventPage {
  const selectQueue = query<[number]>(
    db,
    "SELECT q.id FROM namespaces n CROSS JOIN queues q ON q.namespace = n.id WHERE n.name = ? AND q.name = ?",
  );
  const headOf = createQueueEventHeadOf(db);
  const select = query<EventRow>(
    db,
    `SELECT place, id, name, emitted_at, body FROM queue_events INDEXED BY queue_events_place
     WHERE queue = ? AND place >= ? AND (? = 0 OR name IN (SELECT value FROM json_each(?))) ORDER BY place LIMIT ?`,
  );

  return ({ ref, from, names, limit, bytesMax }) => {
    const [queue] = selectQueue.get(ref.namespace, ref.queue) ?? [];
    const { nextPlace: end, tally } = queue === undefined ? nothing : headOf(queue);
    const start = from ?? end;
    const rows = select.iterate(queue ?? null, start, names.length, JSON.stringify(names), limit + 1);
    const cut = cutLog(Iterator.from(rows).map(eventOf), { limit, bytesMax });
    return {
      events: cut.entries,
      gap: gapFor(tally, start),
      next: nextPlace(cut, start, end),
      hasMore: cut.hasMore,
    };
  };
}

const nothing: QueueEventHead = { nextPlace: 0, tally: emptyTally };

const eventOf = ([offset, id, name, at, body]: EventRow): QueueEvent => ({ offset, id, name, at, body });
