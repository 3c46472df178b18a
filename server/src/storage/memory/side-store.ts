import type { CheckpointStore } from "../../ports/checkpoint-store.ts";
import type { DeadlineStore } from "../../ports/deadline-store.ts";
import type { TaskStore } from "../../ports/task-store.ts";
import { saveCheckpoints } from "./checkpoints.ts";
import { dueTasks, expiredLeases } from "./due.ts";
import { expireOverdue } from "./prune.ts";
import type { State } from "./state.ts";

/** What hangs on times, and what few tasks have: checkpoints and deadlines. */
export const createSideStore = (
  state: State,
  call: <T>(verb: () => T) => Promise<T>,
): CheckpointStore & DeadlineStore & Pick<TaskStore, "dueTasks" | "expiredLeases"> => ({
  dueTasks: (now, limit) => call(() => dueTasks(state, now, limit)),
  expiredLeases: (now, limit) => call(() => expiredLeases(state, now, limit)),
  saveCheckpoints: (saves) => call(() => saveCheckpoints(state, saves)),
  expireOverdue: (now, limit) => call(() => expireOverdue(state, now, limit)),
});
