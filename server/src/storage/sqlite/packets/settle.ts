import { instantOf } from "../../../model/ids.ts";
import type { SettleDecision } from "../../../model/task-machine.ts";
import type { SettleVerdict, StoreSettlement } from "../../../ports/task-store.ts";
import { states } from "../../sql/codes.ts";
import { readChange, writeChange } from "./change.ts";
import { packed, readList, writeList } from "./coder.ts";
import { readLeaseRef, readLost, writeLeaseRef, writeLost } from "./lease.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

/** How settle crosses. */
export const settleVerb = {
  request: packed<[readonly StoreSettlement[]]>(
    (to, [settlements]) => writeSettlements(to, settlements),
    (from) => [readSettlements(from)],
  ),
  answer: packed<readonly SettleVerdict[]>(
    (to, verdicts) => writeList(to, verdicts, writeVerdict),
    (from) => readList(from, readVerdict),
  ),
  items: ([settlements]: readonly [readonly StoreSettlement[]]) => settlements.length,
};

/** Neighbours mostly end alike: what is the same object as before crosses once, and is one object again on the other side. */
function writeSettlements(to: PacketWriter, settlements: readonly StoreSettlement[]): void {
  let before: StoreSettlement | undefined;
  to.number(settlements.length);
  for (const settlement of settlements) {
    writeLeaseRef(to, settlement);
    const isAlike = before !== undefined && endsAlike(settlement, before);
    to.flag(isAlike);
    if (!isAlike) writeEnd(to, settlement);
    before = settlement;
  }
}

function readSettlements(from: PacketReader): StoreSettlement[] {
  const settlements = new Array<StoreSettlement>(from.number());
  let end: LeaseEnd | undefined;
  for (let i = 0; i < settlements.length; i += 1) {
    const { namespace, id, fence } = readLeaseRef(from);
    if (!from.flag() || end === undefined) end = readEnd(from);
    const { outcomeHash, now, decision } = end;
    settlements[i] = { namespace, id, fence, outcomeHash, now, decision };
  }
  return settlements;
}

type LeaseEnd = Pick<StoreSettlement, "outcomeHash" | "now" | "decision">;

const endsAlike = (a: LeaseEnd, b: LeaseEnd): boolean =>
  a.decision === b.decision && a.outcomeHash === b.outcomeHash && a.now === b.now;

function writeEnd(to: PacketWriter, { outcomeHash, now, decision }: LeaseEnd): void {
  to.number(outcomeHash);
  to.number(now);
  writeDecision(to, decision);
}

const readEnd = (from: PacketReader): LeaseEnd => ({
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
