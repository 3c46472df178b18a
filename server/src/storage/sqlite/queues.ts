import type { Instant, Namespace, QueueName, QueueRef } from "../../model/ids.ts";
import type { Queue, QueuePause } from "../../model/queue.ts";
import { stateCode } from "../sql/codes.ts";
import { namespaceStates, queueLives } from "../sql/space-rows.ts";
import { type Database, query } from "./files/connection.ts";
import { createPriorities } from "./priorities.ts";

type QueueRow = readonly [
  id: number,
  name: QueueName,
  createdAt: Instant,
  pauseReason: string | null,
  pausedAt: Instant | null,
  pausedBy: string | null,
  resumeAt: Instant | null,
  description: string,
  backlogMax: number | null,
  closed: number,
  revision: number,
  life: number,
  scheduled: number,
  ready: number,
  leased: number,
  succeeded: number,
  failed: number,
  cancelled: number,
  expired: number,
];

const selectQueues = `
  SELECT q.id, q.name, q.created_at, q.pause_reason, q.paused_at, q.paused_by, q.resume_at,
    q.description, q.backlog_max, q.closed, q.revision, q.life,
    q.scheduled, q.ready, q.leased, q.succeeded, q.failed, q.cancelled, q.expired
  FROM namespaces n CROSS JOIN queues q ON q.namespace = n.id
  WHERE n.name = ? AND q.life <> ${queueLives.code("deleted")}`;

/** Makes getQueue: one queue; undefined where there is none. */
export function createGetQueue(db: Database): (ref: QueueRef) => Queue | undefined {
  const select = query<QueueRow>(db, `${selectQueues} AND q.name = ?`);
  const oldestReadyAt = createOldestReadyAt(db);
  return ({ namespace, queue }) => {
    const row = select.get(namespace, queue);
    return row && queueOf(namespace, row, oldestReadyAt(row[0]));
  };
}

/** Makes listQueues: queues of a namespace by name, after `after`. */
export function createListQueues(
  db: Database,
): (namespace: Namespace, after: QueueName | undefined, limit: number) => readonly Queue[] {
  const select = query<QueueRow>(db, `${selectQueues} AND q.name > ? ORDER BY q.name LIMIT ?`);
  const oldestReadyAt = createOldestReadyAt(db);
  return (namespace, after, limit) =>
    select.all(namespace, after ?? "", limit).map((row) => queueOf(namespace, row, oldestReadyAt(row[0])));
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
  const select = query<QueueRow>(db, `${selectQueues} AND q.name = ?`);
  const selectNewest = query<[number]>(db, "SELECT coalesce(max(seq), 0) FROM tasks");
  return ({ namespace, queue }) => {
    const [, , , , , , , , , , , , scheduled = 0, ready = 0] = select.get(namespace, queue) ?? [];
    return { upTo: selectNewest.get()?.[0] ?? 0, waiting: scheduled + ready };
  };
}

/** The pause that the columns of a queue mean. */
export const pauseOf = (
  reason: string | null,
  at: Instant | null,
  by: string | null,
  resumeAt: Instant | null,
): QueuePause | undefined =>
  at === null
    ? undefined
    : { reason: reason ?? "", at, by: by ?? undefined, resumeAt: resumeAt ?? undefined };

function queueOf(namespace: Namespace, row: QueueRow, oldestReadyAt: Instant | undefined): Queue {
  const [, name, createdAt, reason, at, by, resumeAt, ...rest] = row;
  const [description, backlogMax, closed, revision, life, ...depth] = rest;
  const [scheduled, ready, leased, succeeded, failed, cancelled, expired] = depth;
  return {
    namespace,
    name,
    createdAt,
    settings: { description, backlogMax: backlogMax ?? undefined, isClosed: closed === 1 },
    revision,
    isDeleting: queueLives.word(life) === "deleting",
    pause: pauseOf(reason, at, by, resumeAt),
    depth: { scheduled, ready, leased, succeeded, failed, cancelled, expired },
    oldestReadyAt,
  };
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
