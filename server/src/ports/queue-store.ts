import type { Refusal } from "../model/admission.ts";
import type { Instant, Namespace, QueueName, QueueRef } from "../model/ids.ts";
import type { PriorityCounts } from "../model/priority-depth.ts";
import type { Queue, QueuePause } from "../model/queue.ts";

/** Queues: what is in them, and whether they hand out. Same transactions, same errors as TaskStore. */
export interface QueueStore {
  /** Queues of a namespace by name (code-unit order), after `after`. */
  listQueues(namespace: Namespace, after: QueueName | undefined, limit: number): Promise<readonly Queue[]>;
  /** One queue; undefined where there is none. */
  getQueue(ref: QueueRef): Promise<Queue | undefined>;
  /**
   * How many tasks each queue could hand out, in the order asked: those that are ready, and none of a queue that is paused, is being
   * deleted or is not there, nor of any in a namespace that is not active.
   */
  readyCounts(namespace: Namespace, queues: readonly QueueName[]): Promise<readonly number[]>;
  /**
   * How many ready tasks of a queue have which priority, those at gates included, and how many are ready in all, of one moment. Each
   * priority is counted up to `countMax` at least; none of a queue that is not there. Never goes through a queue's whole length.
   */
  readPriorities(ref: QueueRef, countMax: number): Promise<PriorityCounts>;
  /**
   * Pauses (or with undefined resumes) a queue, whatever it was before; a queue that is not there is made when it is paused. Claims
   * that come later obey.
   */
  setPause(ref: QueueRef, pause: QueuePause | undefined, now: Instant): Promise<"done" | Refusal>;
  /** Paused queues that go on by themselves at or before `now`, earliest first. */
  duePauses(now: Instant, limit: number): Promise<readonly QueueRef[]>;
  /** Resumes those of them whose pause is over at `now`, and answers which; one that was paused anew meanwhile is not. */
  endPauses(refs: readonly QueueRef[], now: Instant): Promise<readonly QueueRef[]>;
  /**
   * Cancels up to `limit` waiting tasks (scheduled or ready, reason purged) that were accepted at or before `upTo`, a mark from
   * `purgeMark`, in any order. Answers how many; 0 means none are left.
   */
  purge(ref: QueueRef, upTo: number, now: Instant, limit: number): Promise<number>;
  /** A mark behind all tasks accepted so far, and how many of this queue wait now. */
  purgeMark(ref: QueueRef): Promise<{ readonly upTo: number; readonly waiting: number }>;
}
