import { type Instant, instantOf } from "../../../model/ids.ts";
import type { Slot, SlotRecord } from "../../../model/schedule-record.ts";
import { columnsOfOutcome, outcomeOfColumns, startCauses } from "../schedules/codes.ts";
import { packed, readList, writeList } from "./coder.ts";
import type { PacketReader, PacketWriter } from "./packet.ts";

/** How what became of slots crosses. */
export const slotRecords = packed<readonly SlotRecord[]>(
  (to, records) => writeList(to, records, writeRecord),
  (from) => readList(from, readRecord),
);

export function writeRecord(to: PacketWriter, record: SlotRecord): void {
  const [outcome, word, until] = columnsOfOutcome(record.outcome);
  writeSlot(to, record);
  to.number(record.place);
  to.number(record.at);
  to.number(outcome);
  to.optionalText(word ?? undefined);
  to.optionalNumber(until ?? undefined);
}

export const readRecord = (from: PacketReader): SlotRecord => ({
  ...readSlot(from),
  place: from.number(),
  at: instantOf(from.number()),
  outcome: outcomeOfColumns([from.number(), from.optionalText() ?? null, readUntil(from)]),
});

const readUntil = (from: PacketReader): Instant | null => {
  const until = from.optionalNumber();
  return until === undefined ? null : instantOf(until);
};

export function writeSlot(to: PacketWriter, { slot, dueAt, cause, request }: Slot): void {
  to.number(slot);
  to.number(dueAt);
  to.number(startCauses.code(cause));
  to.optionalText(request);
}

export const readSlot = (from: PacketReader): Slot => ({
  slot: instantOf(from.number()),
  dueAt: instantOf(from.number()),
  cause: startCauses.word(from.number()),
  request: from.optionalText(),
});
