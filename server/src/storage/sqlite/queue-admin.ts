import { refusalToMake } from "../../model/admission.ts";
import type { Instant, Namespace, QueueName, QueueRef } from "../../model/ids.ts";
import { areSameSettings, type QueueSettings } from "../../model/queue.ts";
import type { CreateQueueVerdict, DeleteQueueVerdict } from "../../ports/queue-admin-store.ts";
import { stateCode } from "../sql/codes.ts";
import { type QueueState, queueLives } from "../sql/space-rows.ts";
import { command, type Database, query } from "./files/connection.ts";
import { backlogOf, type QueueEntry } from "./queue-entry.ts";
import type { WriterCalls } from "./threads/writer-verbs.ts";
import type { Writing } from "./writing.ts";

/** Makes the verbs by which operators make, change and delete queues. */
export function createQueueAdminCalls(
  writing: Writing,
): Pick<WriterCalls, "createQueue" | "updateQueue" | "deleteQueue" | "forgetQueues"> {
  const { queues } = writing;
  const write = createWriteQueue(writing);

  function createQueue({ namespace, queue: name }: QueueRef, settings: QueueSettings, now: Instant) {
    const found = queues.find(namespace, name);
    if (found !== undefined) return compare(found, settings);
    // An operator makes it, so it may be made.
    const room = { ...queues.spaces.room(queues.spaces.make(namespace)), queueCreation: "on_use" as const };
    const refusal = refusalToMake(room, name);
    if (refusal !== undefined) return refusal;
    const queue = queues.make(namespace, name, now);
    write.settings(queue, settings, queue.revision);
    return "created";
  }

  return {
    createQueue,
    updateQueue({ namespace, queue: name }, settings, revision) {
      const queue = queues.find(namespace, name);
      if (queue === undefined) return "unknown";
      if (queue.revision !== revision || queue.life !== "there") return "conflict";
      write.settings(queue, settings, revision + 1);
      return "done";
    },
    deleteQueue({ namespace, queue: name }, force, now): DeleteQueueVerdict {
      const queue = queues.find(namespace, name);
      if (queue === undefined) return { kind: "unknown" };
      const backlog = backlogOf(queue.depth);
      const failed = queue.depth[stateCode.failed] ?? 0;
      if (!force && (backlog > 0 || failed > 0)) return { kind: "in_use", backlog, failed };
      if (backlog === 0) {
        write.leave(queue, now);
        return { kind: "deleted" };
      }
      write.life(queue, "deleting", now);
      return { kind: "deleting", leased: queue.depth[stateCode.leased] ?? 0 };
    },
    forgetQueues: createForgetQueues(writing),
  };
}

function compare({ life, settings: current }: QueueEntry, settings: QueueSettings): CreateQueueVerdict {
  if (life === "deleting") return { refused: "queue_deleting", max: undefined };
  return areSameSettings(current, settings) ? "same" : "other";
}

/** Writes queues, row and entry alike. */
function createWriteQueue({ db }: Writing) {
  const updateSettings = command(
    db,
    "UPDATE queues SET description = ?, backlog_max = ?, closed = ?, revision = ? WHERE id = ?",
  );
  const updateLife = command(db, "UPDATE queues SET life = ?, left_at = ? WHERE id = ?");
  const unpause = command(
    db,
    "UPDATE queues SET pause_reason = NULL, paused_at = NULL, paused_by = NULL, resume_at = NULL WHERE id = ?",
  );
  const forget = ["turns", "queue_events", "queue_event_heads"].map((table) =>
    command(db, `DELETE FROM ${table} WHERE queue = ?`),
  );

  function life(queue: QueueEntry, state: QueueState, now: Instant): void {
    updateLife(queueLives.code(state), now, queue.id);
    queue.life = state;
  }

  return {
    life,
    settings(queue: QueueEntry, settings: QueueSettings, revision: number): void {
      const { description, backlogMax, isClosed } = settings;
      updateSettings(description, backlogMax ?? null, isClosed ? 1 : 0, revision, queue.id);
      queue.settings = settings;
      queue.revision = revision;
    },
    leave(queue: QueueEntry, now: Instant): void {
      life(queue, "deleted", now);
      unpause(queue.id);
      for (const drop of forget) drop(queue.id);
      queue.isPaused = false;
      queue.space.queueCount -= 1;
    },
  };
}

/** Makes forgetQueues: of those that were deleted, the rows that no record needs any more. */
function createForgetQueues({ db, queues }: Writing): (before: Instant, limit: number) => number {
  const select = query<[number]>(
    db,
    `SELECT id FROM queues INDEXED BY queues_leaving WHERE life = ${queueLives.code("deleted")} AND life > 0 AND left_at <= ?
     ORDER BY left_at`,
  );
  return (before, limit) => {
    const gone: QueueEntry[] = [];
    for (const [id] of select.iterate(before)) {
      if (gone.length >= limit) break;
      const queue = queues.byId(id);
      if (queue.depth.every((count) => count === 0)) gone.push(queue);
    }
    if (gone.length > 0) queues.remove(gone);
    return gone.length;
  };
}

/** Makes leavingQueues: queues that are being deleted. */
export function createLeavingQueues(db: Database): (limit: number) => readonly QueueRef[] {
  const select = query<[Namespace, QueueName]>(
    db,
    `SELECT n.name, q.name FROM queues q INDEXED BY queues_leaving CROSS JOIN namespaces n ON n.id = q.namespace
     WHERE q.life = ${queueLives.code("deleting")} AND q.life > 0 ORDER BY q.left_at LIMIT ?`,
  );
  return (limit) => select.all(limit).map(([namespace, queue]) => ({ namespace, queue }));
}

/** Makes missingQueue: the first of some queues that is not there. */
export function createMissingQueue(
  db: Database,
): (namespace: Namespace, queues: readonly QueueName[]) => QueueName | undefined {
  const select = query<[QueueName]>(
    db,
    `SELECT asked.value FROM json_each(?1) asked
     LEFT JOIN queues q ON q.namespace = (SELECT id FROM namespaces WHERE name = ?2) AND q.name = asked.value
     WHERE coalesce(q.life, ${queueLives.code("deleted")}) <> ${queueLives.code("there")} ORDER BY asked.key LIMIT 1`,
  );
  return (namespace, queues) => select.get(JSON.stringify(queues), namespace)?.[0];
}
