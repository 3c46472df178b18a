import { type Instant, plus } from "../model/ids.ts";
import type { FieldViolation } from "../model/problem.ts";
import {
  scheduleBounds as bounds,
  type CalendarSpec,
  type CronSpec,
  type IntervalSpec,
  type ScheduleSpec,
  type SolarSpec,
  solarEvents,
  type Window,
} from "../model/schedule.ts";
import { checkWhole } from "./check-whole.ts";
import { compile } from "./compile.ts";
import { readCron } from "./cron-fields.ts";
import { knowsZone } from "./zone.ts";

/**
 * What is wrong with a spec, if anything is; the path is relative to it. `now` is where one without a start is looked through
 * for its first time: one that has none is refused, one whose time is over is not, because that is what becomes of most.
 */
export function checkSpec(spec: ScheduleSpec, now: Instant): FieldViolation | undefined {
  return checkFields(spec) ?? checkWindow(spec) ?? checkOccurs(spec, now);
}

function checkFields(spec: ScheduleSpec): FieldViolation | undefined {
  switch (spec.kind) {
    case "interval":
      return checkInterval(spec);
    case "cron":
      return checkCron(spec);
    case "solar":
      return checkSolar(spec);
    case "clocked":
      return checkInstant("clocked.time", spec.at);
    case "calendar":
      return checkCalendar(spec);
  }
}

function checkInterval({ everyMs, anchor }: IntervalSpec): FieldViolation | undefined {
  return (
    checkWhole("interval.every", everyMs, { min: bounds.everyMsMin, max: bounds.everyMsMax, unit: "ms" }) ??
    checkInstant("interval.anchor_time", anchor)
  );
}

function checkCron({ expression, zone }: CronSpec): FieldViolation | undefined {
  const read = readCron(expression);
  return "fault" in read
    ? { field: "cron.expression", description: read.fault }
    : checkZone("cron.time_zone", zone);
}

function checkSolar({ event, latitude, longitude, offsetMs }: SolarSpec): FieldViolation | undefined {
  if (!solarEvents.includes(event))
    return { field: "solar.event", description: `must be one of ${solarEvents.join(", ")}` };
  const offsets = { min: -bounds.solarOffsetMsMax, max: bounds.solarOffsetMsMax, unit: "ms" } as const;
  return (
    checkDegrees("solar.latitude", latitude, 90) ??
    checkDegrees("solar.longitude", longitude, 180) ??
    checkWhole("solar.offset", offsetMs, offsets)
  );
}

const lists = [
  { name: "months", min: 1, max: 12 },
  { name: "weekdays", min: 0, max: 7 },
  { name: "monthDays", field: "month_days", min: -1, max: 31 },
  { name: "hours", min: 0, max: 23 },
  { name: "minutes", min: 0, max: 59 },
] as const;

function checkCalendar(spec: CalendarSpec): FieldViolation | undefined {
  for (const { name, min, max, ...rest } of lists) {
    const path = `calendar.${"field" in rest ? rest.field : name}`;
    const list = spec[name];
    if (list.length > max - min + 1)
      return { field: path, description: `has ${list.length} items; there are only ${max - min + 1} values` };
    for (const [at, value] of list.entries()) {
      const field = `${path}[${at}]`;
      if (name === "monthDays" && value === 0)
        return { field, description: "must be 1 to 31, or -1 for the last day" };
      const wrong = checkWhole(field, value, { min, max });
      if (wrong !== undefined) return wrong;
    }
  }
  return checkZone("calendar.time_zone", spec.zone);
}

function checkWindow(spec: ScheduleSpec): FieldViolation | undefined {
  const { start, end } = windowOf(spec);
  const wrong =
    (start === undefined ? undefined : checkInstant("start_time", start)) ??
    (end === undefined ? undefined : checkInstant("end_time", end));
  if (wrong !== undefined || start === undefined || end === undefined) return wrong;
  return end <= start ? { field: "end_time", description: "must be after the start" } : undefined;
}

const windowOf = (spec: ScheduleSpec): Window => (spec.kind === "clocked" ? {} : spec);

/** Whether it is ever due. */
function checkOccurs(spec: ScheduleSpec, now: Instant): FieldViolation | undefined {
  if (spec.kind === "clocked") return undefined;
  const { start, end } = windowOf(spec);
  const from = start ?? now;
  if ((end !== undefined && end <= from) || compile(spec).nextAfter(plus(from, -1)) !== undefined)
    return undefined;
  const isEverDue = compile({ ...spec, start: undefined, end: undefined }).nextAfter(plus(from, -1));
  return isEverDue === undefined
    ? { field: subjectOf(spec), description: neverIn(spec) }
    : { field: "end_time", description: "comes before the first time that the schedule is due" };
}

const subjectOf = ({ kind }: ScheduleSpec): string => (kind === "cron" ? "cron.expression" : kind);

const neverIn = ({ kind }: ScheduleSpec): string =>
  kind === "solar"
    ? `no occurrence in ${bounds.solarDaysAhead} days`
    : `no occurrence in ${bounds.wallYearsAhead} years`;

function checkZone(field: string, zone: string): FieldViolation | undefined {
  if (knowsZone(zone)) return undefined;
  return {
    field,
    description: "is not a time zone that the server knows: an IANA name, such as Europe/Paris",
  };
}

function checkInstant(field: string, instant: Instant): FieldViolation | undefined {
  return Number.isSafeInteger(instant) && instant >= 0 && instant <= bounds.instantMax
    ? undefined
    : { field, description: "must be in the years 1970 to 9999" };
}

function checkDegrees(field: string, value: number, max: number): FieldViolation | undefined {
  return Math.abs(value) <= max
    ? undefined
    : { field, description: `must be from -${max} to ${max} degrees` };
}
