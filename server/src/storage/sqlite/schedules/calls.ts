import type { Instant } from "../../../model/ids.ts";
import type { FireVerdict, PutScheduleVerdict } from "../../../ports/schedule-store.ts";
import type { Writing } from "../writing.ts";
import { createFireSchedules, type FireToKeep, type Starting } from "./fire.ts";
import type { PutToKeep } from "./kept-schedule.ts";
import { createDeleteSchedule, createPutSchedule } from "./put.ts";
import { createSlotRecords } from "./records.ts";

/** The verbs of schedules that come with what is kept as text. */
export type SchedulesToKeep = {
  putSchedule(put: PutToKeep): PutScheduleVerdict;
  fireSchedules(fires: readonly FireToKeep[], now: Instant): readonly FireVerdict[];
};

/** Makes the verbs that write schedules. */
export function createScheduleCalls(writing: Writing, starting: Starting) {
  const records = createSlotRecords(writing.db, writing.limits.scheduleHistoryMax);
  return {
    putSchedule: createPutSchedule(writing, records),
    deleteSchedule: createDeleteSchedule(writing),
    fireSchedules: createFireSchedules(writing, records, starting),
  };
}
