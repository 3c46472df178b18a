import type { Barrier } from "../../model/canvas.ts";
import { endOf, endOfTask, notMade } from "../../model/canvas-end.ts";
import type { Instant } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import { type Continued, type EndedRow, endedTaskOf } from "../sql/ended-row.ts";
import { linksOfText } from "../sql/links-text.ts";
import type { Canvases } from "./canvases/canvases.ts";
import { type PlaceRow, placeColumns, placeOf, placeOn } from "./canvases/places.ts";
import { createPlainMembers } from "./canvases/plain-members.ts";
import { type Database, query } from "./files/connection.ts";
import type { Growing, Noted, Owed, OwedEnd, OwedGrowth, OwedMembers } from "./owed.ts";

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

/** The columns of EndedRow. A result that nobody is handed is not read: it may be long. */
const endedColumns =
  "c.name, c.parent_id, c.root_id, iif(l.links IS NULL AND p.next IS NULL, NULL, r.result), r.failure";

type Row = readonly [seq: number, links: string | null, ...PlaceRow, ...EndedRow];

/** Makes it. What is owed to tasks is read when it is taken, with one statement, however many have ended. */
export function createContinuations(db: Database, canvases: Canvases): Continuations {
  const { barriers, parts } = canvases;
  let noted: Noted[] = [];
  const select = query<Row>(
    db,
    `SELECT c.seq, l.links, ${placeColumns("c.seq")}, ${endedColumns}
     FROM json_each(?) some CROSS JOIN contents c ON c.seq = some.value LEFT JOIN results r ON r.seq = c.seq
       LEFT JOIN links l ON l.seq = c.seq LEFT JOIN places p ON ${placeOn("c.seq")}`,
  );

  const plainMembers = createPlainMembers(db, canvases.places);

  /** What is kept of a task, and where it is. */
  function read([, links, barrier, index, unsuccessful, step, next, ...ended]: Row) {
    const above = barrier === null ? undefined : barriers.bySeq(barrier);
    const place = above && placeOf([barrier, index, unsuccessful, step, next], above.barrier);
    return { links, ended, place, canvas: above?.canvas, next };
  }

  function endedOf(end: Continued, row: Row): OwedEnd {
    const { links, ended, place, canvas, next } = read(row);
    const { now } = end;
    const task = endedTaskOf(end, ended);
    const isFollowed = canvas !== undefined && next !== null && task.on === "succeeded" && !task.isLast;
    const part = isFollowed ? parts.at(canvas, next) : undefined;
    const member = { ...task, place, next: part, links: links === null ? [] : linksOfText(links) };
    return { kind: "end", end: endOfTask(member, now), now };
  }

  /** Undefined: its task is in no canvas. */
  function growthOf({ id, queue: { namespace }, growth, now }: Growing, row: Row): OwedGrowth | undefined {
    const { place, ended } = read(row);
    const [, , rootId] = ended;
    const lineage = { parentId: id, rootId: rootId ?? id };
    return place && { kind: "growth", growth, namespace, above: place.barrier, lineage, now };
  }

  function withRows(all: readonly (Noted | OwedMembers)[]): readonly Owed[] {
    const seqs = all.flatMap((each) => ("of" in each ? each.of.seq : []));
    const rows = new Map(
      (seqs.length === 0 ? [] : select.all(JSON.stringify(seqs))).map((row) => [row[0], row]),
    );
    return all.flatMap((each) => {
      if (!("of" in each)) return each;
      const row = rows.get(each.of.seq);
      if (row === undefined) throw new Error("a task that has ended is not there");
      return (each.kind === "ended" ? endedOf(each.of, row) : growthOf(each.of, row)) ?? [];
    });
  }

  return {
    get isOwed() {
      return noted.length > 0;
    },
    owe: (of) => void noted.push({ kind: "ended", of }),
    grow: (of) => void noted.push({ kind: "growing", of }),
    barrierEnded(barrier, now) {
      const { next, state } = barrier;
      const canvas = barriers.at(barrier)?.canvas;
      const isFollowed = next !== undefined && canvas !== undefined && state === "succeeded";
      const part = isFollowed ? parts.at(canvas, next) : undefined;
      noted.push({ kind: "end", end: endOf(barrier, part, now), now });
    },
    taskNotMade: (task, now) => void noted.push({ kind: "end", end: notMade(task), now }),
    take() {
      const all = noted;
      noted = [];
      return withRows(plainMembers(all));
    },
  };
}
