import type { Instant, Namespace, QueueName, TaskRef } from "../../model/ids.ts";
import { isTerminal } from "../../model/task.ts";
import type { RetentionVerdict } from "../../ports/retention-store.ts";
import { uselessFrom } from "../sql/unique-claim-row.ts";
import { int8s } from "./arrays.ts";
import { dropRecords } from "./drop-records.ts";
import { createRows } from "./rows.ts";
import { statement } from "./session.ts";
import { overfull, takeOffShelves } from "./shelves.ts";
import type { Work } from "./work.ts";

type EndedRow = readonly [
  seq: number,
  queueId: number,
  namespaceId: number,
  namespace: Namespace,
  queue: QueueName,
  state: number,
];
const lock = statement<EndedRow>(`
  SELECT t.seq, t.queue, t.namespace, n.name, q.name, t.state
  FROM unnest($1::int8[]) AS u(seq) JOIN tasks t ON t.seq = u.seq JOIN queues q ON q.id = t.queue
    JOIN namespaces n ON n.id = t.namespace
  ORDER BY t.seq FOR UPDATE OF t`);

/** Removes the oldest of what is kept beyond a bound. */
export async function pruneOverfull(work: Work, now: Instant, limit: number): Promise<number> {
  const seqs = await overfull(work.db, limit);
  if (seqs.length === 0) return 0;
  const records = (await work.db.rows(lock, int8s(seqs))).map(
    ([seq, id, namespaceId, namespace, name, state]) => ({
      ...{ seq, state },
      queue: work.queues.know({ id, namespaceId, namespace, name }),
    }),
  );
  await dropRecords(work, records, now);
  return records.length;
}

const anew = "FROM unnest($1::int8[], $2::int8[]) AS u(seq, until)";
const setTimers = statement(`UPDATE tasks t SET timer_at = u.until ${anew} WHERE t.seq = u.seq`);
// A claim that lasts longer than its task stays until it is free.
const setGone = statement(
  `UPDATE unique_claims k SET gone_at = ${uselessFrom("u.until", "k.free_at", "greatest")} ${anew} WHERE k.seq = u.seq`,
);

/** A task that has ended, and until when it is kept. */
export type Kept = { readonly seq: number; readonly until: Instant };

/** Sets when ended tasks go, whose rows are locked. */
export async function keepUntil({ db }: Pick<Work, "db">, kept: readonly Kept[]): Promise<void> {
  if (kept.length === 0) return;
  const columns = [int8s(kept.map(({ seq }) => seq)), int8s(kept.map(({ until }) => until))];
  await Promise.all([db.run(setTimers, ...columns), db.run(setGone, ...columns)]);
}

/** Says anew when the record of an ended task goes. */
export async function setRetention(work: Work, ref: TaskRef, purgeAt: Instant): Promise<RetentionVerdict> {
  const [row] = await createRows(work).lock([ref]);
  if (row === undefined) return "unknown";
  if (!isTerminal(row.head.state)) return "live";
  await Promise.all([
    keepUntil(work, [{ seq: row.seq, until: purgeAt }]),
    takeOffShelves(work, int8s([row.seq])),
  ]);
  return "set";
}
