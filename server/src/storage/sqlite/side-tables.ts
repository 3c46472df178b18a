import { type AttemptCheckpoints, createAttemptCheckpoints } from "./attempt-checkpoints.ts";
import { createDeadlines, type Deadlines } from "./deadlines.ts";
import type { Database } from "./files/connection.ts";

/** What few tasks have, in tables of their own. */
export type SideTables = { readonly checkpoints: AttemptCheckpoints; readonly deadlines: Deadlines };

/** Opens them. */
export const createSideTables = (db: Database): SideTables => ({
  checkpoints: createAttemptCheckpoints(db),
  deadlines: createDeadlines(db),
});
