import type { Instant, QueueRef } from "../../model/ids.ts";
import { transition } from "../../model/task-machine.ts";
import { stateCode } from "../sql/codes.ts";
import { homeOf } from "./open-queue.ts";
import type { QueueEntry } from "./queue-registry.ts";
import { createRows } from "./rows.ts";
import { statement } from "./session.ts";
import type { Work } from "./work.ts";
import { writeRows } from "./write-rows.ts";

const inQueue = "t.queue = $1 AND t.seq <= $2";
const selectReady = statement<[seq: number]>(`
  SELECT t.seq FROM tasks t WHERE ${inQueue} AND t.state = ${stateCode.ready} AND t.tied IS NULL
  ORDER BY t.priority DESC, t.seq LIMIT $3`);
// BETWEEN, because with an equal sign the order by number alone would do, and that goes through the ties of all queues.
const selectTied = statement<[seq: number]>(`
  SELECT t.seq FROM ties t WHERE ${inQueue} AND t.state BETWEEN ${stateCode.ready} AND ${stateCode.ready}
  ORDER BY t.state, t.seq LIMIT $3`);
const selectScheduled = statement<[seq: number]>(`
  SELECT t.seq FROM tasks t WHERE ${inQueue} AND t.state = ${stateCode.scheduled} ORDER BY t.seq LIMIT $3`);

/** What a purge covers: tasks accepted up to this mark, at most so many, at this time. */
export type PurgeBounds = { readonly upTo: number; readonly now: Instant; readonly limit: number };

/** Cancels waiting tasks of a queue. */
export async function purge(work: Work, ref: QueueRef, { upTo, now, limit }: PurgeBounds): Promise<number> {
  const { db, queues } = work;
  await queues.load(db, [ref]);
  const queue = homeOf(work, ref);
  return queue === undefined ? 0 : purgeQueue(work, queue, { upTo, now, limit });
}

/** The same of a queue that is known. */
export async function purgeQueue(
  work: Work,
  queue: Pick<QueueEntry, "id">,
  { upTo, now, limit }: PurgeBounds,
): Promise<number> {
  const { db } = work;
  const seqs: number[] = [];
  for (const select of [selectReady, selectTied, selectScheduled]) {
    const rows = seqs.length < limit ? await db.rows(select, queue.id, upTo, limit - seqs.length) : [];
    seqs.push(...rows.map(([seq]) => seq));
  }
  const rows = createRows(work);
  let purged = 0;
  for (const row of await rows.lockSeqs(seqs)) {
    const change = transition(row.head, { kind: "purge" }, now);
    if (change === undefined) continue;
    rows.change(row, { change, now });
    purged += 1;
  }
  await writeRows(work, rows);
  return purged;
}
