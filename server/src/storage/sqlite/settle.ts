import type { SettleVerdict, StoreSettlement } from "../../ports/task-store.ts";
import { stateCode, states } from "./codes.ts";
import { createFind, type Found } from "./find.ts";
import { isNewest, lostReason } from "./lost-lease.ts";
import { createTransition, type Target } from "./transition.ts";
import type { Writing } from "./writing.ts";

/** The lease is the newest and unsettled, and a cancel was requested or not, as the decision supposes. */
const guard =
  "fence_epoch = ?14 AND fence_seq = ?15 AND outcome_hash IS NULL AND (cancel_at IS NOT NULL) = ?16";

/** Makes settle: applies settlements of leases that are still open, one after the other. */
export function createSettle(
  writing: Writing,
): (settlements: readonly StoreSettlement[]) => readonly SettleVerdict[] {
  const { db, ledger, leases } = writing;
  const find = createFind(writing);
  const transition = createTransition(db, ledger, guard);

  /** Writes the outcome that fits; undefined where the guard does not hold. */
  function write(
    target: Target,
    settlement: StoreSettlement,
    isCancelled: boolean,
  ): SettleVerdict | undefined {
    const { decision, fence, outcomeHash, now } = settlement;
    const change = isCancelled ? decision.ifCancelRequested : decision.outcome;
    const decided = { change, now, outcomeHash };
    if (!transition(target, decided, fence.epoch, fence.seq, isCancelled ? 1 : 0)) return undefined;
    leases.forget(settlement.id);
    return { kind: "applied", state: change.state };
  }

  /** The way most go: the row is as the claim left it, which the guard checks, and nothing is looked up. */
  function settleRemembered(settlement: StoreSettlement): SettleVerdict | undefined {
    const hint = leases.recall(settlement);
    if (hint === undefined) return undefined;
    return write({ ...hint, id: settlement.id, state: stateCode.leased }, settlement, false);
  }

  function settleFound(settlement: StoreSettlement): SettleVerdict {
    const task = find(settlement);
    if (task === undefined) return { kind: "lost", state: undefined, why: "task_unknown" };
    const state = states.word(task.state);
    if (isRepeat(task, settlement)) return { kind: "duplicate", state };
    const target = { ...task, id: settlement.id };
    const why = lostReason(task, settlement.fence);
    const verdict = why === undefined ? write(target, settlement, task.cancelAt !== null) : undefined;
    return verdict ?? { kind: "lost", state, why: why ?? "superseded" };
  }

  return (settlements) => settlements.map((each) => settleRemembered(each) ?? settleFound(each));
}

const isRepeat = (task: Found, { fence, outcomeHash }: StoreSettlement): boolean =>
  isNewest(task, fence) && task.outcomeHash === outcomeHash;
