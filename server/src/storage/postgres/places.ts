import type { BarrierId, CanvasId, PartId } from "../../model/ids.ts";
import type { Place } from "../../model/place.ts";
import type { NewTask, Task, TaskPolicy } from "../../model/task.ts";
import { bools, int4s, int8s, texts } from "./arrays.ts";
import { type Session, statement } from "./session.ts";
import type { Work } from "./work.ts";

/** A task that was stored; its number is known where it has a place. */
type Placed = {
  readonly seq: number | undefined;
  readonly namespaceId: number;
  readonly task: Pick<NewTask, "place" | "next">;
};

/** The columns of a place, from places p. */
export const placeColumns = "p.canvas, p.barrier, p.place, p.reports_success, p.step, p.next";

/** One row of placeColumns. */
export type PlaceRow = readonly [
  canvas: CanvasId,
  barrier: BarrierId,
  place: number,
  reportsSuccess: boolean,
  step: number | null,
  next: PartId | null,
];

/** The place that a row means, and what follows the task. */
export const placeOf = ([canvas, barrier, index, reportsSuccess, step, next]: PlaceRow): Required<
  Pick<Task, "place" | "next">
> & { readonly place: Place } => ({
  place: {
    ...{ canvas, barrier, index, reports: reportsSuccess ? "end" : "unsuccessful" },
    ...(step !== null && { step }),
  },
  next: next ?? undefined,
});

const insert = statement(`
  INSERT INTO places (seq, namespace, canvas, barrier, place, reports_success, step, next)
  SELECT * FROM unnest($1::int8[], $2::int4[], $3::text[], $4::text[], $5::int4[], $6::bool[], $7::int4[], $8::text[])`);
const stop = statement("UPDATE places SET goes_on = false WHERE seq = ANY ($1::int8[]) AND goes_on");
const select = statement<[seq: number, ...PlaceRow]>(
  `SELECT p.seq, ${placeColumns} FROM places p WHERE p.seq = ANY ($1::int8[])`,
);

/** Keeps where tasks are in their canvases; those that are in none cost nothing. */
export async function putPlaces({ db }: Pick<Work, "db">, stored: readonly Placed[]): Promise<void> {
  const placed = stored.flatMap(({ seq, namespaceId, task: { place, next } }) =>
    place === undefined ? [] : [{ ...place, seq, namespaceId, next }],
  );
  if (placed.length === 0) return;
  await db.run(
    insert,
    int8s(placed.map(({ seq }) => seq)),
    int4s(placed.map(({ namespaceId }) => namespaceId)),
    texts(placed.map(({ canvas }) => canvas)),
    texts(placed.map(({ barrier }) => barrier)),
    int4s(placed.map(({ index }) => index)),
    bools(placed.map(({ reports }) => reports === "end")),
    int4s(placed.map(({ step }) => step)),
    texts(placed.map(({ next }) => next)),
  );
}

/** Notes that tasks have ended, or that somebody has asked to cancel them: nobody has to any more. */
export const stopPlaced = (db: Session, seqs: readonly number[]): Promise<number> =>
  db.run(stop, int8s(seqs));

type Known = { readonly seq: number; readonly policy: TaskPolicy };

/** Where tasks are, by their numbers. Nothing is looked up where no policy says that they are in a canvas. */
export async function placesOf(
  db: Session,
  tasks: readonly Known[],
): Promise<ReadonlyMap<number, ReturnType<typeof placeOf>>> {
  const members = tasks.filter(({ policy }) => policy.member !== undefined).map(({ seq }) => seq);
  if (members.length === 0) return new Map();
  return new Map((await db.rows(select, int8s(members))).map(([seq, ...row]) => [seq, placeOf(row)]));
}
