import type { Instant, Namespace, QueueName, TaskId } from "./ids.ts";
import type { StateReason } from "./task.ts";

/** What happened to a task. Every transition writes exactly one, in its own transaction. */
export type TaskEventKind =
  | "accepted"
  | "became_ready"
  | "leased"
  | "succeeded"
  | "retried"
  | "released"
  | "lease_expired"
  | "failed"
  | "cancel_requested"
  | "cancelled"
  | "updated"
  | "expired";

/** One fact about one task. `revision` numbers a task's events from 1 without gaps. */
export type TaskEvent = {
  /** Place in the server's log; resume reading after it. */
  readonly position: EventPosition;
  readonly at: Instant;
  readonly namespace: Namespace;
  readonly queue: QueueName;
  readonly taskId: TaskId;
  readonly kind: TaskEventKind;
  readonly revision: number;
  readonly attempt: number;
  readonly reason: StateReason | undefined;
  /** Of an acceptance: the task whose handler enqueued it, or whose end made it. */
  readonly cause?: TaskId | undefined;
};

/** A place in the log: the commit's row, and the event within it. Ordered by row, then index. */
export type EventPosition = { readonly row: number; readonly index: number };
