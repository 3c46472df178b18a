import { isOverfull, type KeepNewest } from "../../model/retention.ts";
import { int8s } from "./arrays.ts";
import { type Session, statement } from "./session.ts";
import type { Work } from "./work.ts";

/** Ended tasks whose number is bounded, by the names of their tasks, in the order in which they ended. */

const put = statement(`
  WITH ended AS MATERIALIZED (
    SELECT u.at, u.seq, c.namespace, c.name, u.count_max, u.bytes_max,
      (SELECT coalesce(length(r.result), 0) + coalesce(length(r.failure), 0) FROM results r WHERE r.seq = u.seq) AS bytes
    FROM unnest($1::int8[], $2::int8[], $3::int8[]) WITH ORDINALITY AS u(seq, count_max, bytes_max, at)
      JOIN contents c ON c.seq = u.seq),
  kept AS (
    INSERT INTO shelved (seq, namespace, name, bytes) SELECT seq, namespace, name, coalesce(bytes, 0) FROM ended ORDER BY at),
  bounded AS (
    INSERT INTO shelves AS s (namespace, name, count_max, bytes_max)
    SELECT DISTINCT ON (namespace, name) namespace, name, count_max, bytes_max FROM ended ORDER BY namespace, name, at DESC
    ON CONFLICT (namespace, name) DO UPDATE SET count_max = excluded.count_max, bytes_max = excluded.bytes_max
    WHERE (s.count_max, s.bytes_max) IS DISTINCT FROM (excluded.count_max, excluded.bytes_max))
  INSERT INTO shelf_loads AS l (namespace, name, slot, count, bytes)
  SELECT namespace, name, $4::int2, count(*), sum(coalesce(bytes, 0)) FROM ended GROUP BY namespace, name ORDER BY namespace, name
  ON CONFLICT (namespace, name, slot) DO UPDATE SET count = l.count + excluded.count, bytes = l.bytes + excluded.bytes`);

/** Tasks that have just ended go on their names' shelves, and their bounds are in force there. */
export const putOnShelves = (
  { db, slot }: Work,
  shelved: ReadonlyMap<number, KeepNewest>,
): Promise<number> => {
  const bounds = [...shelved.values()];
  return db.run(
    put,
    int8s([...shelved.keys()]),
    int8s(bounds.map(({ count }) => count)),
    int8s(bounds.map(({ bytes }) => bytes)),
    slot,
  );
};

const take = statement(`
  WITH gone AS (DELETE FROM shelved WHERE seq = ANY ($1::int8[]) RETURNING namespace, name, bytes)
  INSERT INTO shelf_loads AS l (namespace, name, slot, count, bytes)
  SELECT namespace, name, $2::int2, -count(*), -sum(bytes) FROM gone GROUP BY namespace, name ORDER BY namespace, name
  ON CONFLICT (namespace, name, slot) DO UPDATE SET count = l.count + excluded.count, bytes = l.bytes + excluded.bytes`);

/** Takes tasks off their shelves. */
export const takeOffShelves = ({ db, slot }: Work, seqs: Buffer): Promise<number> => db.run(take, seqs, slot);

type ShelfRow = readonly [
  namespace: number,
  name: string,
  countMax: number | null,
  bytesMax: number | null,
  count: number,
  bytes: number,
];
const selectOverfull = statement<ShelfRow>(`
  SELECT s.namespace, s.name, s.count_max, s.bytes_max, l.count, l.bytes
  FROM shelves s CROSS JOIN LATERAL (
    SELECT sum(count)::int8 AS count, sum(bytes)::int8 AS bytes FROM shelf_loads l
    WHERE l.namespace = s.namespace AND l.name = s.name) l
  WHERE l.count > s.count_max OR l.bytes > s.bytes_max ORDER BY s.namespace, s.name LIMIT $1 FOR UPDATE OF s SKIP LOCKED`);
const selectOldest = statement<[seq: number, bytes: number]>(
  "SELECT seq, bytes FROM shelved WHERE namespace = $1 AND name = $2 ORDER BY place LIMIT $3",
);

/** The numbers of those that are there beyond their bounds, the first to have ended first. Shelves that another server clears are left to it. */
export async function overfull(db: Session, limit: number): Promise<number[]> {
  const gone: number[] = [];
  for (const [namespace, name, countMax, bytesMax, count, bytes] of await db.rows(selectOverfull, limit)) {
    if (gone.length >= limit) break;
    const left = { count, bytes };
    const bound = { count: countMax ?? undefined, bytes: bytesMax ?? undefined };
    for (const [seq, size] of await db.rows(selectOldest, namespace, name, limit - gone.length)) {
      if (!isOverfull(left, bound)) break;
      left.count -= 1;
      left.bytes -= size;
      gone.push(seq);
    }
  }
  return gone;
}

const forgetEmpty = statement(`
  WITH empty AS (
    SELECT s.namespace, s.name FROM shelves s
    WHERE NOT EXISTS (SELECT FROM shelved e WHERE e.namespace = s.namespace AND e.name = s.name)),
  gone AS (DELETE FROM shelf_loads l USING empty e WHERE l.namespace = e.namespace AND l.name = e.name)
  DELETE FROM shelves s USING empty e WHERE s.namespace = e.namespace AND s.name = e.name`);
const dropAll = ["shelved", "shelf_loads", "shelves"].map((table) =>
  statement(`DELETE FROM ${table} WHERE namespace = $1`),
);

/** Forgets shelves with nothing on them. Alone: nobody puts anything there meanwhile. */
export const forgetEmptyShelves = (db: Session): Promise<number> => db.run(forgetEmpty);

/** Forgets all shelves of a namespace. */
export async function dropShelves(db: Session, namespace: number): Promise<void> {
  await Promise.all(dropAll.map((each) => db.run(each, namespace)));
}
