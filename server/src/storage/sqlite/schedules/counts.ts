import { type Database, query } from "../files/connection.ts";

/** How many schedules there are, by the number of the namespace, the running transaction included. */
export type ScheduleCounts = {
  of(space: number): number;
  /** So many more have come, or gone. */
  moved(space: number, by: number): void;
  /** Forgets what is remembered. */
  discard(): void;
};

/** Counts those of a namespace when it is first asked, and remembers. */
export function createScheduleCounts(db: Database): ScheduleCounts {
  const counts = new Map<number, number>();
  const select = query<[number]>(
    db,
    "SELECT count(*) FROM schedules INDEXED BY schedules_id WHERE namespace = ?",
  );
  return {
    of(space) {
      const count = counts.get(space) ?? select.get(space)?.[0] ?? 0;
      counts.set(space, count);
      return count;
    },
    moved(space, by) {
      const count = counts.get(space);
      if (count !== undefined) counts.set(space, count + by);
    },
    discard: () => counts.clear(),
  };
}
