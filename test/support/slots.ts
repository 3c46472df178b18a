import { compile, occurrences } from "../../server/src/beat/beat.ts";
import { type Instant, instantOf } from "../../server/src/model/ids.ts";
import type { CalendarSpec, CronSpec, ScheduleSpec } from "../../server/src/model/schedule.ts";

/** The instant of an ISO time, as "2027-03-14T07:00:00Z". */
export function instant(iso: string): Instant {
  const ms = Date.parse(iso);
  if (Number.isNaN(ms)) throw new Error(`${iso} is no time`);
  return instantOf(ms);
}

/** An instant as people read it, in UTC and without the milliseconds that are none. */
export const isoOf = (at: Instant): string => new Date(at).toISOString().replace(".000Z", "Z");

/** The slots of a spec from `from` on and before `to`, or the first of them, in UTC. */
export function slotsOf(spec: ScheduleSpec, from: string, end: { to: string } | { count: number }): string[] {
  const to = instant("to" in end ? end.to : "9999-12-31T00:00:00Z");
  const limit = "count" in end ? end.count : 10_000;
  return [...occurrences(compile(spec), { from: instant(from), to, limit })].map(isoOf);
}

/** An expression in a zone, in UTC unless another one is named. */
export const cron = (expression: string, zone = "UTC"): CronSpec => ({ kind: "cron", expression, zone });

/** A calendar of which only some lists say something, in UTC unless another zone is named. */
export const calendar = (lists: Partial<CalendarSpec>): CalendarSpec => ({
  kind: "calendar",
  months: [],
  weekdays: [],
  monthDays: [],
  hours: [],
  minutes: [],
  zone: "UTC",
  ...lists,
});
