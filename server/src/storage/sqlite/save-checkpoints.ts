import type { CheckpointSave, CheckpointVerdict } from "../../ports/checkpoint-store.ts";
import { createFind } from "./find.ts";
import { lostReason } from "./lost-lease.ts";
import type { Writing } from "./writing.ts";

/** Makes saveCheckpoints: keeps what attempts leave whose leases are still open. */
export function createSaveCheckpoints(
  writing: Writing,
): (saves: readonly CheckpointSave[]) => readonly CheckpointVerdict[] {
  const { checkpoints } = writing;
  const find = createFind(writing);
  return (saves) =>
    saves.map((save) => {
      const task = find(save);
      const why = task === undefined ? "task_unknown" : lostReason(task, save.fence);
      if (task === undefined || why !== undefined) return why ?? "task_unknown";
      checkpoints.put(task.seq, save.data);
      return "saved";
    });
}
