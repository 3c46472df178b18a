import type { Instant, TaskRef } from "../../model/ids.ts";
import { isTerminal } from "../../model/task.ts";
import type { RetentionVerdict } from "../../ports/retention-store.ts";
import { states } from "../sql/codes.ts";
import { createDropRecords } from "./drop-records.ts";
import { command, query } from "./files/connection.ts";
import { createFind } from "./find.ts";
import type { Writing } from "./writing.ts";

/** Makes pruneOverfull: removes the oldest of what is kept beyond a bound. */
export function createPruneOverfull(writing: Writing): (now: Instant, limit: number) => number {
  const { db, queues, shelves } = writing;
  const drop = createDropRecords(writing);
  const select = query<[seq: number, queue: number, state: number]>(
    db,
    "SELECT t.seq, t.queue, t.state FROM json_each(?) gone CROSS JOIN tasks t ON t.seq = gone.value",
  );
  return (now, limit) => {
    const seqs = shelves.overfull(limit);
    if (seqs.length === 0) return 0;
    const ended = select.all(JSON.stringify(seqs));
    drop(
      ended.map(([seq, queue, state]) => ({ seq, queue: queues.byId(queue), state })),
      now,
    );
    return ended.length;
  };
}

/** Makes setRetention: says anew when the record of an ended task goes. */
export function createSetRetention(writing: Writing): (ref: TaskRef, purgeAt: Instant) => RetentionVerdict {
  const { db, claims, shelves } = writing;
  const find = createFind(writing);
  const update = command(db, "UPDATE tasks SET timer_at = ? WHERE seq = ?");
  return (ref, purgeAt) => {
    const task = find(ref);
    if (task === undefined) return "unknown";
    if (!isTerminal(states.word(task.state))) return "live";
    update(purgeAt, task.seq);
    claims.ended(task.seq, purgeAt);
    shelves.drop(JSON.stringify([task.seq]));
    return "set";
  };
}
