import type { Fence } from "../../model/task.ts";
import type { LeaseLostReason } from "../../ports/task-store.ts";
import type { Entry } from "./entry.ts";

/** Whether the fence is the task's newest. */
export const isNewest = (entry: Entry, fence: Fence): boolean =>
  entry.head.fence?.seq === fence.seq && entry.head.fence.epoch === fence.epoch;

/** Why this lease can no longer be settled or extended; undefined while it can. The clock has no say in it. */
export function lostReason(entry: Entry | undefined, fence: Fence): LeaseLostReason | undefined {
  if (entry === undefined) return "task_unknown";
  if (!isNewest(entry, fence)) return "superseded";
  if (entry.settledHash !== undefined) return "settled";
  if (entry.head.state === "leased" || entry.head.state === "ready") return undefined;
  return entry.head.state === "cancelled" ? "cancelled" : "settled";
}
