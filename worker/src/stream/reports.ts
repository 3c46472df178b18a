import type { Clock } from "@stem/sdk/internal";
import type { HeldLease } from "../lease.ts";
import { CheckpointReports } from "./checkpoint-reports.ts";
import { ProgressReports } from "./progress-reports.ts";

/** What handlers report while they run: to whoever waits, and to their successors. */
export type Reports = { readonly progress: ProgressReports; readonly checkpoints: CheckpointReports };

/** Makes both; nothing is reported yet. */
export const createReports = (clock: Clock, held: Iterable<HeldLease>, onReady: () => void): Reports => ({
  progress: new ProgressReports(clock, onReady),
  checkpoints: new CheckpointReports(held, onReady),
});
