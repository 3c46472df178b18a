import type { ScheduleStore } from "../../ports/schedule-store.ts";
import type { Asking } from "./asking.ts";
import { deleteSchedule } from "./drop-schedules.ts";
import { fireSchedules } from "./fire-schedules.ts";
import { putSchedule } from "./put-schedule.ts";
import { dueSchedules, listSchedules, listSlotRecords, readSchedules } from "./schedule-readings.ts";

/** Schedules, and what became of their slots. */
export const createScheduleStore = ({ lane, read }: Asking): ScheduleStore => ({
  putSchedule: (put) => lane.call({}, (work) => putSchedule(work, put)),
  readSchedules: (refs) => read((db) => readSchedules(db, refs)),
  listSchedules: (page) => read((db) => listSchedules(db, page)),
  deleteSchedule: (ref, revision) => lane.call({}, (work) => deleteSchedule(work, ref, revision)),
  dueSchedules: (now, bounds) => read((db) => dueSchedules(db, now, bounds)),
  fireSchedules: (fires, now) =>
    lane.ask(
      fireSchedules,
      fires.map((fire) => ({ fire, now })),
    ),
  listSlotRecords: (page) => read((db) => listSlotRecords(db, page)),
});
