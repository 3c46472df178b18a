import type { SettleVerdict, StoreSettlement } from "../../ports/task-store.ts";
import { stateCode, states } from "../sql/codes.ts";
import { createFind, type Found } from "./find.ts";
import { isNewest, lostReason } from "./lost-lease.ts";
import { createSettleTogether, isAlike, type Remembered } from "./settle-together.ts";
import { createTransition, type Target } from "./transition.ts";
import type { Hint, Writing } from "./writing.ts";

/** The lease is the newest and unsettled, and a cancel was requested or not, as the decision supposes. */
const guard =
  "fence_epoch = ?15 AND fence_seq = ?16 AND outcome_hash IS NULL AND (cancel_at IS NOT NULL) = ?17";

/** Makes settle: applies settlements of leases that are still open, in their order. */
export function createSettle(
  writing: Writing,
): (settlements: readonly StoreSettlement[]) => readonly SettleVerdict[] {
  const { leases } = writing;
  const find = createFind(writing);
  const transition = createTransition(writing, guard);
  const together = createSettleTogether(writing);

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
    return { kind: "applied", state: change.state };
  }

  function settleFound(settlement: StoreSettlement): SettleVerdict {
    const task = find(settlement);
    if (task === undefined) return { kind: "lost", state: undefined, why: "task_unknown" };
    const state = states.word(task.state);
    if (isRepeat(task, settlement)) return { kind: "duplicate", state };
    const target = { ...task, id: settlement.id };
    const why = lostReason(task, settlement.fence);
    const verdict = why === undefined ? write(target, settlement, task.cancel !== undefined) : undefined;
    return verdict ?? { kind: "lost", state, why: why ?? "superseded" };
  }

  /** The row is as the claim left it, which the guard checks, and nothing is looked up. */
  function settleRemembered(settlement: StoreSettlement, hint: Hint): SettleVerdict {
    const target = { ...hint, id: settlement.id, state: stateCode.leased };
    return write(target, settlement, false) ?? settleFound(settlement);
  }

  /** Where one statement did not write all, whose outcome is there now was written by it: nobody else can have been. */
  function settleAlike(group: readonly Remembered[]): SettleVerdict[] {
    const [first] = group;
    if (group.length === 1 && first) return [settleRemembered(first.settlement, first.hint)];
    const wroteAll = together.write(group);
    return group.map((one): SettleVerdict => {
      const found = wroteAll ? undefined : settleFound(one.settlement);
      if (found !== undefined && found.kind !== "duplicate") return found;
      together.note(one);
      return { kind: "applied", state: one.settlement.decision.outcome.state };
    });
  }

  return (settlements) => {
    const verdicts: SettleVerdict[] = [];
    let group: Remembered[] = [];
    const flush = (): void => {
      if (group.length > 0) verdicts.push(...settleAlike(group));
      group = [];
    };
    for (const settlement of settlements) {
      const hint = leases.take(settlement);
      const one = hint && { settlement, hint };
      if (one === undefined || (group[0] !== undefined && !isAlike(group[0], one))) flush();
      if (one !== undefined) group.push(one);
      else verdicts.push(settleFound(settlement));
    }
    flush();
    return verdicts;
  };
}

const isRepeat = (task: Found, { fence, outcomeHash }: StoreSettlement): boolean =>
  isNewest(task, fence) && task.outcomeHash === outcomeHash;
