import { type Instant, plus } from "../../model/ids.ts";
import { createDropNotes } from "./attempts.ts";
import { command } from "./files/connection.ts";
import { defineContentHash } from "./find.ts";
import type { QueueEntry } from "./queue-registry.ts";
import type { Writing } from "./writing.ts";

/** An ended task whose record goes. */
export type EndedRecord = { readonly seq: number; readonly queue: QueueEntry; readonly state: number };

/** Removes records of ended tasks with all that hangs on them, and leaves their tombstones. */
export type DropRecords = (records: readonly EndedRecord[], now: Instant) => void;

/** Makes it. */
export function createDropRecords(writing: Writing): DropRecords {
  const { db, ledger, limits, checkpoints, deadlines, shelves, links, canvases } = writing;
  const some = "seq IN (SELECT value FROM json_each(?))";
  defineContentHash(db);
  // Tags first: they are found by what the content says of them.
  const dropTags = command(
    db,
    `DELETE FROM tags WHERE (namespace, tag, seq) IN (
       SELECT c.namespace, each_tag.value, c.seq FROM contents c, json_each(c.tags) each_tag WHERE c.${some})`,
  );
  const leaveTombstones = command(
    db,
    `UPDATE contents SET gone_at = ?, hash = content_hash((SELECT n.name FROM namespaces n WHERE n.id = namespace), hash, content),
       name = '', policy = '', tags = NULL, replay_of = NULL, ties = NULL, parent_id = NULL, root_id = NULL, content = x'' WHERE ${some}`,
  );
  const dropTasks = command(db, `DELETE FROM tasks WHERE ${some}`);
  const dropResults = command(db, `DELETE FROM results WHERE ${some}`);
  const dropNotes = createDropNotes(db);

  return (records, now) => {
    if (records.length === 0) return;
    const numbers = records.map(({ seq }) => seq);
    const seqs = JSON.stringify(numbers);
    dropTags(seqs);
    leaveTombstones(plus(now, limits.tombstoneMs), seqs);
    dropTasks(seqs);
    dropResults(seqs);
    dropNotes(seqs);
    checkpoints.drop(seqs);
    links.drop(seqs);
    canvases.places.drop(seqs);
    deadlines.drop(numbers);
    shelves.drop(seqs);
    for (const { queue, state } of records) ledger.move(queue, state, undefined);
  };
}
