/** The words that operators and the broker have in common, for whoever calls it. */

export type { CancelMessage } from "../model/task.ts";
export type { BatchOutcome, TaskBatch, TaskFilter } from "./batch.ts";
export type { BatchEdit } from "./batches.ts";
export type { CancelVerdict } from "./cancel.ts";
export type { DeadLetter, ReplayedLetter } from "./dead-letters.ts";
export { type EditWish, noWish, type TaskAt } from "./edit.ts";
export type { Explained } from "./explain.ts";
export type { ReplayEdit, Replayed } from "./replay.ts";
export type { RevokedId } from "./revoke.ts";
