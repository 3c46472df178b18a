import { expect, test } from "vitest";
import { calendar, cron, instant } from "../../../test/support/slots.ts";
import { instantOf } from "../model/ids.ts";
import type { ScheduleSpec, SolarSpec } from "../model/schedule.ts";
import { checkSpec } from "./check-spec.ts";

const now = instant("2026-11-26T12:00:00Z");
const check = (spec: ScheduleSpec): string | undefined => {
  const wrong = checkSpec(spec, now);
  return wrong && `${wrong.field}: ${wrong.description}`;
};

test.each([
  ["", "it is empty"],
  [" ", "it is empty"],
  ["* * * *", "it has 4 fields; 5 are needed, or 6 with the seconds first"],
  ["0 0 * * * * 2027", "it has 7 fields; 5 are needed, or 6 with the seconds first"],
  [`0 0 * * ${"1".repeat(249)}`, "it has 257 characters; 256 are allowed"],
  [`${"1,".repeat(30_000)}1 * * * *`, "it has 60009 characters; 256 are allowed"],
  ["61 * * * *", 'minute: "61" is not possible (Constraint error, got value 61 expected range 0-59)'],
  ["0 24 * * *", 'hour: "24" is not possible (Constraint error, got value 24 expected range 0-23)'],
  ["0 0 0 * *", 'day of month: "0" is not possible (Constraint error, got value 0 expected range 1-31)'],
  ["0 0 1 13 *", 'month: "13" is not possible (Constraint error, got value 13 expected range 1-12)'],
  ["0 0 * * 8", 'weekday: "8" is not possible (Constraint error, got value 8 expected range 0-7)'],
  ["60 0 0 * * *", 'second: "60" is not possible (Constraint error, got value 60 expected range 0-59)'],
  ["*/0 * * * *", 'minute: "*/0" is not possible (Constraint error, cannot repeat at every 0 time.)'],
  ["5-1 * * * *", 'minute: "5-1" is not possible (Invalid range: 5-1, min(5) > max(1))'],
  ["0 0 * * fri-mon", 'weekday: "FRI-MON" is not possible (Invalid range: 5-1, min(5) > max(1))'],
  ["*/90 * * * *", "minute: a step of 90 is longer than the field, which has 60 values"],
  ["-1 * * * *", 'minute: "-1" is not understood'],
  ["1.5 * * * *", 'minute: "1.5" is not understood'],
  ["1,,2 * * * *", 'minute: "1,,2" has an empty place in its list'],
  [",1 * * * *", 'minute: ",1" has an empty place in its list'],
  ["0 0 ? * 1", 'day of month: "?" is not understood'],
  ["H H * * *", 'minute: "H" is not understood'],
  ["0 0 L-3 * *", 'day of month: "L-3" is not understood'],
  ["0 0 32W * *", 'day of month: "32W" is not understood'],
  ["0 0 * * L", 'weekday: "L" is not understood'],
  ["0 0 * * 1#6", 'weekday: "1#6" is not understood'],
  ["0 0 * * 1#1,3", "weekday: # stands alone, not in a list"],
  ["0 0 * janfeb *", 'month: "janfeb" is not understood'],
  ["0 0 * jan1 *", 'month: "jan1" is not understood'],
  ["0 0 * * mardi", 'weekday: "mardi" is not understood'],
  ["0 0 * mär *", 'month: "mär" is not understood'],
  ["0 0 * * frı", 'weekday: "frı" is not understood'],
  ["0 0 * *\n*", "it has 4 fields; 5 are needed, or 6 with the seconds first"],
  ["@reboot", '"@reboot" is not one of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly'],
  [
    "@minutely",
    '"@minutely" is not one of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly',
  ],
  [
    "@toString",
    '"@toString" is not one of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly',
  ],
  ["0 0 30 2 *", "no occurrence in 10 years"],
  ["0 0 31 4 *", "no occurrence in 10 years"],
  ["0 0 31 2,4,6,9,11 *", "no occurrence in 10 years"],
  ["0 0 31W 4 *", "no occurrence in 10 years"],
])("the expression %j is refused: %s", (expression, description) => {
  expect(check(cron(expression))).toBe(`cron.expression: ${description}`);
});

test.each([
  "* * * * *",
  "  5\t4  * * *  ",
  "0 0 31 2,3 *",
  "0 0 30 2 1",
  "0 0 29 2 *",
  "0,0 0 * * *",
  "30 2 * * *",
  "0 9-17/2 1,15,LW * mon-FRI",
  "@daily",
])("the expression %j is taken", (expression) => {
  expect(check(cron(expression, "America/New_York"))).toBeUndefined();
});

test.each([
  "Mars/Olympus",
  "",
  "EST5EDT;",
  "+25:00",
  "+05:30",
  "GMT+5",
  " UTC",
  "Z".repeat(65),
  "../etc",
  "localtime",
])("the zone %j is refused, in an expression and in a calendar", (zone) => {
  const description = "is not a time zone that the server knows: an IANA name, such as Europe/Paris";
  expect(check(cron("* * * * *", zone))).toBe(`cron.time_zone: ${description}`);
  expect(check(calendar({ zone }))).toBe(`calendar.time_zone: ${description}`);
});

