import { command, type Database, query } from "../files/connection.ts";
import type { Writing } from "../writing.ts";

/** Removing schedules ends after this many rows: a transaction that removes a million keeps everybody waiting. */
const rowsMax = 50_000;

/** Makes what removes a schedule with its records, by its number; answers how many rows that were. */
export function createRemoveSchedule(db: Database): (seq: number) => number {
  const drops = [
    "DELETE FROM slot_records WHERE schedule = ?",
    "DELETE FROM schedule_progress WHERE seq = ?",
    "DELETE FROM schedules WHERE seq = ?",
  ].map((sql) => command(db, sql));
  return (seq) => drops.reduce((rows, drop) => rows + drop(seq), 0);
}

/** Makes what removes schedules of a namespace, some at a time; answers how many. */
export function createClearSchedules({ db, schedules }: Writing): (space: number, limit: number) => number {
  const remove = createRemoveSchedule(db);
  const select = query<[seq: number]>(
    db,
    "SELECT seq FROM schedules INDEXED BY schedules_id WHERE namespace = ? LIMIT ?",
  );
  return (space, limit) => {
    let [gone, rows] = [0, 0];
    for (const [seq] of select.all(space, limit)) {
      if (rows >= rowsMax) break;
      rows += remove(seq);
      gone += 1;
    }
    schedules.moved(space, -gone);
    return gone;
  };
}
