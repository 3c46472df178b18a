import type { SettleVerdict, StoreSettlement } from "../../ports/task-store.ts";
import { isNewest, lostReason } from "../lost-lease.ts";
import { writeChange } from "./apply.ts";
import { find, type State } from "./state.ts";

/** Applies settlements of leases that are still open, one after the other. */
export const settle = (state: State, settlements: readonly StoreSettlement[]): readonly SettleVerdict[] =>
  settlements.map((settlement) => settleOne(state, settlement));

function settleOne(state: State, settlement: StoreSettlement): SettleVerdict {
  const { fence, decision, outcomeHash, now } = settlement;
  const entry = find(state, settlement);
  if (entry !== undefined && isNewest(entry, fence) && entry.outcomeHash === outcomeHash) {
    return { kind: "duplicate", state: entry.head.state };
  }
  const why = lostReason(entry, fence);
  if (entry === undefined || why !== undefined) {
    return { kind: "lost", state: entry?.head.state, why: why ?? "task_unknown" };
  }
  const change = entry.head.cancel ? decision.ifCancelRequested : decision.outcome;
  writeChange(state, entry, { change, now, isSettled: true });
  entry.outcomeHash = outcomeHash;
  return { kind: "applied", state: entry.head.state };
}
