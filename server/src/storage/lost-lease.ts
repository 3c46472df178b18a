import type { Fence, TaskHead } from "../model/task.ts";
import type { LeaseLostReason } from "../ports/task-store.ts";

/** A task as its store has it, and the outcome that settled its newest lease; undefined: that is not settled. */
type Leased = { readonly head: TaskHead; readonly outcomeHash: number | undefined };

/** Whether the fence is the task's newest. */
export const isNewest = ({ head }: Leased, { epoch, seq }: Fence): boolean =>
  head.fence?.seq === seq && head.fence.epoch === epoch;

/** Why this lease can no longer be settled or extended; undefined while it can. The clock has no say in it. */
export function lostReason(task: Leased | undefined, fence: Fence): LeaseLostReason | undefined {
  if (task === undefined) return "task_unknown";
  if (!isNewest(task, fence)) return "superseded";
  if (task.outcomeHash !== undefined) return "settled";
  if (task.head.state === "leased" || task.head.state === "ready") return undefined;
  return task.head.state === "cancelled" ? "cancelled" : "settled";
}
