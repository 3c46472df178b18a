import { rememberedAs } from "../../../model/canvas-records.ts";
import { canvasIdOf, type Instant, plus } from "../../../model/ids.ts";
import { command, type Database, query } from "../files/connection.ts";
import type { Writing } from "../writing.ts";

/** Removing canvases ends after this many rows: a transaction that removes millions keeps everybody waiting. */
const rowsMax = 50_000;

/** Makes pruneCanvases: removes canvases whose time is over, and that no other one retries, and leaves their tombstones. */
export function createPruneCanvases(writing: Writing): (now: Instant, limit: number) => number {
  const { db, limits, canvases } = writing;
  const remove = createRemove(db);
  const select = query<[seq: number]>(
    db,
    `SELECT k.seq FROM canvases k INDEXED BY canvases_purge WHERE k.purge_at IS NOT NULL AND k.purge_at <= ?
       AND NOT EXISTS (SELECT 1 FROM canvases r INDEXED BY canvases_retries WHERE r.retries = k.seq)
     ORDER BY k.purge_at LIMIT ?`,
  );
  const leaveTombstone = createLeaveTombstone(db);
  return (now, limit) => {
    canvases.barriers.write();
    return remove(
      select.all(now, limit).map(([seq]) => seq),
      (seq) => leaveTombstone(seq, plus(now, limits.tombstoneMs)),
    );
  };
}

/** Makes what removes canvases of a namespace, some at a time, without tombstones; answers how many. */
export function createClearCanvases({ db, canvases }: Writing): (space: number, limit: number) => number {
  const remove = createRemove(db);
  const select = query<[seq: number]>(db, "SELECT seq FROM canvases WHERE namespace = ? LIMIT ?");
  return (space, limit) => {
    canvases.barriers.write();
    return remove(select.all(space, limit).map(([seq]) => seq));
  };
}

/** Removes the first of these canvases with all that is theirs but their tasks; at least one. Answers how many. */
function createRemove(db: Database): (canvases: readonly number[], before?: (seq: number) => void) => number {
  const drops = [
    "DELETE FROM members WHERE barrier IN (SELECT seq FROM barriers INDEXED BY barriers_canvas WHERE canvas = ?)",
    "DELETE FROM places WHERE canvas = ?",
    "DELETE FROM parts WHERE canvas = ?",
    "DELETE FROM barriers WHERE canvas = ?",
    `DELETE FROM canvas_tags WHERE (namespace, tag, canvas) IN (
       SELECT k.namespace, each_tag.value, k.seq FROM canvases k, json_each(k.facts, '$.tags') each_tag WHERE k.seq = ?)`,
    "DELETE FROM canvases WHERE seq = ?",
  ].map((sql) => command(db, sql));
  return (canvases, before) => {
    let [gone, rows] = [0, 0];
    for (const seq of canvases) {
      if (rows >= rowsMax) break;
      before?.(seq);
      for (const drop of drops) rows += drop(seq);
      gone += 1;
    }
    return gone;
  };
}

/** The tombstone of a canvas is beside those of tasks. Its number is below theirs, which are counted elsewhere. */
function createLeaveTombstone(db: Database): (seq: number, goneAt: Instant) => void {
  const select = query<[space: number, id: string, hash: string]>(
    db,
    `SELECT k.namespace, b.id, k.facts ->> '$.contentHash' FROM canvases k CROSS JOIN barriers b ON b.seq = k.seq WHERE k.seq = ?`,
  );
  const insert = command(
    db,
    `INSERT INTO contents (seq, namespace, id, gone_at, hash, name, policy, content)
     SELECT min(coalesce(min(seq), 0), 0) - 1, ?, ?, ?, ?, '', '', x'' FROM contents`,
  );
  return (seq, goneAt) => {
    const [space, id, hash] = select.get(seq) ?? [];
    if (space === undefined || id === undefined || hash === undefined)
      throw new Error("a canvas that is removed is not there");
    insert(space, rememberedAs(canvasIdOf(id)), goneAt, hash);
  };
}
