import type { Instant, Namespace, QueueName } from "../../model/ids.ts";
import type { Queue } from "../../model/queue.ts";
import { type PauseRow, pauseColumns, pauseOf } from "./pause-row.ts";
import { queueLives } from "./space-rows.ts";

/** One row of queueColumns; whether is told by a boolean, or, as SQLite does, by 1 and 0. */
export type QueueRow<Whether extends boolean | number> = readonly [
  name: QueueName,
  createdAt: Instant,
  ...pause: PauseRow,
  description: string,
  backlogMax: number | null,
  closed: Whether,
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

/** How many tasks of a queue are in each state, by the names of the columns, in the order of QueueRow. */
export const depthColumns = [
  "scheduled",
  "ready",
  "leased",
  "succeeded",
  "failed",
  "cancelled",
  "expired",
] as const;

/** The columns of a queue q, whose depth is in columns of `depth`. */
export const queueColumns = (depth: string): string =>
  `q.name, q.created_at, ${pauseColumns("q")}, q.description, q.backlog_max, q.closed, q.revision, q.life,
   ${depthColumns.map((state) => `${depth}.${state}`).join(", ")}`;

/** The queue that a row means; when its oldest ready task came is looked up beside it. */
export function queueOf(
  namespace: Namespace,
  row: QueueRow<boolean | number>,
  oldestReadyAt: Instant | undefined,
): Queue {
  const [name, createdAt, reason, at, by, resumeAt, description, backlogMax, closed, ...rest] = row;
  const [revision, life, scheduled, ready, leased, succeeded, failed, cancelled, expired] = rest;
  return {
    namespace,
    name,
    createdAt,
    settings: { description, backlogMax: backlogMax ?? undefined, isClosed: Boolean(closed) },
    revision,
    isDeleting: queueLives.word(life) === "deleting",
    pause: pauseOf([reason, at, by, resumeAt]),
    depth: { scheduled, ready, leased, succeeded, failed, cancelled, expired },
    oldestReadyAt,
  };
}
