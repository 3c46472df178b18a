import type { CheckpointSave, CheckpointVerdict } from "../../ports/checkpoint-store.ts";
import { lostReason } from "../lost-lease.ts";
import type { Verb } from "./lane.ts";
import { createRows } from "./rows.ts";
import { writeRows } from "./write-rows.ts";

/** Keeps what attempts leave for their successors. */
export const saveCheckpoints: Verb<CheckpointSave, CheckpointVerdict> = {
  isDurable: true,
  async run(work, saves) {
    const rows = createRows(work);
    const locked = await rows.lock(saves);
    const verdicts = saves.map((save, at) => {
      const row = locked[at];
      const why = lostReason(row, save.fence);
      if (row === undefined || why !== undefined) return why ?? "task_unknown";
      rows.leftovers.checkpoints.set(row.seq, save.data);
      return "saved";
    });
    await writeRows(work, rows);
    return verdicts;
  },
};
