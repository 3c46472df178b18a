import type { Instant } from "../../model/ids.ts";
import { createJudge, type Judge } from "../judge.ts";
import { type HeadRow, headColumns, headOf } from "../sql/task-row.ts";
import { query } from "./files/connection.ts";
import type { FindHash } from "./find.ts";
import { headJoins } from "./head-joins.ts";
import { roomOf } from "./queue-entry.ts";
import type { Writing } from "./writing.ts";

/** Makes the judge of atomic batches as things are at a time. */
export function createJudgeAt(writing: Writing, findHash: FindHash): (now: Instant) => Judge {
  const { db, queues, claims } = writing;
  const select = query<HeadRow>(db, `SELECT ${headColumns} FROM tasks t ${headJoins} WHERE t.seq = ?`);
  return (now) =>
    createJudge({
      hashOf: findHash,
      spaceRoom: (namespace) => queues.spaces.room(queues.spaces.make(namespace)),
      queueRoom({ namespace, queue }) {
        const found = queues.find(namespace, queue);
        return found && roomOf(found);
      },
      holderOf(namespace, key) {
        const space = queues.namespaceId(namespace);
        const holder = space === undefined ? undefined : claims.holderOf(space, key, now);
        const row = holder && select.get(holder.seq);
        return holder && { id: holder.taskId, head: row && headOf(row) };
      },
    });
}
