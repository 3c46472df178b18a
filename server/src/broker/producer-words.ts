/** What is said about tasks and canvases that come in. */

export type { EnqueueVerdict } from "./enqueue-verdict.ts";
export type { CanvasDraft, DraftLeaf, Grow, GrowthWish } from "./growth.ts";
export type { ArgsDigest, LinkSubmission, TaskSubmission } from "./task-submission.ts";
export type { UniqueSubmission } from "./unique.ts";
