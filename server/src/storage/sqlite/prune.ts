import { type Instant, namespaceOf } from "../../model/ids.ts";
import { stateCode } from "./codes.ts";
import { command, defineFunction, query } from "./files/connection.ts";
import { storedHash } from "./find.ts";
import type { Writing } from "./writing.ts";

/** Makes prune: removes ended tasks whose time is over, then tombstones whose time is over; at most `limit` of both. */
export function createPrune(writing: Writing): (now: Instant, limit: number) => number {
  const { db, limits } = writing;
  const pruneTasks = createPruneTasks(writing);
  const pruneTombstones = command(
    db,
    "DELETE FROM contents WHERE seq IN (SELECT seq FROM contents WHERE gone_at <= ? ORDER BY gone_at LIMIT ?)",
  );
  return (now, limit) => {
    const tasks = pruneTasks(now, limit, now + limits.tombstoneMs);
    return tasks + pruneTombstones(now, limit - tasks);
  };
}

type PruneTasks = (now: Instant, limit: number, tombstoneUntil: number) => number;
type Ended = readonly [seq: number, queue: number, state: number, purgeAt: number];

const terminal = [stateCode.succeeded, stateCode.failed, stateCode.cancelled];

function createPruneTasks({ db, ledger, queues }: Writing): PruneTasks {
  const selectEnded = query<Ended>(
    db,
    `SELECT seq, queue, state, timer_at FROM tasks INDEXED BY tasks_timer
     WHERE state = ? AND state <> ${stateCode.ready} AND timer_at <= ? ORDER BY timer_at, seq LIMIT ?`,
  );
  const some = "seq IN (SELECT value FROM json_each(?))";
  defineFunction(db, "content_hash", (namespace, hash, content) =>
    storedHash(namespaceOf(String(namespace)), String(hash), content as Uint8Array),
  );
  // Tags first: they are found by what the content says of them.
  const dropTags = command(
    db,
    `DELETE FROM tags WHERE (namespace, tag, seq) IN (
       SELECT c.namespace, each_tag.value, c.seq FROM contents c, json_each(c.tags) each_tag WHERE c.${some})`,
  );
  const leaveTombstones = command(
    db,
    `UPDATE contents SET gone_at = ?, hash = content_hash((SELECT n.name FROM namespaces n WHERE n.id = namespace), hash, content),
       name = '', policy = '', tags = NULL, replay_of = NULL, content = x'' WHERE ${some}`,
  );
  const dropTasks = command(db, `DELETE FROM tasks WHERE ${some}`);
  const dropResults = command(db, `DELETE FROM results WHERE ${some}`);

  /** Those whose time is longest over, in whatever way they ended. */
  function longestOver(now: Instant, limit: number): Ended[] {
    const found = terminal.flatMap((state) => selectEnded.all(state, now, limit));
    return found.sort((a, b) => a[3] - b[3] || a[0] - b[0]).slice(0, limit);
  }

  return (now, limit, tombstoneUntil) => {
    const ended = longestOver(now, limit);
    if (ended.length === 0) return 0;
    const seqs = JSON.stringify(ended.map(([seq]) => seq));
    dropTags(seqs);
    leaveTombstones(tombstoneUntil, seqs);
    dropTasks(seqs);
    dropResults(seqs);
    for (const [, queue, state] of ended) ledger.move(queues.byId(queue), state, undefined);
    return ended.length;
  };
}
