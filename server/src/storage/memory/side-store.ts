import type { Instant } from "../../model/ids.ts";
import type { CheckpointStore } from "../../ports/checkpoint-store.ts";
import type { DeadlineStore } from "../../ports/deadline-store.ts";
import type { RetentionStore } from "../../ports/retention-store.ts";
import { saveCheckpoints } from "./checkpoints.ts";
import { expireOverdue } from "./prune.ts";
import { pruneOverfull, setRetention } from "./retention.ts";
import type { State } from "./state.ts";

/** What few tasks have: checkpoints, deadlines, and a bound on how many are kept. */
export const createSideStore = (
  state: State,
  call: <T>(verb: () => T, now?: Instant) => Promise<T>,
): CheckpointStore & DeadlineStore & RetentionStore => ({
  saveCheckpoints: (saves) => call(() => saveCheckpoints(state, saves)),
  expireOverdue: (now, limit) => call(() => expireOverdue(state, now, limit), now),
  pruneOverfull: (now, limit) => call(() => pruneOverfull(state, now, limit)),
  setRetention: (ref, purgeAt) => call(() => setRetention(state, ref, purgeAt)),
});
