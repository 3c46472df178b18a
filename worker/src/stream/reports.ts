import type { Logger } from "@stem/sdk";
import type { Clock } from "@stem/sdk/internal";
import type { HeldLease } from "../lease.ts";
import { CheckpointReports } from "./checkpoint-reports.ts";
import { OutputReports } from "./output-reports.ts";

/** What handlers report while they run: to whoever watches, and to their successors. */
export type Reports = { readonly output: OutputReports; readonly checkpoints: CheckpointReports };

/** What reports need. */
export type ReportsDeps = {
  readonly clock: Clock;
  readonly log: Logger;
  readonly held: Iterable<HeldLease>;
  readonly onReady: () => void;
};

/** Makes both; nothing is reported yet. */
export const createReports = ({ clock, log, held, onReady }: ReportsDeps): Reports => ({
  output: new OutputReports({ clock, log, onReady }),
  checkpoints: new CheckpointReports(held, onReady),
});
