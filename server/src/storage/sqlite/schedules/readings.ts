import type { Instant, ScheduleRef } from "../../../model/ids.ts";
import type { SlotRecord } from "../../../model/schedule-record.ts";
import type { ScheduleBounds, SchedulePage, SlotRecordPage } from "../../../ports/schedule-store.ts";
import { type Database, query } from "../files/connection.ts";
import { type OutcomeColumns, outcomeOfColumns, startCauses } from "./codes.ts";
import { type KeptSchedule, within } from "./kept-schedule.ts";
import { type ScheduleRow, scheduleColumns, scheduleOfRow } from "./schedule-row.ts";

/** The verbs that read schedules, as they are kept. */
export type KeptSchedules = {
  readSchedules(refs: readonly ScheduleRef[]): readonly (KeptSchedule | undefined)[];
  listSchedules(page: SchedulePage): readonly KeptSchedule[];
  dueSchedules(now: Instant, bounds: ScheduleBounds): readonly KeptSchedule[];
};

// CROSS JOIN keeps this order.
const ofSpace = `
  SELECT ${scheduleColumns} FROM namespaces n CROSS JOIN schedules s INDEXED BY schedules_id ON s.namespace = n.id
    CROSS JOIN schedule_progress p ON p.seq = s.seq
  WHERE n.name = ?`;

/** Reads what is due, and nothing else, by the index that has only schedules of active namespaces. */
export const selectDue = `
  SELECT ${scheduleColumns} FROM schedule_progress p INDEXED BY schedule_progress_due CROSS JOIN schedules s ON s.seq = p.seq
    CROSS JOIN namespaces n ON n.id = s.namespace
  WHERE p.due_at <= ? ORDER BY p.due_at LIMIT ?`;

/** Makes them, and listSlotRecords. */
export function createScheduleReadings(db: Database) {
  const selectOne = query<ScheduleRow>(db, `${ofSpace} AND s.id = ?`);
  const selectPage = query<ScheduleRow>(db, `${ofSpace} AND s.id > ? ORDER BY s.id LIMIT ?`);
  const due = query<ScheduleRow>(db, selectDue);
  return {
    readSchedules: (refs: readonly ScheduleRef[]) =>
      refs.map(({ namespace, id }) => {
        const row = selectOne.get(namespace, id);
        return row && scheduleOfRow(row);
      }),
    listSchedules: ({ namespace, after, limit, bytesMax }: SchedulePage) =>
      within(schedulesOf(selectPage.iterate(namespace, after ?? "", limit)), bytesMax),
    dueSchedules: (now: Instant, { limit, bytesMax }: ScheduleBounds) =>
      within(schedulesOf(due.iterate(now, limit)), bytesMax),
    listSlotRecords: createListSlotRecords(db),
  };
}

function* schedulesOf(rows: Iterable<ScheduleRow>): Generator<KeptSchedule> {
  for (const row of rows) yield scheduleOfRow(row);
}

type RecordRow = readonly [
  place: number,
  slot: Instant,
  dueAt: Instant,
  cause: number,
  request: string | null,
  at: Instant,
  ...OutcomeColumns,
];

/** Makes listSlotRecords: what became of a schedule's slots, newest first. */
function createListSlotRecords(db: Database): (page: SlotRecordPage) => readonly SlotRecord[] {
  const select = query<RecordRow>(
    db,
    `SELECT r.place, r.slot, r.due_at, r.cause, r.request, r.decided_at, r.outcome, r.word, r.until
     FROM namespaces n CROSS JOIN schedules s INDEXED BY schedules_id ON s.namespace = n.id
       CROSS JOIN slot_records r ON r.schedule = s.seq
     WHERE n.name = ? AND s.id = ? AND r.place < ? ORDER BY r.place DESC LIMIT ?`,
  );
  return ({ ref: { namespace, id }, before = Number.MAX_SAFE_INTEGER, limit }) =>
    select.all(namespace, id, before, limit).map(recordOf);
}

function recordOf([place, slot, dueAt, cause, request, at, ...outcome]: RecordRow): SlotRecord {
  return {
    ...{ place, slot, dueAt, cause: startCauses.word(cause), request: request ?? undefined, at },
    outcome: outcomeOfColumns(outcome),
  };
}
