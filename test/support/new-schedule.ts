import { compile } from "../../server/src/beat/beat.ts";
import { defaultNamespace, type Instant, plus, scheduleIdOf } from "../../server/src/model/ids.ts";
import { newSchedule as begin } from "../../server/src/model/schedule-change.ts";
import type { Schedule, ScheduleSettings } from "../../server/src/model/schedule-record.ts";
import { bytesOf } from "./new-task.ts";

/** What is said of a schedule that is due every ten seconds from now on, but for what is said otherwise. */
export const newSettings = (now: Instant, own: Partial<ScheduleSettings> = {}): ScheduleSettings => ({
  ...{ spec: { kind: "interval", everyMs: 10_000, anchor: now, start: plus(now, 1) } },
  ...{ target: { kind: "task", content: bytesOf("what to start") } },
  ...{ catchUp: { kind: "one" }, overlap: "allow", jitterMs: 0, isEnabled: true },
  ...{ expireAt: undefined, runsMax: undefined, priority: undefined, whenOver: "keep", description: "" },
  ...own,
});

/** A schedule of the default namespace that is made now. */
export function newSchedule(id: string, now: Instant, own: Partial<ScheduleSettings> = {}): Schedule {
  const settings = newSettings(now, own);
  const ref = { namespace: defaultNamespace, id: scheduleIdOf(id) };
  return begin(ref, settings, { slots: compile(settings.spec), now });
}
