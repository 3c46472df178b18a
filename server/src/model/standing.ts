/** Where a task stands among all that decides whether it runs, at one moment: what explain.ts goes by. */

import type { GateLimit, Labels } from "./gate.ts";
import type { TaskId, TaskName } from "./ids.ts";
import type { NamespaceStop } from "./namespace.ts";
import type { Pause } from "./pause.ts";
import type { TaskHead, TaskState } from "./task.ts";

/** A task, and what a store knows of those that stand in its way. */
export type TaskStanding = {
  readonly head: TaskHead;
  /** Why its namespace hands nothing out; undefined: it does. */
  readonly stop: NamespaceStop | undefined;
  /** Whether its queue is being deleted. */
  readonly isQueueDeleting: boolean;
  /** The pause of its queue. */
  readonly pause: Pause | undefined;
  /** The first of its ordering key that has not ended; undefined where it is that itself, or has no such key. */
  readonly first: { readonly id: TaskId; readonly state: TaskState } | undefined;
  /** The limits that it obeys: of its key, its name and its queue, as far as there are any. */
  readonly limits: readonly LimitStanding[];
  /** How many tasks of its queue stand free and come before it; counted up to a bound, and 0 unless it is ready. */
  readonly ahead: number;
};

/** A limit that a task obeys. */
export type LimitStanding = {
  readonly limit: GateLimit;
  /** When its next grant is due by its rate. */
  readonly dueAt: number;
  /** How many live leases count there. */
  readonly leased: number;
  /** How many tasks of the same queue obey it, have come as far, and come before the task; counted like `ahead`. */
  readonly ahead: number;
};

/** Somebody who takes tasks of a queue now. */
export type TakingWorker = {
  readonly labels: Labels | undefined;
  /** Whether it can run tasks of a name; undefined: it does not say. */
  readonly knows: ((name: TaskName) => boolean) | undefined;
  /** Whether it would take one more now. */
  readonly hasRoom: boolean;
};

/** What this server does about a queue. */
export type QueueService = {
  readonly isDraining: boolean;
  readonly workers: readonly TakingWorker[];
};
