import type { Instant } from "../../model/ids.ts";
import type { CheckpointStore } from "../../ports/checkpoint-store.ts";
import type { DeadlineStore } from "../../ports/deadline-store.ts";
import { saveCheckpoints } from "./checkpoints.ts";
import { expireOverdue } from "./prune.ts";
import type { State } from "./state.ts";

/** What few tasks have: checkpoints and deadlines. */
export const createSideStore = (
  state: State,
  call: <T>(verb: () => T, now?: Instant) => Promise<T>,
): CheckpointStore & DeadlineStore => ({
  saveCheckpoints: (saves) => call(() => saveCheckpoints(state, saves)),
  expireOverdue: (now, limit) => call(() => expireOverdue(state, now, limit), now),
});
