import { StemProblem } from "../../model/problem.ts";
import type { ScheduleFire, ScheduleStore, SlotStart } from "../../ports/schedule-store.ts";
import { partText } from "./canvases/parts.ts";
import type { KeptLogParts } from "./kept-log-store.ts";
import type { FireToKeep, StartToKeep } from "./schedules/fire.ts";
import { keptSchedule, scheduleOfKept } from "./schedules/kept-schedule.ts";

/** The part of the store that is about schedules. What is new has to leave room for settling; what changes one needs hardly any. */
export function createScheduleStore({ ask, writer, reader, isDiskLow }: KeptLogParts): ScheduleStore {
  const add = <T>(call: () => Promise<T>): Promise<T> =>
    ask(() => {
      if (isDiskLow()) throw new StemProblem({ reason: "STORE_FULL" });
      return call();
    });
  return {
    putSchedule(put) {
      const call = () => writer.call("putSchedule", { ...put, schedule: keptSchedule(put.schedule) });
      return put.before === undefined ? add(call) : ask(call);
    },
    deleteSchedule: (ref, revision) => ask(() => writer.call("deleteSchedule", ref, revision)),
    fireSchedules: (fires, now) => add(() => writer.call("fireSchedules", fires.map(fireToKeep), now)),
    readSchedules: (refs) =>
      ask(async () => (await reader.call("readSchedules", refs)).map((kept) => kept && scheduleOfKept(kept))),
    listSchedules: (page) => ask(async () => (await reader.call("listSchedules", page)).map(scheduleOfKept)),
    dueSchedules: (now, bounds) =>
      ask(async () => (await reader.call("dueSchedules", now, bounds)).map(scheduleOfKept)),
    listSlotRecords: (page) => ask(() => reader.call("listSlotRecords", page)),
  };
}

const fireToKeep = (fire: ScheduleFire): FireToKeep => ({ ...fire, starts: fire.starts.map(startToKeep) });

function startToKeep(start: SlotStart): StartToKeep {
  if (start.kind === "task") return start;
  const { canvas } = start;
  return { ...start, canvas: { ...canvas, parts: canvas.parts.map(partText) } };
}
