import { compile } from "../../server/src/beat/beat.ts";
import { defaultNamespace, type Instant, plus, scheduleIdOf } from "../../server/src/model/ids.ts";
import { newSchedule as begin } from "../../server/src/model/schedule-change.ts";
import type { Schedule, ScheduleSettings } from "../../server/src/model/schedule-record.ts";
import { bytesOf } from "./new-task.ts";

/** A schedule of the default namespace that is made now, every ten seconds from then on, and otherwise as usual. */
export function newSchedule(id: string, now: Instant, own: Partial<ScheduleSettings> = {}): Schedule {
  const settings: ScheduleSettings = {
    ...{ spec: { kind: "interval", everyMs: 10_000, anchor: now, start: plus(now, 1) } },
    ...{ target: { kind: "task", content: bytesOf("what to start") } },
    ...{ catchUp: { kind: "one" }, overlap: "allow", jitterMs: 0, isEnabled: true },
    ...{ expireAt: undefined, runsMax: undefined, priority: undefined, whenOver: "keep", description: "" },
    ...own,
  };
  const ref = { namespace: defaultNamespace, id: scheduleIdOf(id) };
  return begin(ref, settings, { slots: compile(settings.spec), now });
}
