import { type Instant, type Namespace, type QueueName, type QueueRef, queueNameOf } from "../../model/ids.ts";
import { areSameSettings, type QueueSettings } from "../../model/queue.ts";
import type { CreateQueueVerdict, DeleteQueueVerdict } from "../../ports/queue-admin-store.ts";
import { type QueueState, queueLives } from "../sql/space-rows.ts";
import { int4s, texts } from "./arrays.ts";
import { homeOf, openQueue } from "./open-queue.ts";
import { raiseRules } from "./rules.ts";
import { type Session, statement } from "./session.ts";
import { forgetEmptyShelves } from "./shelves.ts";
import type { Work } from "./work.ts";

/** Queues as operators make, change and delete them. What servers remember of them changes, so nothing else writes meanwhile. */

type QueueRow = readonly [
  description: string,
  backlogMax: number | null,
  closed: boolean,
  revision: number,
  life: number,
];
const select = statement<QueueRow>(
  "SELECT description, backlog_max, closed, revision, life FROM queues WHERE id = $1",
);
const updateSettings = statement(
  "UPDATE queues SET description = $1, backlog_max = $2, closed = $3, revision = $4 WHERE id = $5",
);

async function writeSettings(
  { db }: Work,
  queue: number,
  { description, backlogMax, isClosed }: QueueSettings,
  revision: number,
): Promise<void> {
  await db.run(updateSettings, description, backlogMax ?? null, isClosed, revision, queue);
  await raiseRules(db);
}

const settingsOf = ([description, backlogMax, isClosed]: QueueRow): QueueSettings => ({
  description,
  backlogMax: backlogMax ?? undefined,
  isClosed,
});

/** Makes a queue. */
export async function createQueue(
  work: Work,
  ref: QueueRef,
  settings: QueueSettings,
  now: Instant,
): Promise<CreateQueueVerdict> {
  await work.queues.load(work.db, [ref]);
  const home = homeOf(work, ref);
  const [row] = home === undefined ? [] : await work.db.rows(select, home.id);
  if (row !== undefined) {
    if (queueLives.word(row[4]) === "deleting") return { refused: "queue_deleting", max: undefined };
    return areSameSettings(settingsOf(row), settings) ? "same" : "other";
  }
  const queue = await openQueue(work, ref, now, { making: "made" });
  if ("refused" in queue) return queue;
  await writeSettings(work, queue.id, settings, 1);
  return "created";
}

/** Puts settings in the place of those of a revision. */
export async function updateQueue(
  work: Work,
  ref: QueueRef,
  settings: QueueSettings,
  revision: number,
): Promise<"done" | "conflict" | "unknown"> {
  await work.queues.load(work.db, [ref]);
  const home = homeOf(work, ref);
  const [row] = home === undefined ? [] : await work.db.rows(select, home.id);
  if (home === undefined || row === undefined) return "unknown";
  if (row[3] !== revision || queueLives.word(row[4]) !== "there") return "conflict";
  await writeSettings(work, home.id, settings, revision + 1);
  return "done";
}

const selectDepth = statement<[waiting: number, leased: number, failed: number]>(`
  SELECT coalesce(sum(scheduled + ready), 0)::int8, coalesce(sum(leased), 0)::int8, coalesce(sum(failed), 0)::int8
  FROM depths WHERE queue = $1`);
const setLife = statement("UPDATE queues SET life = $1, left_at = $2 WHERE id = $3");
const leave = [
  "UPDATE queues SET pause_reason = NULL, paused_at = NULL, paused_by = NULL, resume_at = NULL, turn = NULL WHERE id = $1",
  ...["turns", "queue_events", "queue_event_heads"].map((table) => `DELETE FROM ${table} WHERE queue = $1`),
].map((text) => statement(text));

/** Deletes a queue, at once where it has nothing that has not ended. */
export async function deleteQueue(
  work: Work,
  ref: QueueRef,
  force: boolean,
  now: Instant,
): Promise<DeleteQueueVerdict> {
  const { db, queues } = work;
  await queues.load(db, [ref]);
  const queue = homeOf(work, ref);
  if (queue === undefined) return { kind: "unknown" };
  const [[waiting, leased, failed] = [0, 0, 0]] = await db.rows(selectDepth, queue.id);
  const backlog = waiting + leased;
  if (!force && (backlog > 0 || failed > 0)) return { kind: "in_use", backlog, failed };
  const life: QueueState = backlog === 0 ? "deleted" : "deleting";
  await db.run(setLife, queueLives.code(life), now, queue.id);
  if (life === "deleted") await Promise.all(leave.map((each) => db.run(each, queue.id)));
  await raiseRules(db);
  return life === "deleted" ? { kind: "deleted" } : { kind: "deleting", leased };
}

const selectLeaving = statement<[Namespace, QueueName]>(`
  SELECT n.name, q.name FROM queues q JOIN namespaces n ON n.id = q.namespace
  WHERE q.life = ${queueLives.code("deleting")} AND q.life > 0 ORDER BY q.left_at LIMIT $1`);

/** Queues that are being deleted. */
export const leavingQueues = async (db: Session, limit: number): Promise<readonly QueueRef[]> =>
  (await db.rows(selectLeaving, limit)).map(([namespace, queue]) => ({ namespace, queue }));

const selectGone = statement<[id: number]>(`
  SELECT q.id FROM queues q WHERE q.life = ${queueLives.code("deleted")} AND q.life > 0 AND q.left_at <= $1
    AND (SELECT coalesce(sum(d.scheduled + d.ready + d.leased + d.succeeded + d.failed + d.cancelled + d.expired), 0)
      FROM depths d WHERE d.queue = q.id) = 0
  ORDER BY q.left_at LIMIT $2`);
const remove = [
  "DELETE FROM depths WHERE queue = ANY ($1::int4[])",
  "DELETE FROM queues WHERE id = ANY ($1::int4[])",
].map((text) => statement(text));

/** Queues that were deleted and of which no task is left: how many, at most so many. */
export const goneQueues = async (db: Session, before: Instant, limit: number): Promise<number> =>
  (await db.rows(selectGone, before, limit)).length;

/** Forgets them. */
export async function forgetQueues({ db }: Work, before: Instant, limit: number): Promise<number> {
  const gone = (await db.rows(selectGone, before, limit)).map(([id]) => id);
  await forgetEmptyShelves(db);
  if (gone.length > 0) await removeQueues(db, gone);
  return gone.length;
}

/** Removes the rows of queues of which nothing is left. Alone: everybody forgets their numbers. */
export async function removeQueues(db: Session, ids: readonly number[]): Promise<void> {
  for (const each of remove) await db.run(each, int4s(ids));
  await raiseRules(db);
}

const selectMissing = statement<[QueueName]>(`
  SELECT asked.name FROM unnest($1::text[]) WITH ORDINALITY AS asked(name, at)
    LEFT JOIN queues q ON q.namespace = (SELECT id FROM namespaces WHERE name = $2) AND q.name = asked.name
  WHERE coalesce(q.life, ${queueLives.code("deleted")}) <> ${queueLives.code("there")} ORDER BY asked.at LIMIT 1`);

/** The first of some queues that is not there. */
export async function missingQueue(
  db: Session,
  namespace: Namespace,
  names: readonly QueueName[],
): Promise<QueueName | undefined> {
  const [row] = await db.rows(selectMissing, texts(names), namespace);
  return row && queueNameOf(row[0]);
}
