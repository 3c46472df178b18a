import type { Barrier, Growth, Part } from "../../model/canvas.ts";
import { endOf, endOfTask } from "../../model/canvas-end.ts";
import type { Instant, Namespace } from "../../model/ids.ts";
import type { NodeEnd } from "../../model/node-end.ts";
import type { Place } from "../../model/place.ts";
import type { Lineage } from "../../model/task.ts";
import { partOfText } from "../sql/barrier-text.ts";
import { type Continued, type EndedRow, endedColumns, endedTaskOf } from "../sql/ended-row.ts";
import { linksOfText } from "../sql/links-text.ts";
import { int8s } from "./arrays.ts";
import type { Owed } from "./continuations.ts";
import { readParts } from "./parts.ts";
import { type PlaceRow, placeColumns, placeOf } from "./places.ts";
import { type Session, statement } from "./session.ts";

/** What a canvas hears: an end, or what is added to it, and when. */
export type Told =
  | { readonly kind: "end"; readonly end: NodeEnd; readonly now: Instant }
  | ({ readonly kind: "growth" } & Growing);

/** A growth, and what it is under. */
export type Growing = {
  readonly namespace: Namespace;
  readonly place: Place;
  readonly lineage: Lineage;
  readonly growth: Growth;
  readonly now: Instant;
};

type TaskRow = readonly [
  seq: number,
  links: string | null,
  part: string | null,
  ...ended: EndedRow,
  ...place: PlaceRow | readonly [null, null, null, null, null, null],
];
// A result is read for those that it is handed to; a chord's stay where they are.
const selectTasks = statement<TaskRow>(`
  SELECT c.seq, l.links, x.part, ${endedColumns}, ${placeColumns}
  FROM unnest($1::int8[]) AS u(seq) JOIN contents c ON c.seq = u.seq LEFT JOIN links l ON l.seq = u.seq
    LEFT JOIN places p ON p.seq = u.seq LEFT JOIN parts x ON x.namespace = p.namespace AND x.canvas = p.canvas AND x.id = p.next
    LEFT JOIN LATERAL (
      SELECT CASE WHEN l.seq IS NOT NULL OR x.id IS NOT NULL THEN f.result END AS result, f.failure
      FROM results f WHERE f.seq = u.seq) r ON true`);

/** Reads what is to be known of all that is owed: with one statement for tasks and one for barriers, however many there are. */
export async function readOwed(db: Session, owed: readonly Owed[]): Promise<readonly Told[]> {
  const seqs = new Set(owed.flatMap(seqOf));
  const [rows, nexts] = await Promise.all([
    seqs.size === 0 ? [] : db.rows(selectTasks, int8s([...seqs])),
    readNexts(db, owed),
  ]);
  const tasks = new Map(rows.map((row) => [row[0], row]));
  return owed.flatMap((each) => toldOf(each, tasks, nexts) ?? []);
}

function seqOf(owed: Owed): readonly number[] {
  if (owed.kind === "task") return [owed.ended.seq];
  return owed.kind === "growth" ? [owed.seq] : [];
}

/** The parts that barriers start. */
async function readNexts(
  db: Session,
  owed: readonly Owed[],
): Promise<ReadonlyMap<Barrier, Part | undefined>> {
  const asked = owed.flatMap((each) => {
    const next = each.kind === "barrier" ? each.barrier.next : undefined;
    return each.kind === "barrier" && next !== undefined ? [{ barrier: each.barrier, next }] : [];
  });
  const parts = await readParts(
    db,
    asked.map(({ barrier: { namespace, canvas }, next }) => ({ namespace, canvas, id: next })),
  );
  return new Map(asked.map(({ barrier }, at) => [barrier, parts[at]]));
}

function toldOf(
  owed: Owed,
  tasks: ReadonlyMap<number, TaskRow>,
  nexts: ReadonlyMap<Barrier, Part | undefined>,
): Told | undefined {
  switch (owed.kind) {
    case "task":
      return endOfRow(owed.ended, tasks.get(owed.ended.seq));
    case "growth":
      return growingOf(owed, tasks.get(owed.seq));
    case "barrier": {
      const { barrier, now } = owed;
      return { kind: "end", end: endOf(barrier, nexts.get(barrier), now), now };
    }
    case "known":
      return { kind: "end", end: owed.end, now: owed.now };
  }
}

function endOfRow(ended: Continued, row: TaskRow | undefined): Told | undefined {
  if (row === undefined) return undefined;
  const [, links, part, name, parentId, rootId, result, failure, ...where] = row;
  const { on, isLast } = ended.continues;
  // Others than these start nothing.
  const starts = on === "succeeded" && isLast !== true ? part : null;
  const member = {
    ...endedTaskOf(ended, [name, parentId, rootId, result, failure]),
    place: placeIn(where),
    next: starts === null ? undefined : partOfText(starts),
    links: links === null ? [] : linksOfText(links),
  };
  return { kind: "end", end: endOfTask(member, ended.now), now: ended.now };
}

function growingOf(
  { id, queue, growth, now }: Extract<Owed, { kind: "growth" }>,
  row: TaskRow | undefined,
): Told | undefined {
  if (row === undefined) return undefined;
  const [, , , , , rootId, , , ...where] = row;
  const place = placeIn(where);
  const lineage = { parentId: id, rootId: rootId ?? id };
  return place && { kind: "growth", namespace: queue.namespace, place, lineage, growth, now };
}

function placeIn(row: PlaceRow | readonly [null, null, null, null, null, null]): Place | undefined {
  return row[0] === null ? undefined : placeOf(row).place;
}
