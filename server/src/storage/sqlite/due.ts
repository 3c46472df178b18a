import type { Instant } from "../../model/ids.ts";
import type { TaskHead } from "../../model/task.ts";
import { stateCode } from "../sql/codes.ts";
import { type HeadRow, headColumns, headOf } from "../sql/task-row.ts";
import { type Database, query } from "./files/connection.ts";
import { headJoins } from "./head-joins.ts";

/** Reads tasks whose time has come, earliest first. */
export type ReadTimers = (now: Instant, limit: number) => readonly TaskHead[];

/** Makes dueTasks: scheduled tasks whose time has come. */
export const createDueTasks = (db: Database): ReadTimers => createTimers(db, stateCode.scheduled, "<=");

/** Makes expiredLeases: leased tasks whose lease is over. */
export const createExpiredLeases = (db: Database): ReadTimers => createTimers(db, stateCode.leased, "<");

function createTimers(db: Database, state: number, isBefore: "<" | "<="): ReadTimers {
  const select = query<HeadRow>(
    db,
    `SELECT ${headColumns} FROM tasks t INDEXED BY tasks_timer ${headJoins}
     WHERE t.state = ${state} AND t.state <> ${stateCode.ready} AND t.timer_at ${isBefore} ?
     ORDER BY t.timer_at, t.seq LIMIT ?`,
  );
  return (now, limit) => select.all(now, limit).map(headOf);
}
