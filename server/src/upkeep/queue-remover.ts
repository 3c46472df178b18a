import { type Instant, plus } from "../model/ids.ts";
import type { QueueAdminStore } from "../ports/queue-admin-store.ts";
import type { QueueStore } from "../ports/queue-store.ts";
import type { TaskHints } from "../ports/task-hints.ts";

/** What the remover of queues needs. */
export type QueueRemoverDeps = {
  readonly store: Pick<QueueStore, "purge"> &
    Pick<QueueAdminStore, "leavingQueues" | "deleteQueue" | "forgetQueues">;
  readonly hints: Pick<TaskHints, "manyChanged">;
};

/** When it comes again, how much it does at once, and how long events may speak of a queue. */
export type QueueRemoverOptions = {
  readonly intervalMs: number;
  readonly queuesMax: number;
  readonly batchTasksMax: number;
  readonly eventRetentionMs: number;
};

/**
 * Goes on with deletions of queues: what has come back to one since, because its attempt failed, is cancelled; one where nothing runs any
 * more is gone. Forgets those that were, when no record and no event speaks of them. At once again while there are more.
 */
export async function removeQueuesOnce(
  { store, hints }: QueueRemoverDeps,
  { intervalMs, queuesMax, batchTasksMax, eventRetentionMs }: QueueRemoverOptions,
  now: Instant,
): Promise<number> {
  let isMore = false;
  for (const ref of await store.leavingQueues(queuesMax)) {
    const cancelled = await store.purge(ref, Number.MAX_SAFE_INTEGER, now, batchTasksMax);
    if (cancelled === 0) await store.deleteQueue(ref, true, now);
    else {
      isMore = true;
      hints.manyChanged(ref.namespace);
    }
  }
  const forgotten = await store.forgetQueues(plus(now, -eventRetentionMs), queuesMax);
  return isMore || forgotten === queuesMax ? 0 : intervalMs;
}
