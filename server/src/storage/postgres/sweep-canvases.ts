import { closed } from "../../model/barrier-state.ts";
import { rememberedAs } from "../../model/canvas-records.ts";
import { type BarrierRef, type CanvasId, type Instant, plus } from "../../model/ids.ts";
import type { Closing } from "../../ports/canvas-store.ts";
import { factsOfText } from "../sql/barrier-text.ts";
import { int4s, texts } from "./arrays.ts";
import { lockBarriers, updateBarriers } from "./barriers.ts";
import { numberOf } from "./number-of.ts";
import { statement } from "./session.ts";
import { tellEnded } from "./start-now.ts";
import type { Work } from "./work.ts";

/** Ends an open barrier before its members. */
export async function closeBarrier(work: Work, { ref, state, cause, now }: Closing): Promise<boolean> {
  const barrier = (await lockBarriers(work, [ref])).get(ref.namespace)?.get(ref.id);
  if (barrier?.state !== "open") return false;
  const after = closed(barrier, { state, cause }, now);
  await updateBarriers(work, [after]);
  // Who cancels it tells nobody.
  if (state === "failed") tellEnded(work, after, now);
  return true;
}

const sweep = statement(`
  UPDATE barriers b SET rest = false FROM unnest($1::text[], $2::text[]) AS u(namespace, id)
  WHERE b.namespace = ${numberOf("u.namespace")} AND b.id = u.id`);

/** Notes that nothing goes on under these. */
export async function markSwept({ db }: Work, refs: readonly BarrierRef[]): Promise<void> {
  if (refs.length === 0) return;
  await db.run(sweep, texts(refs.map(({ namespace }) => namespace)), texts(refs.map(({ id }) => id)));
}

const isFree =
  "NOT EXISTS (SELECT 1 FROM barriers r WHERE r.namespace = b.namespace AND r.retry_of = b.canvas)";
// Those that another server is about to remove, or to retry, are left to it.
const lockOver = statement<[namespace: number, canvas: CanvasId]>(`
  SELECT b.namespace, b.canvas FROM barriers b
  WHERE b.purge_at IS NOT NULL AND b.purge_at <= $1 AND b.facts IS NOT NULL AND ${isFree}
  ORDER BY b.purge_at LIMIT $2 FOR UPDATE OF b SKIP LOCKED`);
const some = "unnest($1::int4[], $2::text[]) AS u(namespace, canvas)";
// Who retried one while they were being locked is seen only by a further look.
const selectFree = statement<[namespace: number, canvas: CanvasId, facts: string]>(`
  SELECT b.namespace, b.canvas, b.facts FROM ${some} JOIN barriers b ON b.namespace = u.namespace AND b.id = u.canvas
  WHERE ${isFree}`);
// Members and tags first: they are found by their barriers.
const drops = [
  `WITH gone AS MATERIALIZED (
     SELECT b.namespace, b.id FROM ${some} JOIN barriers b ON b.namespace = u.namespace AND b.canvas = u.canvas)
   DELETE FROM members m USING gone WHERE m.namespace = gone.namespace AND m.barrier = gone.id`,
  `WITH gone AS MATERIALIZED (
     SELECT b.namespace, each_tag.value AS tag, b.place
     FROM ${some} JOIN barriers b ON b.namespace = u.namespace AND b.id = u.canvas
       CROSS JOIN LATERAL json_array_elements_text(b.facts::json->'tags') AS each_tag)
   DELETE FROM canvas_tags g USING gone WHERE g.namespace = gone.namespace AND g.tag = gone.tag AND g.place = gone.place`,
  `DELETE FROM parts p USING ${some} WHERE p.namespace = u.namespace AND p.canvas = u.canvas`,
  `DELETE FROM barriers b USING ${some} WHERE b.namespace = u.namespace AND b.canvas = u.canvas`,
].map((text) => statement(text));
const leaveTombstones = statement(`
  INSERT INTO contents (seq, namespace, id, gone_at, hash, name, policy, content)
  SELECT nextval('task_seq'), u.namespace, u.id, $1, u.hash, '', '', '' FROM unnest($2::int4[], $3::text[], $4::text[]) AS u(namespace, id, hash)
  ON CONFLICT (namespace, id) DO UPDATE SET gone_at = excluded.gone_at, hash = excluded.hash`);

const unread = { purgeAt: undefined, description: new Uint8Array() };

/** Removes ended canvases whose retention is over and that no other one retries, with all that is kept of them but their tasks; they leave their tombstones. */
export async function pruneCanvases({ db, limits }: Work, now: Instant, limit: number): Promise<number> {
  const locked = await db.rows(lockOver, now, limit);
  if (locked.length === 0) return 0;
  const over = await db.rows(
    selectFree,
    int4s(locked.map(([space]) => space)),
    texts(locked.map(([, canvas]) => canvas)),
  );
  const spaces = int4s(over.map(([space]) => space));
  const canvases = texts(over.map(([, canvas]) => canvas));
  const ids = texts(over.map(([, canvas]) => rememberedAs(canvas)));
  const hashes = texts(over.map(([, , facts]) => factsOfText(facts, unread).contentHash));
  await Promise.all([
    ...drops.map((drop) => db.run(drop, spaces, canvases)),
    db.run(leaveTombstones, plus(now, limits.tombstoneMs), spaces, ids, hashes),
  ]);
  return over.length;
}
