import { type BarrierId, type CanvasId, canvasIdOf, type Instant, type PartId } from "../../../model/ids.ts";
import type { Place } from "../../../model/place.ts";
import type { NewTask, Task } from "../../../model/task.ts";
import { command, type Database, query, type Value } from "../files/connection.ts";
import { byDozens, createByRows, valuesOf } from "../rows-by-dozen.ts";
import type { BarrierEntry, Barriers } from "./barriers.ts";

/** Where tasks are in their canvases, by the numbers of their tasks. */
export type Places = {
  /** Keeps where new tasks are, which are numbered from `first` on; as far as they are anywhere, and were stored. */
  put(tasks: readonly NewTask[], first: number, wasStored: (at: number) => boolean): void;
  /** Those of these tasks whose canvas is there, and when it goes; undefined: nobody knows yet. */
  held(seqs: readonly number[]): readonly Held[];
  /** Forgets those of a list of numbers, as JSON. */
  drop(seqs: string): void;
};

/** A task that is in a canvas, and when that goes. */
export type Held = { readonly seq: number; readonly purgeAt: Instant | undefined };

/** The columns that say where a task is, from places p. */
export const placeColumns = "p.barrier, p.place, p.unsuccessful, p.step, p.next";

/** One row of placeColumns; nothing but null: it is nowhere. */
export type PlaceRow = readonly [
  barrier: number | null,
  index: number | null,
  unsuccessful: number | null,
  step: number | null,
  next: PartId | null,
];

/** Where that is. */
export const placeOf = (
  [, index, unsuccessful, step]: PlaceRow,
  { canvas, id: barrier }: { readonly canvas: CanvasId; readonly id: BarrierId },
): Place => ({
  ...{ canvas, barrier, index: index ?? 0, reports: unsuccessful === 1 ? "unsuccessful" : "end" },
  step: step ?? undefined,
});

const into = "INSERT INTO places (seq, canvas, barrier, place, unsuccessful, step, next)";

/** Opens the table. Most stores never have a row in it, and then it costs nothing. */
export function createPlaces(db: Database, barriers: Barriers): Places {
  const insert = createByRows((rows) =>
    command(db, `${into} VALUES ${valuesOf("(?, ?, ?, ?, ?, ?, ?)", rows)}`),
  );
  // Members of one barrier that follow each other: neither their numbers nor their places have to be handed over.
  const insertRange = command(
    db,
    `${into} SELECT seq, ?, ?, seq - ?, ?, ?, ? FROM contents WHERE seq BETWEEN ? AND ?`,
  );
  const selectHeld = query<[seq: number, purgeAt: Instant | null]>(
    db,
    `SELECT p.seq, k.purge_at FROM json_each(?) some CROSS JOIN places p ON p.seq = some.value
       CROSS JOIN canvases k ON k.seq = p.canvas`,
  );
  const drop = command(db, "DELETE FROM places WHERE seq IN (SELECT value FROM json_each(?))");
  let isUsed = query<[number]>(db, "SELECT EXISTS (SELECT 1 FROM places)").get()?.[0] === 1;

  /** Where members are that follow each other, all of which were stored. */
  function putRange([member, ...others]: Members, first: number): void {
    const { namespace, place, next } = member;
    const above = barriers.at({ namespace, id: place.barrier });
    if (above === undefined) return;
    const { canvas, seq: barrier } = above;
    insertRange(canvas, barrier, first - place.index, ...saidOf(place, next), first, first + others.length);
    isUsed = true;
  }

  return {
    put(tasks, first, wasStored) {
      if (areMembersInOrder(tasks) && tasks.every((_, at) => wasStored(at))) return putRange(tasks, first);
      const rows: Value[][] = [];
      let above: BarrierEntry | undefined;
      for (const [at, { namespace, place, next }] of tasks.entries()) {
        if (place === undefined || !wasStored(at)) continue;
        if (above?.barrier.id !== place.barrier) above = barriers.at({ namespace, id: place.barrier });
        if (above !== undefined) rows.push(columnsOf(first + at, place, next, above));
      }
      isUsed ||= rows.length > 0;
      for (const some of byDozens(rows)) insert(some.length)(...some.flat());
    },
    held(seqs) {
      if (!isUsed || seqs.length === 0) return [];
      barriers.write();
      return selectHeld
        .all(JSON.stringify(seqs))
        .map(([seq, purgeAt]) => ({ seq, purgeAt: purgeAt ?? undefined }));
    },
    drop(seqs) {
      if (isUsed) drop(seqs);
    },
  };
}

const columnsOf = (seq: number, place: Place, next: PartId | undefined, above: BarrierEntry): Value[] => [
  ...[seq, above.canvas, above.seq, place.index],
  ...saidOf(place, next),
];

const saidOf = ({ reports, step }: Place, next: PartId | undefined): Value[] => [
  reports === "unsuccessful" ? 1 : 0,
  step ?? null,
  next ?? null,
];

type Members = readonly [Member, ...Member[]];
type Member = NewTask & { readonly place: Place };

/** Whether tasks follow each other as members of one barrier, and are the same to it but for that. */
function areMembersInOrder(tasks: readonly NewTask[]): tasks is Members {
  const [first] = tasks;
  const { barrier, index, reports, step } = first?.place ?? {};
  return tasks.every(
    ({ place, next }, at) =>
      place !== undefined &&
      place.barrier === barrier &&
      place.index === (index ?? 0) + at &&
      place.reports === reports &&
      place.step === step &&
      next === first?.next,
  );
}

type FoundPlace = readonly [...PlaceRow, canvas: BarrierId, id: BarrierId];

/** Makes a way to tell where tasks are; those that are in no canvas are left as they are, and cost nothing. */
export function createAddPlace(db: Database): (seq: number, task: Task) => Task {
  const select = query<FoundPlace>(
    db,
    `SELECT ${placeColumns}, root.id, b.id FROM places p CROSS JOIN barriers b ON b.seq = p.barrier
       CROSS JOIN barriers root ON root.seq = p.canvas WHERE p.seq = ?`,
  );
  return (seq, task) => {
    const row = task.policy.member && select.get(seq);
    if (row === undefined) return task;
    const [, , , , next, canvas, id] = row;
    const place = placeOf(row as unknown as PlaceRow, { canvas: canvasIdOf(canvas), id });
    return { ...task, place, next: next ?? undefined };
  };
}
