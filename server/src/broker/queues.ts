import type { Namespace, QueueName, QueueRef } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import { type PriorityDepth, priorityDepths } from "../model/priority-depth.ts";
import { StemProblem } from "../model/problem.ts";
import type { Queue, QueuePause } from "../model/queue.ts";
import { throwRefusal } from "../model/refusal.ts";
import type { Clock } from "../ports/clock.ts";
import type { QueueStore } from "../ports/queue-store.ts";
import type { TaskHints } from "../ports/task-hints.ts";
import type { QueueNews } from "./queue-hints.ts";

/** What operators do to queues. */
export type Queues = {
  /** Queues of a namespace by name, after `after`. */
  listQueues(namespace: Namespace, after: QueueName | undefined, limit: number): Promise<readonly Queue[]>;
  /** QUEUE_UNKNOWN when there is none. */
  getQueue(ref: QueueRef): Promise<Queue>;
  /** The same with how many are ready of each priority, counted up to `limits.priorityCountMax` each. */
  getQueueInDepth(
    ref: QueueRef,
  ): Promise<{ readonly queue: Queue; readonly priorities: readonly PriorityDepth[] }>;
  /** Stops handing out its tasks; a queue that has had none yet comes into being. */
  pauseQueue(ref: QueueRef, reason: string, more?: PauseMore): Promise<Queue>;
  /** Hands out its tasks again; QUEUE_UNKNOWN when there is none. */
  resumeQueue(ref: QueueRef): Promise<Queue>;
  /** Cancels what waits; PURGE_UNCONFIRMED unless `expected` is "any" or the number that waits now. */
  purgeQueue(ref: QueueRef, expected: number | "any"): Promise<number>;
};

/** What may be said of a pause besides why. */
export type PauseMore = Pick<QueuePause, "by" | "resumeAt">;

/** What operating on queues needs. */
export type QueuesDeps = {
  readonly store: QueueStore;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly news: QueueNews;
  /** The backend's: who is told that tasks changed. */
  readonly hints: Pick<TaskHints, "manyChanged">;
};

/** Makes the part of the broker that operators use. */
export function createQueues({ store, clock, limits, news, hints }: QueuesDeps): Queues {
  async function getQueue(ref: QueueRef): Promise<Queue> {
    const queue = await store.getQueue(ref);
    if (queue === undefined) throw new StemProblem({ reason: "QUEUE_UNKNOWN", queue: ref.queue });
    return queue;
  }

  return {
    listQueues: (namespace, after, limit) => store.listQueues(namespace, after, limit),
    getQueue,
    async getQueueInDepth(ref) {
      const queue = await getQueue(ref);
      return { queue, priorities: priorityDepths(await store.readPriorities(ref, limits.priorityCountMax)) };
    },
    async pauseQueue(ref, reason, more = {}) {
      const now = clock.now();
      throwRefusal(await store.setPause(ref, { ...more, reason, at: now }, now), ref);
      return getQueue(ref);
    },
    async resumeQueue(ref) {
      await store.setPause(ref, undefined, clock.now());
      const queue = await getQueue(ref);
      news.ready(ref, queue.depth.ready);
      return queue;
    },
    async purgeQueue(ref, expected) {
      await getQueue(ref);
      const { upTo, waiting } = await store.purgeMark(ref);
      if (expected !== "any" && expected !== waiting)
        throw new StemProblem({ reason: "PURGE_UNCONFIRMED", queue: ref.queue, waiting });
      const purged = await purge(ref, upTo);
      if (purged > 0) hints.manyChanged(ref.namespace);
      return purged;
    },
  };

  /** In pieces, so that a long queue does not keep everybody else from the store. */
  async function purge(ref: QueueRef, upTo: number): Promise<number> {
    let purged = 0;
    for (;;) {
      const gone = await store.purge(ref, upTo, clock.now(), limits.batchTasksMax);
      if (gone === 0) return purged;
      purged += gone;
    }
  }
}
