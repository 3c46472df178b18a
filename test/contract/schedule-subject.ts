import { compile } from "../../server/src/beat/beat.ts";
import {
  defaultNamespace,
  type Namespace,
  type ScheduleRef,
  scheduleIdOf,
} from "../../server/src/model/ids.ts";
import { changedSchedule } from "../../server/src/model/schedule-change.ts";
import { decideDue, type ScheduleDecision } from "../../server/src/model/schedule-decision.ts";
import type { Schedule, ScheduleSettings, Started } from "../../server/src/model/schedule-record.ts";
import type { FireVerdict, ScheduleFire, SlotStart } from "../../server/src/ports/schedule-store.ts";
import { group, leaf, newCanvas } from "../support/new-canvas.ts";
import { newSchedule } from "../support/new-schedule.ts";
import { newTask, type TaskDetails } from "../support/new-task.ts";
import { only, type Subject } from "./subject.ts";

export const scheduleRef = (id = "s", namespace: Namespace = defaultNamespace): ScheduleRef => ({
  namespace,
  id: scheduleIdOf(id),
});

/** As many as there may be. */
export const bounds = { limit: 1000, bytesMax: 64 * 1024 * 1024 };

/** Makes a schedule that was not there. */
export async function make(
  subject: Subject,
  id = "s",
  own: Partial<ScheduleSettings> = {},
): Promise<Schedule> {
  const schedule = newSchedule(id, subject.now, own);
  const verdict = await subject.store.putSchedule({ schedule, before: undefined, records: [] });
  if (verdict.kind !== "done") throw new Error(`the schedule was not made: ${JSON.stringify(verdict)}`);
  return schedule;
}

/** The schedule, which is there. */
export async function scheduleOf({ store }: Subject, id = "s"): Promise<Schedule> {
  const [schedule] = await store.readSchedules([scheduleRef(id)]);
  if (schedule === undefined) throw new Error(`there is no schedule ${id}`);
  return schedule;
}

/** Puts a change in place of what it was decided from. */
export function change(
  { store, now }: Subject,
  before: Schedule,
  said: Partial<Pick<Schedule, "settings" | "pause">>,
) {
  const { settings, pause } = { ...before, ...said };
  const changed = changedSchedule(before, { settings, pause }, { slots: compile(settings.spec), now });
  const { revision, progress } = before;
  return store.putSchedule({ ...changed, before: { revision, round: progress.round } });
}

/** What is to be done about a schedule as it was read. */
export const dueOf = ({ now }: Subject, schedule: Schedule, isRunning = false): ScheduleDecision =>
  decideDue({ schedule, slots: compile(schedule.settings.spec), isRunning, now }, 1000);

/** A decision as the room would apply it; `details` are those of the tasks. */
export function fireOf(
  schedule: Schedule,
  { records, after }: ScheduleDecision,
  details: TaskDetails = {},
): ScheduleFire {
  const starts = records.flatMap(({ place, outcome }) =>
    outcome.kind === "started" ? [startOf(place, outcome.started, details)] : [],
  );
  const { namespace, id, revision, progress } = schedule;
  return { ref: { namespace, id }, revision, round: progress.round, records, starts, after };
}

const startOf = (place: number, { kind, id }: Started, details: TaskDetails): SlotStart =>
  kind === "task"
    ? { place, kind, task: newTask(id, details) }
    : { place, kind, canvas: newCanvas(id, group("wait", leaf("a", details), leaf("b", details))) };

/** Fires what is due of a schedule as it is. */
export async function fire(subject: Subject, id = "s", details: TaskDetails = {}): Promise<FireVerdict> {
  const schedule = await scheduleOf(subject, id);
  const fires = [fireOf(schedule, dueOf(subject, schedule), details)];
  return only(await subject.store.fireSchedules(fires, subject.now));
}

/** What became of its slots, newest first. */
export const recordsOf = ({ store }: Subject, id = "s", limit = 1000) =>
  store.listSlotRecords({ ref: scheduleRef(id), before: undefined, limit });
