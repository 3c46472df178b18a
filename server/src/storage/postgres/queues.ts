import type { Refusal } from "../../model/admission.ts";
import type { Instant, Namespace, QueueName, QueueRef } from "../../model/ids.ts";
import type { Queue, QueuePause } from "../../model/queue.ts";
import { stateCode } from "../sql/codes.ts";
import { depthColumns, type QueueRow, queueColumns, queueOf } from "../sql/queue-row.ts";
import { namespaceStates, queueLives } from "../sql/space-rows.ts";
import { int4s, texts } from "./arrays.ts";
import { homeOf, openQueue } from "./open-queue.ts";
import type { QueueEntry } from "./queue-registry.ts";
import { type Session, statement } from "./session.ts";
import type { Work } from "./work.ts";

/** Whether a queue q of a namespace n hands out. */
export const handsOut = `q.paused_at IS NULL AND q.life = ${queueLives.code("there")} AND n.state = ${namespaceStates.code("active")}`;

const sums = depthColumns.map((state) => `coalesce(sum(d.${state}), 0)::int8 AS ${state}`).join(", ");

/** Counts of a queue q, as rows d. */
const depthJoin = `CROSS JOIN LATERAL (SELECT ${sums} FROM depths d WHERE d.queue = q.id) d`;

/**
 * Priorities; the first ready task of each is looked at, never a queue's whole length. BETWEEN, because with an equal sign the order by
 * number alone would do: a planner that takes every task to be ready then goes through all tasks for each priority that has none.
 */
const priorities = "generate_series(0, 9)";
const oldestReady = `
  LEFT JOIN LATERAL (
    SELECT f.created_at FROM (
      SELECT f.seq, f.created_at FROM ${priorities} AS p(priority) CROSS JOIN LATERAL (
        SELECT t.seq, t.created_at FROM tasks t
        WHERE t.queue = q.id AND t.state = ${stateCode.ready} AND t.tied IS NULL
          AND t.priority BETWEEN p.priority AND p.priority
        ORDER BY t.priority DESC, t.seq LIMIT 1) f
      UNION ALL (
        SELECT x.seq, t.created_at FROM ties x JOIN tasks t ON t.seq = x.seq
        WHERE x.queue = q.id AND x.state BETWEEN ${stateCode.ready} AND ${stateCode.ready} ORDER BY x.state, x.seq LIMIT 1)) f
    ORDER BY f.seq LIMIT 1) oldest ON true`;

type FoundRow = readonly [oldestReadyAt: Instant | null, ...queue: QueueRow<boolean>];

const select = (where: string) => `
  SELECT oldest.created_at, ${queueColumns("d")}
  FROM namespaces n JOIN queues q ON q.namespace = n.id ${depthJoin} ${oldestReady}
  WHERE n.name = $1 AND q.life <> ${queueLives.code("deleted")} AND ${where}`;
const selectOne = statement<FoundRow>(select("q.name = $2"));
const selectSome = statement<FoundRow>(`${select("q.name > $2")} ORDER BY q.name LIMIT $3`);

/** One queue; undefined where there is none. */
export async function getQueue(db: Session, { namespace, queue }: QueueRef): Promise<Queue | undefined> {
  const [row] = await db.rows(selectOne, namespace, queue);
  return row && foundOf(namespace, row);
}

/** Which queues to list. */
export type QueuePage = {
  readonly namespace: Namespace;
  readonly after: QueueName | undefined;
  readonly limit: number;
};

/** Queues of a namespace by name. */
export const listQueues = async (
  db: Session,
  { namespace, after, limit }: QueuePage,
): Promise<readonly Queue[]> =>
  (await db.rows(selectSome, namespace, after ?? "", limit)).map((row) => foundOf(namespace, row));

const foundOf = (namespace: Namespace, [oldestReadyAt, ...row]: FoundRow): Queue =>
  queueOf(namespace, row, oldestReadyAt ?? undefined);

const selectReady = statement<[ready: number]>(`
  SELECT coalesce((SELECT sum(d.ready) FROM namespaces n JOIN queues q ON q.namespace = n.id JOIN depths d ON d.queue = q.id
    WHERE n.name = $1 AND q.name = asked.name AND ${handsOut}), 0)::int8
  FROM unnest($2::text[]) WITH ORDINALITY AS asked(name, at) ORDER BY asked.at`);

