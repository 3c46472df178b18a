import type { Fence } from "../../model/task.ts";
import type { LeaseLostReason } from "../../ports/task-store.ts";
import type { Row } from "./rows.ts";

/** Whether the fence is the task's newest. */
export const isNewest = ({ head }: Row, { epoch, seq }: Fence): boolean =>
  head.fence?.seq === seq && head.fence.epoch === epoch;

/** Why this lease can no longer be settled or extended; undefined while it can. The clock has no say in it. */
export function lostReason(row: Row | undefined, fence: Fence): LeaseLostReason | undefined {
  if (row === undefined) return "task_unknown";
  if (!isNewest(row, fence)) return "superseded";
  if (row.outcomeHash !== undefined) return "settled";
  if (row.head.state === "leased" || row.head.state === "ready") return undefined;
  return row.head.state === "cancelled" ? "cancelled" : "settled";
}
