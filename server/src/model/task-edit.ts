/** What operators change about a task that waits, as pure decisions. A store applies them under a guard. */

import type { Bytes, Instant, QueueName } from "./ids.ts";
import type { StateReason, TaskHead } from "./task.ts";

/** What is asked for; undefined leaves it as it is. */
export type TaskEdit = {
  readonly queue: QueueName | undefined;
  readonly priority: number | undefined;
  /** When it may start; the past means at once. */
  readonly start: Instant | undefined;
  /** Its content, already rewritten. */
  readonly content: Bytes | undefined;
};

/** All that an edit may write, whole; `content` undefined: as it is. */
export type EditedTask = {
  readonly state: "scheduled" | "ready";
  readonly reason: StateReason | undefined;
  readonly queue: QueueName;
  readonly priority: number;
  readonly notBefore: Instant | undefined;
  readonly content: Bytes | undefined;
};

/** An edit that leaves everything as it is. */
export const noEdit: TaskEdit = {
  queue: undefined,
  priority: undefined,
  start: undefined,
  content: undefined,
};

/** Whether nobody has the task and it has not ended. */
export const isWaiting = (task: Pick<TaskHead, "state">): boolean =>
  task.state === "scheduled" || task.state === "ready";

/** What an edit makes of a task; "not_waiting" where it is too late, "unchanged" where it is so already. */
export function editTask(
  task: TaskHead,
  edit: TaskEdit,
  now: Instant,
): EditedTask | "not_waiting" | "unchanged" {
  if (!isWaiting(task)) return "not_waiting";
  const edited: EditedTask = {
    ...startOf(task, edit.start, now),
    queue: edit.queue ?? task.queue,
    priority: edit.priority ?? task.priority,
    content: edit.content,
  };
  return isSame(task, edited) ? "unchanged" : edited;
}

function startOf(
  task: TaskHead,
  start: Instant | undefined,
  now: Instant,
): Pick<EditedTask, "state" | "reason" | "notBefore"> {
  const state = task.state === "scheduled" ? "scheduled" : "ready";
  if (start === undefined) return { state, reason: task.reason, notBefore: task.notBefore };
  if (start > now) return { state: "scheduled", reason: "delay", notBefore: start };
  // A ready task was free to start before; its reason, such as a lost lease, is still true.
  return state === "ready"
    ? { state, reason: task.reason, notBefore: task.notBefore }
    : { state: "ready", reason: undefined, notBefore: undefined };
}

const isSame = (task: TaskHead, edited: EditedTask): boolean =>
  edited.content === undefined &&
  edited.state === task.state &&
  edited.reason === task.reason &&
  edited.queue === task.queue &&
  edited.priority === task.priority &&
  edited.notBefore === task.notBefore;
