import type { Instant, Namespace, QueueName, QueueRef } from "../../model/ids.ts";
import type { Queue } from "../../model/queue.ts";
import { stateCode } from "../sql/codes.ts";
import { type QueueRow, queueColumns, queueOf } from "../sql/queue-row.ts";
import { namespaceStates, queueLives } from "../sql/space-rows.ts";
import { type Database, query } from "./files/connection.ts";
import { createPriorities } from "./priorities.ts";

type FoundRow = readonly [id: number, ...queue: QueueRow<number>];

const selectQueues = `
  SELECT q.id, ${queueColumns("q")}
  FROM namespaces n CROSS JOIN queues q ON q.namespace = n.id
  WHERE n.name = ? AND q.life <> ${queueLives.code("deleted")}`;

/** Makes getQueue: one queue; undefined where there is none. */
export function createGetQueue(db: Database): (ref: QueueRef) => Queue | undefined {
  const select = query<FoundRow>(db, `${selectQueues} AND q.name = ?`);
  const queueAt = createQueueAt(db);
  return ({ namespace, queue }) => {
    const row = select.get(namespace, queue);
    return row && queueAt(namespace, row);
  };
}

/** Makes listQueues: queues of a namespace by name, after `after`. */
export function createListQueues(
  db: Database,
): (namespace: Namespace, after: QueueName | undefined, limit: number) => readonly Queue[] {
  const select = query<FoundRow>(db, `${selectQueues} AND q.name > ? ORDER BY q.name LIMIT ?`);
  const queueAt = createQueueAt(db);
  return (namespace, after, limit) =>
    select.all(namespace, after ?? "", limit).map((row) => queueAt(namespace, row));
}

/** Makes readyCounts: how many tasks are ready in each queue that hands out. */
export function createReadyCounts(
  db: Database,
): (namespace: Namespace, queues: readonly QueueName[]) => readonly number[] {
  const select = query<[number]>(
    db,
    `SELECT iif(q.paused_at IS NULL AND q.life = ${queueLives.code("there")}, coalesce(q.ready, 0), 0) FROM json_each(?1) asked
     LEFT JOIN queues q ON q.namespace = (SELECT id FROM namespaces WHERE name = ?2 AND state = ${namespaceStates.code("active")})
       AND q.name = asked.value
     ORDER BY asked.key`,
  );
  return (namespace, queues) => select.all(JSON.stringify(queues), namespace).map(([ready]) => ready);
}

/** Makes purgeMark: a mark behind all tasks accepted so far, and how many of this queue wait. */
export function createPurgeMark(
  db: Database,
): (ref: QueueRef) => { readonly upTo: number; readonly waiting: number } {
  const select = query<FoundRow>(db, `${selectQueues} AND q.name = ?`);
  const selectNewest = query<[number]>(db, "SELECT coalesce(max(seq), 0) FROM tasks");
  return ({ namespace, queue }) => {
    const [, , , , , , , , , , , , scheduled = 0, ready = 0] = select.get(namespace, queue) ?? [];
    return { upTo: selectNewest.get()?.[0] ?? 0, waiting: scheduled + ready };
  };
}

function createQueueAt(db: Database): (namespace: Namespace, row: FoundRow) => Queue {
  const oldestReadyAt = createOldestReadyAt(db);
  return (namespace, [id, ...row]) => queueOf(namespace, row, oldestReadyAt(id));
}

/** When the ready task was accepted that was accepted first: the first of each priority is looked at, never a queue's whole length. */
function createOldestReadyAt(db: Database): (queue: number) => Instant | undefined {
  const prioritiesOf = createPriorities(db);
  const selectFirst = query<[number, Instant]>(
    db,
    `SELECT seq, created_at FROM tasks INDEXED BY tasks_ready
     WHERE queue = ? AND state = ${stateCode.ready} AND tied IS NULL AND priority = ? ORDER BY seq LIMIT 1`,
  );
  const selectFirstTied = query<[number, Instant]>(
    db,
    `SELECT x.seq, t.created_at FROM ties x INDEXED BY ties_queue CROSS JOIN tasks t ON t.seq = x.seq
     WHERE x.queue = ? AND x.state = ${stateCode.ready} ORDER BY x.seq LIMIT 1`,
  );
  return (queue) => {
    const firsts = prioritiesOf(queue).flatMap((priority) => selectFirst.all(queue, priority));
    firsts.push(...selectFirstTied.all(queue));
    return firsts.sort(([a], [b]) => a - b)[0]?.[1];
  };
}
