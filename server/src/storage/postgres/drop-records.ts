import { type Instant, type Namespace, plus } from "../../model/ids.ts";
import { storedHash } from "../sql/stored-hash.ts";
import { int8s, texts } from "./arrays.ts";
import type { QueueEntry } from "./queue-registry.ts";
import { statement } from "./session.ts";
import { takeOffShelves } from "./shelves.ts";
import type { Work } from "./work.ts";

/** An ended task whose record goes. Its row is locked. */
export type EndedRecord = { readonly seq: number; readonly queue: QueueEntry; readonly state: number };

const some = "seq = ANY ($1::int8[])";
// Tags first: they are found by what the content says of them.
const dropTags = statement(`
  DELETE FROM tags g USING contents c CROSS JOIN LATERAL json_array_elements_text(c.tags::json) AS each_tag
  WHERE c.${some} AND c.tags IS NOT NULL AND g.namespace = c.namespace AND g.tag = each_tag.value AND g.seq = c.seq`);
const leaveTombstones = statement(`
  UPDATE contents c SET gone_at = $2, name = '', policy = '', tags = NULL, replay_of = NULL, ties = NULL, parent_id = NULL,
    root_id = NULL, content = '', hash = u.hash
  FROM unnest($1::int8[], $3::text[]) AS u(seq, hash) WHERE c.seq = u.seq`);
const selectHashes = statement<[seq: number, namespace: Namespace, hash: string, content: Uint8Array]>(`
  SELECT c.seq, n.name, c.hash, CASE c.hash WHEN '' THEN c.content ELSE '' END
  FROM contents c JOIN namespaces n ON n.id = c.namespace WHERE c.${some}`);
const dropTasks = statement(`DELETE FROM tasks WHERE ${some}`);
const dropAside = [
  "results",
  "attempts",
  "replays",
  "checkpoints",
  "links",
  "inputs",
  "places",
  "outputs",
  "output_heads",
].map((table) => statement(`DELETE FROM ${table} WHERE ${some}`));

/** Removes records of ended tasks with all that hangs on them, and leaves their tombstones. */
export async function dropRecords(work: Work, records: readonly EndedRecord[], now: Instant): Promise<void> {
  if (records.length === 0) return;
  const { db, ledger, backlog, limits } = work;
  await backlog.look(db);
  const seqs = int8s(records.map(({ seq }) => seq));
  const found = await db.rows(selectHashes, seqs);
  const hashes = texts(found.map(([, namespace, hash, content]) => storedHash(namespace, hash, content)));
  await Promise.all([
    db.run(dropTags, seqs),
    db.run(leaveTombstones, int8s(found.map(([seq]) => seq)), plus(now, limits.tombstoneMs), hashes),
    db.run(dropTasks, seqs),
    takeOffShelves(work, seqs),
    ...dropAside.map((drop) => db.run(drop, seqs)),
  ]);
  for (const { queue, state } of records) ledger.move(queue, state, undefined);
}
