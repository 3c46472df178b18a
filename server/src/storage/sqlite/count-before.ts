import type { Place } from "../../model/gatekeeper.ts";
import { type Database, query, type Value } from "./files/connection.ts";

/** Counts the rows of a stretch that come before a place in the order of grants, up to `max` of them. */
export type CountBefore = (stretch: readonly Value[], place: Place, max: number) => number;

/**
 * Makes it for a stretch of an index of ties, "FROM … WHERE …", that is in the order of grants. Each of the three parts is a range of
 * the index, so that no more rows are looked at than are counted.
 */
export function createCountBefore(db: Database, stretch: string): CountBefore {
  const count = query<[number]>(
    db,
    `SELECT count(*) FROM (
       SELECT 1 ${stretch} AND priority > ? UNION ALL
       SELECT 1 ${stretch} AND priority = ? AND turn < ? UNION ALL
       SELECT 1 ${stretch} AND priority = ? AND turn = ? AND seq < ? LIMIT ?)`,
  );
  return (values, { priority, turn, seq }, max) => {
    const parts = [...values, priority, ...values, priority, turn, ...values, priority, turn, seq];
    return max <= 0 ? 0 : (count.get(...parts, max)?.[0] ?? 0);
  };
}
