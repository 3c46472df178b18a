import type { Replay } from "../../model/dead-letter.ts";
import type { Instant, TaskId, TaskRef } from "../../model/ids.ts";
import type { ReplayNote } from "../../ports/admin-store.ts";
import { command, type Database, query } from "./files/connection.ts";
import { createFind } from "./find.ts";
import type { Writing } from "./writing.ts";

/** Makes noteReplays: which tasks replay others. */
export function createNoteReplays(writing: Writing): (notes: readonly ReplayNote[]) => void {
  const find = createFind(writing);
  const upsert = command(
    writing.db,
    "INSERT OR REPLACE INTO replays (seq, task_id, replayed_at) VALUES (?, ?, ?)",
  );
  return (notes) => {
    for (const { ref, replay } of notes) {
      const task = find(ref);
      if (task !== undefined) upsert(task.seq, replay.taskId, replay.at);
    }
  };
}

/** Makes readReplays: how tasks were replayed, in the order asked. */
export function createReadReplays(
  db: Database,
): (refs: readonly TaskRef[]) => readonly (Replay | undefined)[] {
  const select = query<[TaskId, Instant]>(
    db,
    `SELECT r.task_id, r.replayed_at FROM namespaces n CROSS JOIN contents c ON c.namespace = n.id
       CROSS JOIN replays r ON r.seq = c.seq WHERE n.name = ? AND c.id = ?`,
  );
  return (refs) =>
    refs.map(({ namespace, id }) => {
      const row = select.get(namespace, id);
      return row && { taskId: row[0], at: row[1] };
    });
}
