import type { Instant, Namespace } from "../../model/ids.ts";
import { createClearCanvases } from "./canvases/remove.ts";
import { createDropRecords } from "./drop-records.ts";
import { command, query } from "./files/connection.ts";
import { createPurge } from "./purge.ts";
import type { SpaceEntry } from "./queue-entry.ts";
import { createClearSchedules } from "./schedules/remove.ts";
import type { Writing } from "./writing.ts";

/** A record of a namespace: of a task, or the tombstone of one. */
type Row = [seq: number, queue: number | null, state: number | null];

/** Makes clearNamespace: a piece of the deletion of a namespace. */
export function createClear(
  writing: Writing,
): (namespace: Namespace, now: Instant, limit: number) => "more" | "leased" | "gone" {
  const { queues } = writing;
  const removeSchedules = createClearSchedules(writing);
  const cancelWaiting = createCancelWaiting(writing);
  const removeRecords = createRemoveRecords(writing);
  const removeCanvases = createClearCanvases(writing);
  const removeRest = createRemoveRest(writing);
  return (namespace, now, limit) => {
    const space = queues.spaces.find(namespace);
    if (space === undefined) return "gone";
    if (removeSchedules(space.id, limit) > 0) return "more";
    if (cancelWaiting(space, now, limit) > 0) return "more";
    if (space.backlogTasks > 0) return "leased";
    if (removeRecords(space, now, limit) > 0) return "more";
    if (removeCanvases(space.id, limit) > 0) return "more";
    removeRest(space);
    return "gone";
  };
}

function createCancelWaiting(writing: Writing): (space: SpaceEntry, now: Instant, limit: number) => number {
  const purge = createPurge(writing);
  return ({ name: namespace, queues }, now, limit) => {
    let cancelled = 0;
    for (const queue of queues.keys())
      if (cancelled < limit)
        cancelled += purge({ namespace, queue }, Number.MAX_SAFE_INTEGER, now, limit - cancelled);
    return cancelled;
  };
}

/** Without tombstones: the ids of a namespace that is gone are free. */
function createRemoveRecords(writing: Writing): (space: SpaceEntry, now: Instant, limit: number) => number {
  const { db, queues } = writing;
  const drop = createDropRecords(writing);
  const select = query<Row>(
    db,
    `SELECT c.seq, t.queue, t.state FROM contents c INDEXED BY contents_id LEFT JOIN tasks t ON t.seq = c.seq
     WHERE c.namespace = ? LIMIT ?`,
  );
  const remove = command(db, "DELETE FROM contents WHERE seq IN (SELECT value FROM json_each(?))");
  return ({ id }, now, limit) => {
    const rows = select.all(id, limit);
    const records = rows.flatMap(([seq, queue, state]) =>
      queue === null || state === null ? [] : { seq, queue: queues.byId(queue), state },
    );
    drop(records, now);
    if (rows.length > 0) remove(JSON.stringify(rows.map(([seq]) => seq)));
    return rows.length;
  };
}

/** What is left when no task is. Its events name a namespace that is not there, and are passed over. */
function createRemoveRest(writing: Writing): (space: SpaceEntry) => void {
  const { db, queues, ledger, revocations } = writing;
  const ofQueues = "queue IN (SELECT id FROM queues WHERE namespace = ?)";
  const drops = [
    "DELETE FROM unique_claims WHERE namespace = ?",
    "DELETE FROM revocations WHERE namespace = ?",
    "DELETE FROM shelves WHERE namespace = ?",
    ...["turns", "queue_events", "queue_event_heads"].map(
      (table) => `DELETE FROM ${table} WHERE ${ofQueues}`,
    ),
  ].map((sql) => command(db, sql));
  return (space) => {
    // What this transaction owes the queues is written while they are there.
    ledger.write();
    for (const drop of drops) drop(space.id);
    revocations.reload();
    queues.remove([...space.queues.values()]);
    queues.spaces.remove(space);
  };
}
