import type { Instant } from "../../../model/ids.ts";
import type { NewTask } from "../../../model/task.ts";
import type { FireVerdict, ScheduleFire } from "../../../ports/schedule-store.ts";
import type { AcceptVerdict } from "../../../ports/task-store.ts";
import { notMadeWhy } from "../../not-made.ts";
import { type Accepting, isStored } from "../accepting.ts";
import type { CanvasesToKeep } from "../canvases/submit.ts";
import type { CanvasToKeep } from "../canvases/to-keep.ts";
import { query } from "../files/connection.ts";
import { isActive } from "../queue-entry.ts";
import type { Writing } from "../writing.ts";
import type { SlotRecords } from "./records.ts";
import { createRemoveSchedule } from "./remove.ts";
import { progressColumns, valuesOfProgress } from "./schedule-row.ts";

/** A decision to apply, with what starts later as it is kept. */
export type FireToKeep = Omit<ScheduleFire, "starts"> & { readonly starts: readonly StartToKeep[] };

export type StartToKeep = { readonly place: number } & (
  | { readonly kind: "task"; readonly task: NewTask }
  | { readonly kind: "canvas"; readonly canvas: CanvasToKeep }
);

/** How what slots start comes in. */
export type Starting = Pick<Accepting, "acceptPromised"> & Pick<CanvasesToKeep, "submitCanvas">;

/**
 * Makes fireSchedules: the schedules come to their next slots first, then what they start comes in, in its order, as much at once as may
 * be. What could not be made is written down last; nobody sees anything in between.
 */
export function createFireSchedules(
  writing: Writing,
  records: SlotRecords,
  starting: Starting,
): (fires: readonly FireToKeep[], now: Instant) => readonly FireVerdict[] {
  const advance = createAdvance(writing, records);
  const startAll = createStartAll(starting);
  return (fires, now) => {
    const seqs = fires.map(advance);
    const starts = fires.flatMap((fire, at) => (seqs[at] === undefined ? [] : fire.starts));
    // Each is asked for once, in their order.
    const whys = startAll(starts, now).values();
    return fires.map((fire, at): FireVerdict => {
      const seq = seqs[at];
      if (seq === undefined) return { kind: "conflict" };
      const notMade = fire.starts.flatMap(({ place }) => {
        const why = whys.next().value;
        return why === undefined ? [] : [{ place, why }];
      });
      for (const { place, why } of notMade) records.notMade(seq, place, why);
      return { kind: "fired", notMade };
    });
  };
}

/** Makes what writes how far a schedule has come, if it is as it was decided from; answers its number. Undefined: it is not. */
function createAdvance(
  { db, queues, schedules }: Writing,
  records: SlotRecords,
): (fire: FireToKeep) => number | undefined {
  const remove = createRemoveSchedule(db);
  const guarded = `
    seq = (SELECT s.seq FROM schedules s INDEXED BY schedules_id WHERE s.namespace = ? AND s.id = ?) AND revision = ? AND round = ?`;
  const find = query<[seq: number]>(db, `SELECT seq FROM schedule_progress WHERE ${guarded}`);
  const update = query<[seq: number]>(
    db,
    `UPDATE schedule_progress SET due_at = ?, ${progressColumns.map((name) => `${name} = ?`).join(", ")}
     WHERE ${guarded} RETURNING seq`,
  );
  return ({ ref, revision, round, records: more, after }) => {
    const space = queues.spaces.find(ref.namespace);
    if (space === undefined || !isActive(space)) return undefined;
    const guard = [space.id, ref.id, revision, round];
    if (after === "removed") {
      const [seq] = find.get(...guard) ?? [];
      if (seq === undefined) return undefined;
      remove(seq);
      schedules.moved(space.id, -1);
      return seq;
    }
    const [seq] = update.get(after.lookAt ?? null, ...valuesOfProgress(after), ...guard) ?? [];
    if (seq !== undefined) records.keep(seq, more);
    return seq;
  };
}

/** Makes what lets in what slots start; answers why each could not be made, undefined where it is there. */
function createStartAll({
  acceptPromised,
  submitCanvas,
}: Starting): (starts: readonly StartToKeep[], now: Instant) => readonly (string | undefined)[] {
  const accept = (tasks: readonly NewTask[], now: Instant) => acceptPromised(tasks, now).map(whyNot);
  return (starts, now) => {
    const whys: (string | undefined)[] = [];
    let tasks: NewTask[] = [];
    const flush = (): void => {
      if (tasks.length > 0) whys.push(...accept(tasks, now));
      tasks = [];
    };
    for (const one of starts) {
      // Whether a key is free may follow from what came in before.
      const isAlone = one.kind === "canvas" || one.task.unique !== undefined;
      if (isAlone) flush();
      if (one.kind === "canvas") whys.push(notMadeWhy(submitCanvas(one.canvas, now)));
      else tasks.push(one.task);
      if (isAlone) flush();
    }
    flush();
    return whys;
  };
}

/** Why a task was not made; one whose id is there was. */
const whyNot = (verdict: AcceptVerdict): string | undefined =>
  isStored(verdict) || verdict === "duplicate" || verdict === "exists" ? undefined : "unique_taken";
