import { heldUntil } from "../../model/canvas-records.ts";
import type { Instant } from "../../model/ids.ts";
import { stateCode } from "../sql/codes.ts";
import { createDropRecords } from "./drop-records.ts";
import { command, query } from "./files/connection.ts";
import type { Writing } from "./writing.ts";

/** Makes prune: removes ended tasks whose time is over, then tombstones whose time is over; at most `limit` of both. */
export function createPrune(writing: Writing): (now: Instant, limit: number) => number {
  const pruneTasks = createPruneTasks(writing);
  const pruneTombstones = command(
    writing.db,
    "DELETE FROM contents WHERE seq IN (SELECT seq FROM contents WHERE gone_at <= ? ORDER BY gone_at LIMIT ?)",
  );
  return (now, limit) => {
    writing.revocations.prune(now);
    const tasks = pruneTasks(now, limit);
    writing.gates.turns.prune(limit);
    return tasks + pruneTombstones(now, limit - tasks);
  };
}

type PruneTasks = (now: Instant, limit: number) => number;
type Ended = readonly [seq: number, queue: number, state: number, purgeAt: number];

const terminal = [stateCode.succeeded, stateCode.failed, stateCode.cancelled, stateCode.expired];

function createPruneTasks(writing: Writing): PruneTasks {
  const { db, queues } = writing;
  const drop = createDropRecords(writing);
  const hold = createHold(writing);
  const selectEnded = query<Ended>(
    db,
    `SELECT seq, queue, state, timer_at FROM tasks INDEXED BY tasks_timer
     WHERE state = ? AND state <> ${stateCode.ready} AND timer_at <= ? ORDER BY timer_at, seq LIMIT ?`,
  );

  /** Those whose time is longest over, in whatever way they ended. */
  function longestOver(now: Instant, limit: number): Ended[] {
    const found = terminal.flatMap((state) => selectEnded.all(state, now, limit));
    return found.sort((a, b) => a[3] - b[3] || a[0] - b[0]).slice(0, limit);
  }

  return (now, limit) => {
    const ended = longestOver(now, limit);
    const held = hold(
      ended.map(([seq]) => seq),
      now,
    );
    const gone = ended.filter(([seq]) => !held.has(seq));
    drop(
      gone.map(([seq, queue, state]) => ({ seq, queue: queues.byId(queue), state })),
      now,
    );
    return ended.length;
  };
}

/** Makes what keeps ended tasks on that are in a canvas which is there; answers their numbers. */
function createHold({
  db,
  canvases,
  claims,
}: Writing): (seqs: readonly number[], now: Instant) => Set<number> {
  const setPurgeAt = command(db, "UPDATE tasks SET timer_at = ? WHERE seq = ?");
  return (seqs, now) => {
    const held = canvases.places.held(seqs);
    for (const { seq, purgeAt } of held) {
      const until = heldUntil(purgeAt, now);
      setPurgeAt(until, seq);
      claims.ended(seq, until);
    }
    return new Set(held.map(({ seq }) => seq));
  };
}