/** How many tasks are ready in each queue. */
export const readyCounts = async (
  db: Session,
  namespace: Namespace,
  queues: readonly QueueName[],
): Promise<readonly number[]> =>
  (await db.rows(selectReady, namespace, texts(queues))).map(([ready]) => ready);

const selectWaiting = statement<[waiting: number]>(`
  SELECT coalesce(sum(d.scheduled + d.ready), 0)::int8
  FROM namespaces n JOIN queues q ON q.namespace = n.id JOIN depths d ON d.queue = q.id WHERE n.name = $1 AND q.name = $2
    AND q.life <> ${queueLives.code("deleted")}`);
const selectNewest = statement<[seq: number]>("SELECT coalesce(max(seq), 0) FROM tasks");

/** A mark behind all tasks accepted so far, and how many of this queue wait. */
export async function purgeMark(
  db: Session,
  { namespace, queue }: QueueRef,
): Promise<{ readonly upTo: number; readonly waiting: number }> {
  const [[newest], [waiting]] = await Promise.all([
    db.rows(selectNewest),
    db.rows(selectWaiting, namespace, queue),
  ]);
  return { upTo: newest?.[0] ?? 0, waiting: waiting?.[0] ?? 0 };
}

const setPauseOf = statement(
  "UPDATE queues SET pause_reason = $1, paused_at = $2, paused_by = $3, resume_at = $4 WHERE id = $5",
);

/** Pauses or resumes a queue. */
export async function setPause(
  work: Work,
  ref: QueueRef,
  pause: QueuePause | undefined,
  now: Instant,
): Promise<"done" | Refusal> {
  const { db, queues } = work;
  await queues.load(db, [ref]);
  if (pause === undefined && homeOf(work, ref) === undefined) return "done";
  const queue = await openQueue(work, ref, now);
  if ("refused" in queue) return queue;
  const { reason, at, by, resumeAt } = pause ?? {};
  // Who waits elsewhere for what is there is told of it when the queue hands out again.
  if (pause === undefined) await ringReady(work, queue);
  await db.run(setPauseOf, reason ?? null, at ?? null, by ?? null, resumeAt ?? null, queue.id);
  return "done";
}

async function ringReady({ db, ledger }: Work, queue: QueueEntry): Promise<void> {
  const [[ready] = [0]] = await db.rows(selectReadyOf, queue.id);
  if (ready > 0) ledger.handsOut(queue, ready);
}

const selectReadyOf = statement<[ready: number]>(
  "SELECT coalesce(sum(ready), 0)::int8 FROM depths WHERE queue = $1",
);

const selectDue = statement<[Namespace, QueueName]>(`
  SELECT n.name, q.name FROM queues q JOIN namespaces n ON n.id = q.namespace
  WHERE q.resume_at IS NOT NULL AND q.resume_at <= $1 ORDER BY q.resume_at LIMIT $2`);

/** Paused queues that go on by themselves by now. */
export const duePauses = async (db: Session, now: Instant, limit: number): Promise<readonly QueueRef[]> =>
  (await db.rows(selectDue, now, limit)).map(([namespace, queue]) => ({ namespace, queue }));

const endDue = statement<[id: number]>(`
  UPDATE queues SET pause_reason = NULL, paused_at = NULL, paused_by = NULL, resume_at = NULL
  WHERE id = ANY ($1::int4[]) AND resume_at <= $2 RETURNING id`);

/** Resumes those whose pause is over. */
export async function endPauses(
  work: Work,
  refs: readonly QueueRef[],
  now: Instant,
): Promise<readonly QueueRef[]> {
  const { db, queues } = work;
  await queues.load(db, refs);
  const idOf = ({ namespace, queue }: QueueRef) => queues.find(namespace, queue)?.id;
  const ended = await db.rows(endDue, int4s(refs.flatMap((ref) => idOf(ref) ?? [])), now);
  const ids = new Set<number | undefined>(ended.map(([id]) => id));
  await queues.loadIds(
    db,
    ended.map(([id]) => id),
  );
  for (const [id] of ended) await ringReady(work, queues.byId(id));
  return refs.filter((ref) => ids.has(idOf(ref)));
}
