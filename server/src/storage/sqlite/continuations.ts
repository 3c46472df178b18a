import { endOf, endOfTask, type NodeEnd, notMade } from "../../model/barrier.ts";
import type { Barrier, Growth, Part } from "../../model/canvas.ts";
import type { BarrierId, Instant, Namespace } from "../../model/ids.ts";
import type { Lineage, NewTask } from "../../model/task.ts";
import { type Continued, type EndedRow, endedColumns, endedTaskOf } from "../sql/ended-row.ts";
import { linksOfText } from "../sql/links-text.ts";
import type { Canvases } from "./canvases/canvases.ts";
import { type PlaceRow, placeColumns, placeOf } from "./canvases/places.ts";
import { type Database, query } from "./files/connection.ts";

/** What ends of tasks mean to others, between the end and the end of its verb. */
export type Continuations = {
  readonly isOwed: boolean;
  /** A task has ended, or its first attempt has, which is written. */
  owe(end: Continued): void;
  /** A settlement adds to the canvas of its task; before that is told of the task's end. */
  grow(by: Growing): void;
  /** A barrier has ended. */
  barrierEnded(barrier: Barrier, now: Instant): void;
  /** A task of a canvas could not be made. */
  taskNotMade(task: NewTask, now: Instant): void;
  /** All that is owed, which then is not any more. */
  take(): readonly Owed[];
};

export type Growing = Pick<Continued, "seq" | "id" | "queue" | "now"> & { readonly growth: Growth };

/** What the verb under way still has to do before it is over. */
export type Owed =
  | { readonly kind: "end"; readonly end: NodeEnd; readonly now: Instant }
  | {
      readonly kind: "growth";
      readonly growth: Growth;
      readonly namespace: Namespace;
      readonly above: BarrierId;
      readonly lineage: Lineage;
      readonly now: Instant;
    };

type Row = readonly [links: string | null, ...PlaceRow, ...EndedRow];

/** Makes it; there is one row to read for each end that somebody waits for. */
export function createContinuations(db: Database, { barriers, parts }: Canvases): Continuations {
  let owed: Owed[] = [];
  const select = query<Row>(
    db,
    `SELECT l.links, ${placeColumns}, ${endedColumns}
     FROM contents c LEFT JOIN results r ON r.seq = c.seq LEFT JOIN links l ON l.seq = c.seq
       LEFT JOIN places p ON p.seq = c.seq WHERE c.seq = ?`,
  );

  function rowOf(seq: number) {
    const row = select.get(seq);
    if (row === undefined) throw new Error("a task that has ended is not there");
    const [links, barrier, index, unsuccessful, step, next, ...ended] = row;
    const above = barrier === null ? undefined : barriers.bySeq(barrier);
    const place = above && placeOf([barrier, index, unsuccessful, step, next], above.barrier);
    const partOf = (): Part | undefined =>
      above && next !== null ? parts.at(above.canvas, next) : undefined;
    return { links, ended, place, partOf };
  }

  return {
    get isOwed() {
      return owed.length > 0;
    },
    owe(end) {
      const { links, ended, place, partOf } = rowOf(end.seq);
      const task = endedTaskOf(end, ended);
      const next = task.on === "succeeded" && !task.isLast ? partOf() : undefined;
      const member = { ...task, place, next, links: links === null ? [] : linksOfText(links) };
      owed.push({ kind: "end", end: endOfTask(member, end.now), now: end.now });
    },
    grow({ seq, id, queue: { namespace }, growth, now }) {
      const { place, ended } = rowOf(seq);
      if (place === undefined) return;
      const [, , rootId] = ended;
      const lineage = { parentId: id, rootId: rootId ?? id };
      owed.push({ kind: "growth", growth, namespace, above: place.barrier, lineage, now });
    },
    barrierEnded(barrier, now) {
      const { next, state } = barrier;
      const canvas = barriers.at(barrier)?.canvas;
      const isFollowed = next !== undefined && canvas !== undefined && state === "succeeded";
      owed.push({
        kind: "end",
        end: endOf(barrier, isFollowed ? parts.at(canvas, next) : undefined, now),
        now,
      });
    },
    taskNotMade: (task, now) => void owed.push({ kind: "end", end: notMade(task), now }),
    take() {
      const all = owed;
      owed = [];
      return all;
    },
  };
}