test.each(["UTC", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "America/Port-au-Prince", "EST5EDT"])(
  "the zone %s is taken",
  (zone) => {
    expect(check(cron("* * * * *", zone))).toBeUndefined();
  },
);

test.each([
  [{ months: [13] }, "calendar.months[0]: must be a whole number from 1 to 12"],
  [{ weekdays: [1, 8] }, "calendar.weekdays[1]: must be a whole number from 0 to 7"],
  [{ monthDays: [0] }, "calendar.month_days[0]: must be 1 to 31, or -1 for the last day"],
  [{ monthDays: [-2] }, "calendar.month_days[0]: must be a whole number from -1 to 31"],
  [{ hours: [1.5] }, "calendar.hours[0]: must be a whole number from 0 to 23"],
  [{ minutes: [60] }, "calendar.minutes[0]: must be a whole number from 0 to 59"],
  [{ minutes: Array(61).fill(1) }, "calendar.minutes: has 61 items; there are only 60 values"],
  [{ months: [2], monthDays: [30] }, "calendar: no occurrence in 10 years"],
  [{ months: [2], monthDays: [-1] }, undefined],
])("the calendar %j: %s", (lists, wrong) => {
  expect(check(calendar(lists))).toBe(wrong);
});

const anchor = instantOf(0);
test.each([
  [999, "interval.every: must be a whole number from 1000 to 315619200000 ms"],
  [0, "interval.every: must be a whole number from 1000 to 315619200000 ms"],
  [Number.NaN, "interval.every: must be a whole number from 1000 to 315619200000 ms"],
  [1000.5, "interval.every: must be a whole number from 1000 to 315619200000 ms"],
  [1000, undefined],
])("an interval of %s ms: %s", (everyMs, wrong) => {
  expect(check({ kind: "interval", everyMs, anchor })).toBe(wrong);
});

const solar = (fields: Partial<SolarSpec>): SolarSpec => ({
  kind: "solar",
  event: "sunrise",
  latitude: 51.5,
  longitude: 0,
  offsetMs: 0,
  ...fields,
});

test.each([
  [{ latitude: 91 }, "solar.latitude: must be from -90 to 90 degrees"],
  [{ latitude: Number.NaN }, "solar.latitude: must be from -90 to 90 degrees"],
  [{ longitude: 181 }, "solar.longitude: must be from -180 to 180 degrees"],
  [{ longitude: -Infinity }, "solar.longitude: must be from -180 to 180 degrees"],
  [{ offsetMs: 86_400_001 }, "solar.offset: must be a whole number from -86400000 to 86400000 ms"],
  [{ latitude: 90 }, "solar: no occurrence in 400 days"],
  [{ latitude: 89.999, event: "astronomical_dawn" as const }, "solar: no occurrence in 400 days"],
  [{ latitude: 78.2, longitude: 15.6 }, undefined],
  [{ latitude: -90, event: "solar_noon" as const }, undefined],
])("the sun at %j: %s", (fields, wrong) => {
  expect(check(solar(fields))).toBe(wrong);
});

test("an event that the sun does not know is refused", () => {
  expect(check(solar({ event: "noon" as never }))).toMatch(
    /^solar\.event: must be one of astronomical_dawn, /,
  );
});

test("a schedule ends after it starts, and is due in between", () => {
  const every = cron("0 0 * * *");
  const start = instant("2027-01-01T00:00:01Z");
  expect(check({ ...every, start, end: start })).toBe("end_time: must be after the start");
  expect(check({ ...every, start, end: instantOf(start - 1) })).toBe("end_time: must be after the start");
  expect(check({ ...every, start, end: instant("2027-01-01T12:00:00Z") })).toBe(
    "end_time: comes before the first time that the schedule is due",
  );
  expect(check({ ...every, start, end: instant("2027-01-02T00:00:01Z") })).toBeUndefined();
  expect(check({ ...every, start: instantOf(-1) })).toBe("start_time: must be in the years 1970 to 9999");
  expect(check({ ...every, end: instantOf(1e15) })).toBe("end_time: must be in the years 1970 to 9999");
});

test("one whose time is over is taken, and so is one that began long ago", () => {
  expect(check({ ...cron("0 0 * * *"), end: instant("2020-01-01T00:00:00Z") })).toBeUndefined();
  expect(check({ kind: "clocked", at: instant("2020-01-01T00:00:00Z") })).toBeUndefined();
  expect(check({ kind: "interval", everyMs: 1000, anchor, start: instantOf(0) })).toBeUndefined();
  expect(check({ kind: "clocked", at: instantOf(Number.NaN) })).toBe(
    "clocked.time: must be in the years 1970 to 9999",
  );
});
