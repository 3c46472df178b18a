import { instantOf } from "../../../model/ids.ts";
import type { SettleDecision } from "../../../model/task-machine.ts";
import type { SettleVerdict, StoreSettlement } from "../../../ports/task-store.ts";
import { states } from "../codes.ts";
import { readChange, writeChange } from "./change.ts";
import { packed, readList, writeList } from "./coder.ts";
import { readLeaseRef, readLost, writeLeaseRef, writeLost } from "./lease.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

/** How settle crosses. */
export const settleVerb = {
  request: packed<[readonly StoreSettlement[]]>(
    (to, [settlements]) => writeList(to, settlements, writeSettlement),
    (from) => [readList(from, readSettlement)],
  ),
  answer: packed<readonly SettleVerdict[]>(
    (to, verdicts) => writeList(to, verdicts, writeVerdict),
    (from) => readList(from, readVerdict),
  ),
  items: ([settlements]: readonly [readonly StoreSettlement[]]) => settlements.length,
};

function writeSettlement(to: PacketWriter, settlement: StoreSettlement): void {
  writeLeaseRef(to, settlement);
  to.number(settlement.outcomeHash);
  to.number(settlement.now);
  writeDecision(to, settlement.decision);
}

const readSettlement = (from: PacketReader): StoreSettlement => ({
  ...readLeaseRef(from),
  outcomeHash: from.number(),
  now: instantOf(from.number()),
  decision: readDecision(from),
});

/** A success is decided the same way with and without a request to cancel, and crosses once. */
function writeDecision(to: PacketWriter, { outcome, ifCancelRequested }: SettleDecision): void {
  writeChange(to, outcome);
  const isSame = outcome === ifCancelRequested;
  to.flag(isSame);
  if (!isSame) writeChange(to, ifCancelRequested);
}

function readDecision(from: PacketReader): SettleDecision {
  const outcome = readChange(from);
  return { outcome, ifCancelRequested: from.flag() ? outcome : readChange(from) };
}

function writeVerdict(to: PacketWriter, verdict: SettleVerdict): void {
  switch (verdict.kind) {
    case "applied":
    case "duplicate":
      to.number(verdict.kind === "applied" ? 0 : 1);
      to.number(states.code(verdict.state));
      return;
    case "lost":
      to.number(2);
      writeLost(to, verdict);
  }
}

function readVerdict(from: PacketReader): SettleVerdict {
  const kind = from.number();
  if (kind === 2) return { kind: "lost", ...readLost(from) };
  return { kind: kind === 0 ? "applied" : "duplicate", state: states.word(from.number()) };
}
