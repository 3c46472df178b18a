import type { EventPosition, TaskEvent } from "../../model/event.ts";
import type { Namespace, QueueName } from "../../model/ids.ts";
import type { EventPage } from "../../ports/event-store.ts";
import { unpackFacts } from "../sql/event-facts.ts";
import { createCounters } from "./counters.ts";
import { type Database, query } from "./files/connection.ts";

type EventRow = [row: number, namespace: Namespace, queue: QueueName, facts: Uint8Array];

/** Makes readEvents: what the log says after a place in it. */
export function createReadEvents(
  db: Database,
): (after: EventPosition | undefined, limit: number) => EventPage {
  const select = query<EventRow>(
    db,
    `SELECT e.row, n.name, q.name, e.facts
     FROM events e CROSS JOIN queues q ON q.id = e.queue CROSS JOIN namespaces n ON n.id = q.namespace
     WHERE e.row >= ? ORDER BY e.row`,
  );
  const counters = createCounters(db);

  function wasTruncated(after: EventPosition | undefined): boolean {
    const row = counters.get("dropped_row");
    if (row === undefined) return false;
    const index = counters.get("dropped_index") ?? 0;
    return after === undefined || after.row < row || (after.row === row && after.index < index);
  }

  return (after, limit) => {
    const events: TaskEvent[] = [];
    const truncated = wasTruncated(after);
    for (const row of select.iterate(after?.row ?? 0)) {
      if (events.length >= limit) break;
      const skip = row[0] === after?.row ? after.index + 1 : 0;
      for (const event of eventsOf(row).slice(skip, skip + limit - events.length)) events.push(event);
    }
    return { events, truncated };
  };
}

function eventsOf([row, namespace, queue, facts]: EventRow): TaskEvent[] {
  return unpackFacts(facts).map(({ id, ...fact }, index) => ({
    position: { row, index },
    namespace,
    queue,
    taskId: id,
    ...fact,
  }));
}
