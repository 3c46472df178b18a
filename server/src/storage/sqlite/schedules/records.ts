import type { SlotRecord } from "../../../model/schedule-record.ts";
import { command, type Database, type Value } from "../files/connection.ts";
import { byDozens, createByRows, valuesOf } from "../rows-by-dozen.ts";
import { columnsOfOutcome, outcomes, startCauses } from "./codes.ts";

/** What became of slots, as the running transaction has it, by the number of the schedule. */
export type SlotRecords = {
  /** Adds records to a schedule's, oldest first, of which the newest few are kept. */
  keep(schedule: number, records: readonly SlotRecord[]): void;
  /** What was to be started in place of that record could not be made. */
  notMade(schedule: number, place: number, why: string): void;
};

const columns = "schedule, place, slot, due_at, cause, request, decided_at, outcome, word, until";

/** Opens the table. Of each schedule no more than `max` are kept. */
export function createSlotRecords(db: Database, max: number): SlotRecords {
  const insert = createByRows((rows) =>
    command(
      db,
      `INSERT INTO slot_records (${columns}) VALUES ${valuesOf("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)}`,
    ),
  );
  const drop = command(db, "DELETE FROM slot_records WHERE schedule = ? AND place < ?");
  const correct = command(
    db,
    "UPDATE slot_records SET outcome = ?, word = ? WHERE schedule = ? AND place = ?",
  );
  return {
    keep(schedule, records) {
      for (const dozen of byDozens(records.slice(-max)))
        insert(dozen.length)(...dozen.flatMap((record) => valuesOfRecord(schedule, record)));
      // Places have no gaps.
      const from = (records.at(-1)?.place ?? 0) + 1 - max;
      if (from > 0) drop(schedule, from);
    },
    notMade: (schedule, place, why) => void correct(outcomes.code("not_made"), why, schedule, place),
  };
}

const valuesOfRecord = (schedule: number, record: SlotRecord): readonly Value[] => {
  const { place, slot, dueAt, cause, request, at, outcome } = record;
  return [
    ...[schedule, place, slot, dueAt, startCauses.code(cause), request ?? null, at],
    ...columnsOfOutcome(outcome),
  ];
};
