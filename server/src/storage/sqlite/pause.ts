import type { Instant, QueueRef } from "../../model/ids.ts";
import type { QueuePause } from "../../model/queue.ts";
import { command } from "./files/connection.ts";
import type { Writing } from "./writing.ts";

/** Makes setPause: pauses or resumes a queue. */
export function createSetPause(
  writing: Writing,
): (ref: QueueRef, pause: QueuePause | undefined, now: Instant) => "done" | "queue_limit" {
  const { db, queues, limits } = writing;
  const update = command(db, "UPDATE queues SET pause_reason = ?, paused_at = ? WHERE id = ?");
  return ({ namespace, queue: name }, pause, now) => {
    let queue = queues.find(namespace, name);
    if (queue === undefined) {
      if (pause === undefined) return "done";
      if (queues.count(namespace) >= limits.queuesPerNamespaceMax) return "queue_limit";
      queue = queues.make(namespace, name, now);
    }
    update(pause?.reason ?? null, pause?.at ?? null, queue.id);
    queue.isPaused = pause !== undefined;
    return "done";
  };
}
