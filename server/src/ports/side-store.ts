import type { CheckpointStore } from "./checkpoint-store.ts";
import type { DeadlineStore } from "./deadline-store.ts";
import type { RetentionStore } from "./retention-store.ts";

/** What few tasks have: checkpoints, deadlines, and a retention of their own. */
export interface SideStore extends CheckpointStore, DeadlineStore, RetentionStore {}
