import { type Refusal, refusalToMake, refusalToMove } from "../../model/admission.ts";
import type { Instant, QueueRef } from "../../model/ids.ts";
import { limitKinds } from "../sql/limit-rows.ts";
import { queueLives } from "../sql/space-rows.ts";
import type { QueueEntry } from "./queue-registry.ts";
import { raiseRules } from "./rules.ts";
import { statement } from "./session.ts";
import type { Work } from "./work.ts";

// Whoever makes a queue counts first, one after the other.
const lockNamespace = statement("SELECT FROM namespaces WHERE id = $1 FOR NO KEY UPDATE");
const selectLife = statement<[life: number]>("SELECT life FROM queues WHERE namespace = $1 AND name = $2");
const countQueues = statement<[number]>(
  `SELECT count(*) FROM queues WHERE namespace = $1 AND life <> ${queueLives.code("deleted")}`,
);
// It may have a limit before it is there.
const hasLimit = `EXISTS (
    SELECT FROM limits WHERE namespace = $1 AND kind = ${limitKinds.code("queue")} AND subject = $2)`;
const insert = statement(
  `INSERT INTO queues (namespace, name, created_at, gated) SELECT $1::int4, $2::text, $3::int8, ${hasLimit}`,
);
const revive = statement(`
  UPDATE queues SET created_at = $3, gated = gated OR ${hasLimit}, turn = NULL, description = '', backlog_max = NULL,
    closed = false, revision = 1, life = 0, left_at = NULL
  WHERE namespace = $1 AND name = $2`);

/**
 * How a queue comes into being. use: with what comes into it, where its namespace lets it. made: an operator makes it. promised: for a
 * task that was let in before.
 */
export type Making = "use" | "made" | "promised";

/** How, and what else may be in the way when it is made. */
export type Opening = { readonly making: Making; readonly refusal?: (() => Refusal | undefined) | undefined };

/** A queue that is there, as far as it is known; undefined: it is not known, or was deleted. */
export function homeOf(
  { queues, rules }: Pick<Work, "queues" | "rules">,
  { namespace, queue: name }: QueueRef,
): QueueEntry | undefined {
  const queue = queues.find(namespace, name);
  return queue !== undefined && rules.queues.get(queue.id)?.life === "deleted" ? undefined : queue;
}

/** A queue, made where it is not there and may be. Its namespace is locked then, until the transaction ends. */
export async function openQueue(
  work: Work,
  ref: QueueRef,
  now: Instant,
  { making, refusal: refusalElse }: Opening = { making: "use" },
): Promise<QueueEntry | Refusal> {
  const { db, queues, rooms } = work;
  await queues.load(db, [ref]);
  const home = homeOf(work, ref);
  if (home !== undefined) return home;
  const space = await queues.makeNamespace(db, ref.namespace);
  await db.rows(lockNamespace, space);
  const [found] = await db.rows(selectLife, space, ref.queue);
  const isDeleted = found?.[0] === queueLives.code("deleted");
  if (found === undefined || isDeleted) {
    const [count] = await db.rows(countQueues, space);
    const room = rooms.space(ref.namespace, count?.[0] ?? 0);
    const asked = making === "made" ? { ...room, queueCreation: "on_use" as const } : room;
    const refusal = making === "promised" ? undefined : (refusalToMake(asked, ref.queue) ?? refusalElse?.());
    if (refusal !== undefined) return refusal;
    await db.run(isDeleted ? revive : insert, space, ref.queue, now);
    // Everybody remembers that it was deleted.
    if (isDeleted) await raiseRules(db);
  }
  await queues.load(db, [ref]);
  const made = queues.find(ref.namespace, ref.queue);
  if (made === undefined) throw new Error("a queue that was inserted is not there");
  return made;
}

/** The queue that a task which is there goes into, or why it may not. */
export async function queueToMoveTo(work: Work, ref: QueueRef, now: Instant): Promise<QueueEntry | Refusal> {
  const queue = await openQueue(work, ref, now);
  if ("refused" in queue) return queue;
  return refusalToMove(work.rooms.space(ref.namespace), work.rooms.queue(queue)) ?? queue;
}
