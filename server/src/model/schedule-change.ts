/** What a schedule is that is made, changed, stopped or let go on, as pure decisions. */

import { type Instant, plus, type ScheduleRef } from "./ids.ts";
import type { Slots } from "./schedule.ts";
import { beforeExpiry, standing } from "./schedule-decision.ts";
import type { Schedule, ScheduleProgress, ScheduleSettings, Slot, SlotRecord } from "./schedule-record.ts";
import { isSame } from "./schedule-said.ts";

/** The slots of the settings that come in, and when. */
export type Coming = { readonly slots: Slots; readonly now: Instant };

/** A schedule that is new. */
export function newSchedule(
  { namespace, id }: ScheduleRef,
  settings: ScheduleSettings,
  { slots, now }: Coming,
): Schedule {
  const progress = {
    ...{ round: 1, next: undefined, waiting: undefined, lookAt: undefined, passed: undefined },
    ...{ last: undefined, fired: 0, records: 0, end: undefined },
  };
  const times = { revision: 1, createdAt: now, changedAt: now, pause: undefined };
  const schedule = { namespace, id, settings, ...times, progress };
  return { ...schedule, progress: beginning(schedule, { slots, now }) };
}

/** A change, and what it leaves of slots. */
export type Changed = { readonly schedule: Schedule; readonly records: readonly SlotRecord[] };

/**
 * The schedule with other settings, or stopped, or no longer. It begins anew where its spec is another one, and where it has stood still;
 * else its next slot stays. What waits is passed over where it is stopped.
 */
export function changedSchedule(
  before: Schedule,
  { settings, pause }: Pick<Schedule, "settings" | "pause">,
  { slots, now }: Coming,
): Changed {
  const changed = { ...before, settings, pause, revision: before.revision + 1, changedAt: now };
  const { waiting, next, round, records: place } = before.progress;
  const records = isActive(changed) || waiting === undefined ? [] : [passedOver(waiting, { place, now })];
  const progress = {
    ...before.progress,
    ...{ round: round + 1, records: place + records.length },
    waiting: records.length > 0 ? undefined : waiting,
  };
  const schedule = { ...changed, progress };
  const goesOn = isActive(before) && next !== undefined && isSame(before.settings.spec, settings.spec);
  const after = goesOn ? goingOn(schedule, next, { slots, now }) : beginning(schedule, { slots, now });
  return { schedule: { ...schedule, progress: after }, records };
}

const passedOver = (
  { slot, dueAt, cause, request }: Slot,
  { place, now }: { readonly place: number; readonly now: Instant },
): SlotRecord => ({
  ...{ slot, dueAt, cause, request, place, at: now },
  outcome: { kind: "skipped", reason: "paused", until: undefined },
});

/** Whether its slots fire. */
export const isActive = ({ settings, pause }: Pick<Schedule, "settings" | "pause">): boolean =>
  settings.isEnabled && pause === undefined;

/** Begins with the first slot that is not over, nor was decided upon; with that of a clocked one unless it was. */
const beginning = (schedule: Schedule, { slots, now }: Coming): ScheduleProgress =>
  goingOn(schedule, firstOf(schedule, { slots, now }), { slots, now });

function firstOf({ settings, progress }: Schedule, { slots, now }: Coming): Instant | undefined {
  const { spec } = settings;
  const { passed } = progress;
  if (spec.kind === "clocked") return passed !== undefined && passed >= spec.at ? undefined : spec.at;
  // A clock that was far ahead has left slots behind that mean nothing.
  const isOfNow = passed !== undefined && passed <= now;
  return slots.nextAfter(isOfNow ? plus(now, Math.max(-1, passed - now)) : plus(now, -1));
}

function goingOn(schedule: Schedule, slot: Instant | undefined, { slots, now }: Coming): ScheduleProgress {
  const { settings, progress } = schedule;
  if (!isActive(schedule))
    return standing({ schedule, slots, now }, { ...progress, next: undefined, end: undefined });
  const isSpent = settings.runsMax !== undefined && progress.fired >= settings.runsMax;
  const next = isSpent ? undefined : beforeExpiry(settings, slot);
  const left = slot === undefined ? "over" : "expired";
  const end = next === undefined ? (isSpent ? "max_runs" : left) : undefined;
  return standing({ schedule, slots, now }, { ...progress, next, end });
}
