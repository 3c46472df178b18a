import type { CheckpointSave, CheckpointVerdict } from "../../ports/checkpoint-store.ts";
import { lostReason } from "../lost-lease.ts";
import { find, type State } from "./state.ts";

/** Keeps what attempts leave for their successors. */
export const saveCheckpoints = (
  state: State,
  saves: readonly CheckpointSave[],
): readonly CheckpointVerdict[] =>
  saves.map((save) => {
    const entry = find(state, save);
    const why = lostReason(entry, save.fence);
    if (entry === undefined || why !== undefined) return why ?? "task_unknown";
    entry.checkpoint = new Uint8Array(save.data);
    return "saved";
  });
