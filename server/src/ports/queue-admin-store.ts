import type { Refusal } from "../model/admission.ts";
import type { Instant, Namespace, QueueName, QueueRef } from "../model/ids.ts";
import type { QueueSettings } from "../model/queue.ts";

/** Queues made, changed and deleted by operators. Same transactions, same errors as TaskStore. */
export interface QueueAdminStore {
  /**
   * Makes a queue, whether or not queues of its namespace come into being on use. "same", "other": it is there with these settings, or
   * with others.
   */
  createQueue(ref: QueueRef, settings: QueueSettings, now: Instant): Promise<CreateQueueVerdict>;
  /**
   * Puts settings in the place of those of that revision, which rises by one. Whatever is given to `accept` later obeys; what is in the
   * queue stays. "conflict": it has another revision, or is being deleted. "unknown": it is not there.
   */
  updateQueue(
    ref: QueueRef,
    settings: QueueSettings,
    revision: number,
  ): Promise<"done" | "conflict" | "unknown">;
  /**
   * Deletes a queue. Without `force` only where nothing has to be lost: no task that has not ended, none that failed. A queue with tasks
   * that have not ended is "deleting": it takes nothing and hands nothing out, and this is to be called again when they have ended.
   * "deleted": it is not there any more, and may be made anew. Records of tasks that ended in it stay until they are pruned.
   */
  deleteQueue(ref: QueueRef, force: boolean, now: Instant): Promise<DeleteQueueVerdict>;
  /** Queues that are being deleted. */
  leavingQueues(limit: number): Promise<readonly QueueRef[]>;
  /** Forgets up to `limit` queues that were deleted at or before `before`, and of which no task is left. Answers how many. */
  forgetQueues(before: Instant, limit: number): Promise<number>;
  /** The first of these queues that is not there, or is being deleted; undefined: all are. */
  missingQueue(namespace: Namespace, queues: readonly QueueName[]): Promise<QueueName | undefined>;
}

/** What became of a queue that was to be made. */
export type CreateQueueVerdict = "created" | "same" | "other" | Refusal;

/** What became of a queue that was to be deleted; in_use: nothing, because of these. */
export type DeleteQueueVerdict =
  | { readonly kind: "deleted" | "unknown" }
  | { readonly kind: "deleting"; readonly leased: number }
  | { readonly kind: "in_use"; readonly backlog: number; readonly failed: number };
