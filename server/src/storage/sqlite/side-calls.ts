import { createExpireOverdue } from "./overdue.ts";
import { createSaveCheckpoints } from "./save-checkpoints.ts";
import type { Writing } from "./writing.ts";

/** Makes the verbs that write what few tasks have: checkpoints and deadlines. */
export const createSideCalls = (writing: Writing) => ({
  saveCheckpoints: createSaveCheckpoints(writing),
  expireOverdue: createExpireOverdue(writing),
});
