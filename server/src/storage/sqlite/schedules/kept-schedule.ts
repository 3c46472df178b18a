import type { Schedule, ScheduleSettings, ScheduleTarget } from "../../../model/schedule-record.ts";
import type { SchedulePut } from "../../../ports/schedule-store.ts";

/** A schedule as both threads have it: what is said of it, but for its target, as the text in which it is kept. */
export type KeptSchedule = Omit<Schedule, "settings"> & {
  readonly settings: string;
  readonly target: ScheduleTarget;
};

/** A schedule to put, as the writing thread has it. */
export type PutToKeep = Omit<SchedulePut, "schedule"> & { readonly schedule: KeptSchedule };

type Said = Omit<ScheduleSettings, "target">;

/** Settings as text: JSON. */
export function keptSchedule({ settings, ...schedule }: Schedule): KeptSchedule {
  const { target, ...said } = settings;
  return { ...schedule, target, settings: JSON.stringify(said satisfies Said) };
}

/** The schedule that is kept so. */
export function scheduleOfKept({ settings, target, ...schedule }: KeptSchedule): Schedule {
  const said = JSON.parse(settings) as Said;
  const { expireAt, runsMax, priority } = said;
  return { ...schedule, settings: { ...said, target, expireAt, runsMax, priority } };
}

/** The first of them whose targets are within so many bytes; one however large. Looks at one more than it answers. */
export function within(schedules: Iterable<KeptSchedule>, bytesMax: number): readonly KeptSchedule[] {
  const found: KeptSchedule[] = [];
  let bytes = 0;
  for (const schedule of schedules) {
    bytes += schedule.target.content.length;
    if (found.length > 0 && bytes > bytesMax) break;
    found.push(schedule);
  }
  return found;
}
