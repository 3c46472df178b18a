import { createExpireOverdue } from "./overdue.ts";
import { createNoteReplays } from "./replays.ts";
import { createSaveCheckpoints } from "./save-checkpoints.ts";
import type { Writing } from "./writing.ts";

/** Makes the verbs that write what few tasks have: checkpoints, deadlines, and replays. */
export const createSideCalls = (writing: Writing) => ({
  noteReplays: createNoteReplays(writing),
  saveCheckpoints: createSaveCheckpoints(writing),
  expireOverdue: createExpireOverdue(writing),
});
