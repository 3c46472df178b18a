import type { Fence } from "../../model/task.ts";
import type { LeaseLostReason } from "../../ports/task-store.ts";
import { stateCode } from "../sql/codes.ts";
import type { Found } from "./find.ts";

/** What says whether a lease is open. */
export type LeaseFacts = Pick<Found, "state" | "fenceEpoch" | "fenceSeq" | "outcomeHash">;

/** Whether the fence is the task's newest. */
export const isNewest = (task: LeaseFacts, { epoch, seq }: Fence): boolean =>
  task.fenceSeq === seq && task.fenceEpoch === epoch && seq > 0;

/** Why this lease can no longer be settled or extended; undefined while it can. The clock has no say in it. */
export function lostReason(task: LeaseFacts, fence: Fence): LeaseLostReason | undefined {
  if (!isNewest(task, fence)) return "superseded";
  if (task.outcomeHash !== null) return "settled";
  if (task.state === stateCode.leased || task.state === stateCode.ready) return undefined;
  return task.state === stateCode.cancelled ? "cancelled" : "settled";
}
