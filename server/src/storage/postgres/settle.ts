import type { SettleVerdict, StoreSettlement } from "../../ports/task-store.ts";
import { isNewest, lostReason } from "../lost-lease.ts";
import type { Verb } from "./lane.ts";
import { createRows, type Row, type Rows } from "./rows.ts";
import { settlePlainly } from "./settle-plainly.ts";
import type { Work } from "./work.ts";
import { writeRows } from "./write-rows.ts";

/** Applies settlements of leases that are still open, one after the other. */
export const settle: Verb<StoreSettlement, SettleVerdict> = {
  isDurable: true,
  isWriting: true,
  mayBePassed: true,
  async run(work, settlements) {
    const verdicts = await settlePlainly(work, settlements);
    const left = settlements.flatMap((settlement, at) =>
      verdicts[at] === undefined ? [{ settlement, at }] : [],
    );
    const found = await settleOneByOne(
      work,
      left.map(({ settlement }) => settlement),
    );
    for (const [i, { at }] of left.entries()) verdicts[at] = found[i];
    return verdicts as SettleVerdict[];
  },
};

/** Those that have to be looked at first. */
async function settleOneByOne(work: Work, settlements: readonly StoreSettlement[]): Promise<SettleVerdict[]> {
  if (settlements.length === 0) return [];
  const rows = createRows(work);
  const locked = await rows.lock(settlements);
  const verdicts = settlements.map((settlement, at) => settleOne(rows, locked[at], settlement));
  await writeRows(work, rows);
  return verdicts;
}

function settleOne(rows: Rows, row: Row | undefined, settlement: StoreSettlement): SettleVerdict {
  const { fence, decision, outcomeHash, now } = settlement;
  if (row !== undefined && isNewest(row, fence) && row.outcomeHash === outcomeHash)
    return { kind: "duplicate", state: row.head.state };
  const why = lostReason(row, fence);
  if (row === undefined || why !== undefined)
    return { kind: "lost", state: row?.head.state, why: why ?? "task_unknown" };
  const change = row.head.cancel ? decision.ifCancelRequested : decision.outcome;
  rows.change(row, { change, now, outcomeHash });
  return { kind: "applied", state: row.head.state };
}
