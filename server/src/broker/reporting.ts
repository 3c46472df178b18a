import { createCheckpointing, type SaveCheckpoints } from "./checkpoints.ts";
import { createWriteOutput, type WriteOutput, type WriteOutputDeps } from "./output.ts";

/** What attempts leave behind while they run: for their successors, and for whoever reads. */
export type Reporting = { readonly saveCheckpoints: SaveCheckpoints; readonly writeOutput: WriteOutput };

/** What reporting needs. */
export type ReportingDeps = WriteOutputDeps & Parameters<typeof createCheckpointing>[0];

/** Makes both parts of the broker. */
export const createReporting = (deps: ReportingDeps): Reporting => ({
  saveCheckpoints: createCheckpointing(deps),
  writeOutput: createWriteOutput(deps),
});
