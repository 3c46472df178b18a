import { heldUntil } from "../../model/canvas-records.ts";
import type { Instant, Namespace, QueueName } from "../../model/ids.ts";
import { stateCode } from "../sql/codes.ts";
import { dropRecords, type EndedRecord } from "./drop-records.ts";
import { type Kept, keepUntil } from "./retention.ts";
import { pruneRevocations } from "./revoke.ts";
import { statement } from "./session.ts";
import { pruneTurns } from "./turns.ts";
import type { Work } from "./work.ts";

type EndedRow = readonly [
  seq: number,
  queueId: number,
  namespaceId: number,
  namespace: Namespace,
  queue: QueueName,
  state: number,
  isHeld: boolean,
  canvasUntil: Instant | null,
];

const terminal = [stateCode.succeeded, stateCode.failed, stateCode.cancelled, stateCode.expired];
// Those that another server is about to remove are left to it. Held are those whose canvas is there. Rows are found by an array of their
// numbers: the planner, which does not know the limit, might join with all tasks there are.
const selectEnded = statement<EndedRow>(`
  SELECT t.seq, t.queue, t.namespace, n.name, q.name, t.state, b.id IS NOT NULL, b.purge_at
  FROM tasks t JOIN queues q ON q.id = t.queue JOIN namespaces n ON n.id = t.namespace
    LEFT JOIN places p ON p.seq = t.seq LEFT JOIN barriers b ON b.namespace = p.namespace AND b.id = p.canvas
  WHERE t.seq = ANY (ARRAY(
      SELECT f.seq FROM unnest(ARRAY[${terminal.join(", ")}]) AS s(state) CROSS JOIN LATERAL (
        SELECT seq, timer_at FROM tasks WHERE state = s.state AND state <> ${stateCode.ready} AND timer_at <= $1
        ORDER BY timer_at, seq LIMIT $2) f
      ORDER BY f.timer_at, f.seq LIMIT $2))
    AND t.state + 0 IN (${terminal.join(", ")}) AND t.timer_at + 0 <= $1
  FOR UPDATE OF t SKIP LOCKED`);
const dropTombstones = statement(`
  DELETE FROM contents WHERE seq IN (
    SELECT seq FROM contents WHERE gone_at IS NOT NULL AND gone_at <= $1 ORDER BY gone_at, seq LIMIT $2 FOR UPDATE SKIP LOCKED)`);

/** Removes ended tasks whose time is over, but for those that are held, then tombstones whose time is over; at most `limit` of both. */
export async function prune(work: Work, now: Instant, limit: number): Promise<number> {
  const { db, queues } = work;
  await pruneRevocations(work, now);
  const ended = await db.rows(selectEnded, now, limit);
  const held: Kept[] = [];
  const records: EndedRecord[] = [];
  for (const [seq, id, namespaceId, namespace, name, state, isHeld, canvasUntil] of ended)
    if (isHeld) held.push({ seq, until: heldUntil(canvasUntil ?? undefined, now) });
    else records.push({ seq, queue: queues.know({ id, namespaceId, namespace, name }), state });
  await keepUntil(work, held);
  await dropRecords(work, records, now);
  if (work.rules.fairQueues.size > 0) await pruneTurns(db, limit);
  return ended.length + (await db.run(dropTombstones, now, limit - ended.length));
}
