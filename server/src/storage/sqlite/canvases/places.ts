import { type BarrierId, type CanvasId, canvasIdOf, type Instant, type PartId } from "../../../model/ids.ts";
import type { Place } from "../../../model/place.ts";
import type { NewTask, Task } from "../../../model/task.ts";
import { command, type Database, query, type Value } from "../files/connection.ts";
import { byDozens, createByRows, valuesOf } from "../rows-by-dozen.ts";
import type { BarrierEntry, Barriers } from "./barriers.ts";
import { createRecentMembers, type RecentMembers } from "./recent-members.ts";

/** Where tasks are in their canvases, by the numbers of their tasks. */
export type Places = {
  /** Keeps where new tasks are, which are numbered from `first` on; as far as they are anywhere, and were stored. */
  put(tasks: readonly NewTask[], first: number, wasStored: (at: number) => boolean): void;
  /** Those that came together lately and have nothing behind them. */
  readonly recent: RecentMembers;
  /** Those of these tasks whose canvas is there, and when it goes; undefined: nobody knows yet. */
  held(seqs: readonly number[]): readonly Held[];
  /** Forgets those of a list of numbers, as JSON. What is said of many is forgotten with their canvas only. */
  drop(seqs: string): void;
};

/** A task that is in a canvas, and when that goes. */
export type Held = { readonly seq: number; readonly purgeAt: Instant | undefined };

/**
 * Which row of places p is of the task with this number: tasks that came together and are alike have one row, that of the first of them,
 * which says how many they are.
 */
export const placeOn = (seq: string): string =>
  `p.seq = (SELECT max(above.seq) FROM places above WHERE above.seq <= ${seq}) AND p.seq + p.count > ${seq}`;

/** The columns that say where that task is. */
export const placeColumns = (seq: string): string =>
  `p.barrier, p.place + ${seq} - p.seq, p.unsuccessful, p.step, p.next`;

/** What placeColumns gives; nothing but null: it is nowhere. */
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

/** Opens the table. Most stores never have a row in it, and then it costs nothing. */
export function createPlaces(db: Database, barriers: Barriers): Places {
  const insert = createByRows((rows) =>
    command(
      db,
      `INSERT INTO places (seq, count, canvas, barrier, place, unsuccessful, step, next)
       VALUES ${valuesOf("(?, ?, ?, ?, ?, ?, ?, ?)", rows)}`,
    ),
  );
  const selectHeld = query<[seq: number, purgeAt: Instant | null]>(
    db,
    `SELECT some.value, k.purge_at FROM json_each(?) some CROSS JOIN places p ON ${placeOn("some.value")}
       CROSS JOIN canvases k ON k.seq = p.canvas`,
  );
  const drop = command(db, "DELETE FROM places WHERE count = 1 AND seq IN (SELECT value FROM json_each(?))");
  const recent = createRecentMembers();
  let isUsed = query<[number]>(db, "SELECT EXISTS (SELECT 1 FROM places)").get()?.[0] === 1;

  /** Where members are that follow each other, all of which were stored. */
  function putTogether([member, ...others]: Members, first: number): void {
    const { namespace, place, next, policy } = member;
    const above = barriers.at({ namespace, id: place.barrier });
    if (above === undefined) return;
    const count = others.length + 1;
    const isPlain = next === undefined && place.reports === "end" && !policy.links;
    if (isPlain) recent.add({ first, count, barrier: above.seq, index: place.index });
    insert(1)(...columnsOf({ first, count }, place, next, above));
    isUsed = true;
  }

  return {
    recent,
    put(tasks, first, wasStored) {
      if (areMembersInOrder(tasks) && tasks.every((_, at) => wasStored(at))) return putTogether(tasks, first);
      const rows: Value[][] = [];
      let above: BarrierEntry | undefined;
      for (const [at, { namespace, place, next }] of tasks.entries()) {
        if (place === undefined || !wasStored(at)) continue;
        if (above?.barrier.id !== place.barrier) above = barriers.at({ namespace, id: place.barrier });
        if (above !== undefined) rows.push(columnsOf({ first: first + at, count: 1 }, place, next, above));
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

type Range = { readonly first: number; readonly count: number };

const columnsOf = (
  { first, count }: Range,
  { index, reports, step }: Place,
  next: PartId | undefined,
  above: BarrierEntry,
): Value[] => [
  ...[first, count, above.canvas, above.seq, index],
  ...[reports === "unsuccessful" ? 1 : 0, step ?? null, next ?? null],
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
    `SELECT ${placeColumns("?1")}, root.id, b.id FROM places p CROSS JOIN barriers b ON b.seq = p.barrier
       CROSS JOIN barriers root ON root.seq = p.canvas WHERE ${placeOn("?1")}`,
  );
  return (seq, task) => {
    const row = task.policy.member && select.get(seq);
    if (row === undefined) return task;
    const [, , , , next, canvas, id] = row;
    const place = placeOf(row as unknown as PlaceRow, { canvas: canvasIdOf(canvas), id });
    return { ...task, place, next: next ?? undefined };
  };
}
