import { createExpireOverdue } from "./overdue.ts";
import { createPruneOverfull, createSetRetention } from "./retention.ts";
import { createSaveCheckpoints } from "./save-checkpoints.ts";
import type { Writing } from "./writing.ts";

/** Makes the verbs that write what few tasks have: checkpoints, deadlines, and a bound on how many are kept. */
export const createSideCalls = (writing: Writing) => ({
  saveCheckpoints: createSaveCheckpoints(writing),
  expireOverdue: createExpireOverdue(writing),
  pruneOverfull: createPruneOverfull(writing),
  setRetention: createSetRetention(writing),
});
