import { isRefusal, refusalToEmit } from "../../model/admission.ts";
import type { Bytes, Instant } from "../../model/ids.ts";
import { isBeyond, type LogTally, tallyWith, tallyWithout } from "../../model/kept-log.ts";
import { queueEventBounds, queueEventBytes } from "../../model/queue-event.ts";
import type { EmitVerdict, NewQueueEvent } from "../../ports/queue-event-store.ts";
import {
  type QueueEventHead,
  type QueueEventHeadRow,
  queueEventHeadColumns,
  queueEventHeadOf,
} from "../sql/queue-event-rows.ts";
import { command, type Database, query } from "./files/connection.ts";
import type { Writing } from "./writing.ts";

/** Makes the look-up of a queue's head, by its number. */
export function createQueueEventHeadOf(db: Database): (queue: number) => QueueEventHead {
  const select = query<QueueEventHeadRow>(
    db,
    `SELECT ${queueEventHeadColumns} FROM queue_event_heads WHERE queue = ?`,
  );
  return (queue) => queueEventHeadOf(select.get(queue));
}

/** Makes emitQueueEvent: keeps an event in the next place of its queue. */
export function createEmitQueueEvent(writing: Writing): (event: NewQueueEvent) => EmitVerdict {
  const { db, queues, limits } = writing;
  const headOf = createQueueEventHeadOf(db);
  const putHead = createPutHead(db);
  const dropOldest = createDropOldest(db);
  const selectById = query<[place: number, name: string, body: Bytes]>(
    db,
    "SELECT place, name, body FROM queue_events WHERE queue = ? AND id = ?",
  );
  const insert = command(
    db,
    "INSERT INTO queue_events (queue, place, id, name, emitted_at, body) VALUES (?, ?, ?, ?, ?, ?)",
  );

  return ({ ref, id, name, body, now }) => {
    const { namespace } = ref;
    const queue = queues.open(namespace, ref.queue, now);
    if (isRefusal(queue)) return queue;
    const life = queue.life === "there" ? "open" : "deleting";
    const refusal = refusalToEmit(queues.spaces.room(queue.space), { life });
    if (refusal !== undefined) return refusal;
    const same = selectById.get(queue.id, id);
    if (same !== undefined) {
      const [offset, sameName, sameBody] = same;
      const isSame = sameName === name && Buffer.compare(sameBody, body) === 0;
      return isSame ? { kind: "duplicate", offset } : { kind: "exists" };
    }
    const { nextPlace, tally: before } = headOf(queue.id);
    insert(queue.id, nextPlace, id, name, now, body);
    let tally = tallyWith(before, queueEventBytes({ id, name, body }));
    while (isBeyond(tally, queueEventBounds(limits))) tally = dropOldest(queue.id, tally);
    putHead(queue.id, { nextPlace: nextPlace + 1, tally });
    return { kind: "emitted", offset: nextPlace };
  };
}

/** Makes pruneQueueEvents: drops events from before a time, of each queue the oldest first. */
export function createPruneQueueEvents({ db }: Writing): (before: Instant, limit: number) => number {
  const headOf = createQueueEventHeadOf(db);
  const putHead = createPutHead(db);
  const dropOldest = createDropOldest(db);
  const selectOld = query<[queue: number, count: number]>(
    db,
    `SELECT queue, count(*) FROM
       (SELECT queue FROM queue_events INDEXED BY queue_events_age WHERE emitted_at < ? ORDER BY emitted_at LIMIT ?)
     GROUP BY queue`,
  );
  return (before, limit) => {
    let dropped = 0;
    for (const [queue, count] of selectOld.all(before, limit)) {
      const { nextPlace, tally: all } = headOf(queue);
      let tally = all;
      for (let i = 0; i < count; i += 1) tally = dropOldest(queue, tally);
      putHead(queue, { nextPlace, tally });
      dropped += count;
    }
    return dropped;
  };
}

function createPutHead(db: Database): (queue: number, head: QueueEventHead) => void {
  const put = command(
    db,
    `INSERT OR REPLACE INTO queue_event_heads (queue, ${queueEventHeadColumns})
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  return (queue, { nextPlace, tally: { count, bytes, dropped, keptFrom } }) => {
    put(queue, nextPlace, count, bytes, dropped, keptFrom);
  };
}

/** Drops the oldest event of a queue; answers the tally after that. */
function createDropOldest(db: Database): (queue: number, tally: LogTally) => LogTally {
  const drop = query<[place: number, id: string, name: string, body: Bytes]>(
    db,
    `DELETE FROM queue_events WHERE queue = ?1 AND place =
       (SELECT place FROM queue_events WHERE queue = ?1 AND place >= ?2 ORDER BY place LIMIT 1)
     RETURNING place, id, name, body`,
  );
  return (queue, tally) => {
    const [offset, id, name, body] = drop.get(queue, tally.keptFrom) ?? [];
    if (offset === undefined || id === undefined || name === undefined || body === undefined)
      throw new Error("a tally counts an event that is not there");
    return tallyWithout(tally, { offset, bytes: queueEventBytes({ id, name, body }) });
  };
}
