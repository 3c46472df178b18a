import { type Instant, instantOf, plus } from "../model/ids.ts";
import { type IntervalSpec, type ScheduleSpec, type Slots, scheduleBounds } from "../model/schedule.ts";
import { calendarFields } from "./calendar-fields.ts";
import { readCron } from "./cron-fields.ts";
import { createSolarSlots } from "./solar-slots.ts";
import { createWallSlots } from "./wall-slots.ts";
import { zoneOf } from "./zone.ts";

/** The slots of a spec that checkSpec found nothing wrong with; throws for an expression or a zone that it would refuse. */
export function compile(spec: ScheduleSpec): Slots {
  const slots = unbounded(spec);
  const { start, end }: { start?: Instant | undefined; end?: Instant | undefined } =
    spec.kind === "clocked" ? {} : spec;
  return {
    nextAfter(after) {
      const at = slots.nextAfter(start === undefined || after >= start ? after : plus(start, -1));
      if (at === undefined || at > scheduleBounds.instantMax) return undefined;
      return end === undefined || at < end ? at : undefined;
    },
  };
}

/** The same; of a spec that means nothing to this server any more, none: what else is asked of its schedule goes on. */
export function slotsOf(spec: ScheduleSpec): Slots {
  try {
    return compile(spec);
  } catch (error) {
    if (error instanceof RangeError) return { nextAfter: () => undefined };
    throw error;
  }
}

function unbounded(spec: ScheduleSpec): Slots {
  switch (spec.kind) {
    case "interval":
      return intervalSlots(spec);
    case "cron": {
      const fields = readCron(spec.expression);
      if ("fault" in fields) throw new RangeError(`cron expression ${spec.expression}: ${fields.fault}`);
      return createWallSlots(fields, zoneOf(spec.zone));
    }
    case "calendar":
      return createWallSlots(calendarFields(spec), zoneOf(spec.zone));
    case "solar":
      return createSolarSlots(spec);
    case "clocked":
      return { nextAfter: (after) => (after < spec.at ? spec.at : undefined) };
  }
}

/** By division, so that it does not matter how long ago the anchor is. */
const intervalSlots = ({ everyMs, anchor }: IntervalSpec): Slots => ({
  nextAfter: (after) => instantOf(anchor + (Math.floor((after - anchor) / everyMs) + 1) * everyMs),
});

/** The first slot strictly after that instant. Who asks often compiles once. */
export const nextAfter = (spec: ScheduleSpec, after: Instant): Instant | undefined =>
  compile(spec).nextAfter(after);

/**
 * The slot to store for a schedule that begins now, or that was changed or resumed now: none from before, but for the instant
 * of a clocked one, which would otherwise never come.
 */
export const firstSlot = (spec: ScheduleSpec, now: Instant): Instant | undefined =>
  spec.kind === "clocked" ? spec.at : compile(spec).nextAfter(plus(now, -1));
