import type { Refusal } from "../../model/admission.ts";
import type { Instant, Namespace, QueueName, QueueRef } from "../../model/ids.ts";
import type { QueuePause } from "../../model/queue.ts";
import { command, type Database, query } from "./files/connection.ts";
import type { Writing } from "./writing.ts";

/** Makes setPause: pauses or resumes a queue. */
export function createSetPause(
  writing: Writing,
): (ref: QueueRef, pause: QueuePause | undefined, now: Instant) => "done" | Refusal {
  const { db, queues } = writing;
  const update = command(
    db,
    "UPDATE queues SET pause_reason = ?, paused_at = ?, paused_by = ?, resume_at = ? WHERE id = ?",
  );
  return ({ namespace, queue: name }, pause, now) => {
    if (pause === undefined && queues.find(namespace, name) === undefined) return "done";
    const queue = queues.open(namespace, name, now);
    if ("refused" in queue) return queue;
    const { reason, at, by, resumeAt } = pause ?? {};
    update(reason ?? null, at ?? null, by ?? null, resumeAt ?? null, queue.id);
    queue.isPaused = pause !== undefined;
    return "done";
  };
}

/** Makes duePauses: paused queues that go on by themselves by now. */
export function createDuePauses(db: Database): (now: Instant, limit: number) => readonly QueueRef[] {
  const select = query<[Namespace, QueueName]>(
    db,
    `SELECT n.name, q.name FROM queues q INDEXED BY queues_resume CROSS JOIN namespaces n ON n.id = q.namespace
     WHERE q.resume_at IS NOT NULL AND q.resume_at <= ? ORDER BY q.resume_at LIMIT ?`,
  );
  return (now, limit) => select.all(now, limit).map(([namespace, queue]) => ({ namespace, queue }));
}

/** Makes endPauses: resumes those whose pause is over. */
export function createEndPauses({
  db,
  queues,
}: Writing): (refs: readonly QueueRef[], now: Instant) => readonly QueueRef[] {
  const update = command(
    db,
    `UPDATE queues SET pause_reason = NULL, paused_at = NULL, paused_by = NULL, resume_at = NULL
     WHERE id = ? AND resume_at <= ?`,
  );
  return (refs, now) =>
    refs.filter(({ namespace, queue: name }) => {
      const queue = queues.find(namespace, name);
      if (queue === undefined || update(queue.id, now) === 0) return false;
      queue.isPaused = false;
      return true;
    });
}
