import { expect, test } from "vitest";
import { cron, slotsOf } from "../../../test/support/slots.ts";
import { readCron } from "./cron-fields.ts";

/** What is read of an expression that has nothing wrong. */
function read(expression: string): Exclude<ReturnType<typeof readCron>, { fault: string }> {
  const fields = readCron(expression);
  if ("fault" in fields) throw new Error(fields.fault);
  return fields;
}

const next = (expression: string, from: string, zone = "UTC"): string | undefined =>
  slotsOf(cron(expression, zone), from, { count: 1 })[0];

test("lists, ranges and steps come together, and what is named twice counts once", () => {
  expect(read("2-4/3,*/5,0-21/4 * * * *").minutes).toEqual([
    0, 2, 4, 5, 8, 10, 12, 15, 16, 20, 25, 30, 35, 40, 45, 50, 55,
  ]);
  expect(read("5/20 1,1 * JAN-mar *")).toMatchObject({ minutes: [5, 25, 45], hours: [1], months: [1, 2, 3] });
  expect(read("*/20 0 5 * * *").seconds).toEqual([0, 20, 40]);
});

test.each([
  ["* * * * *", true],
  ["0 * * * *", true],
  ["*/5 3 * * *", true],
  ["0 */2 * * *", true],
  ["7,*/30 3 * * *", true],
  ["0-59 3 * * *", false],
  ["0 0-23 * * *", false],
  ["0/5 3 * * *", false],
  ["* 0 3 * * *", false],
  ["30 2 * * *", false],
])("%s follows real time: %s", (expression, isRunning) => {
  expect(read(expression).isRunning).toBe(isRunning);
});

test.each([
  ["@yearly", "2027-01-01T00:00:00Z"],
  ["@annually", "2027-01-01T00:00:00Z"],
  ["@monthly", "2026-06-01T00:00:00Z"],
  ["@weekly", "2026-05-17T00:00:00Z"],
  ["@daily", "2026-05-15T00:00:00Z"],
  ["@midnight", "2026-05-15T00:00:00Z"],
  ["@hourly", "2026-05-14T11:00:00Z"],
])("%s", (expression, slot) => {
  expect(next(expression, "2026-05-14T10:30:00Z")).toBe(slot);
});

// 11 September 2010 was a Saturday; from Celery's tests.
test.each([
  ["* * * * *", "2010-09-11T14:30:15Z", "2010-09-11T14:31:00Z"],
  ["5,42 * * * *", "2010-09-11T14:30:15Z", "2010-09-11T14:42:00Z"],
  ["5,10,15 * * * *", "2010-09-11T14:30:15Z", "2010-09-11T15:05:00Z"],
  ["5,42 12,17 * * *", "2010-09-11T14:30:15Z", "2010-09-11T17:05:00Z"],
  ["5,42 12 * * *", "2010-09-11T14:30:15Z", "2010-09-12T12:05:00Z"],
  ["30 14 * * sat", "2010-09-11T14:30:15Z", "2010-09-18T14:30:00Z"],
  ["5,42 * * * mon-fri", "2010-09-11T14:30:15Z", "2010-09-13T00:05:00Z"],
  ["5,42 * 18 10 *", "2010-09-11T14:30:15Z", "2010-10-18T00:05:00Z"],
  // Celery wants both; here, as in Vixie's cron, either will do.
  ["5,42 * 18 * mon", "2010-01-18T23:50:00Z", "2010-01-25T00:05:00Z"],
  ["5,42 * 29 * sat", "2010-01-18T14:30:15Z", "2010-01-23T00:05:00Z"],
  ["0 0 13 * 5", "2026-11-10T00:00:00Z", "2026-11-13T00:00:00Z"],
  ["0 0 13 * 5", "2026-11-13T00:00:01Z", "2026-11-20T00:00:00Z"],
])("%s after %s is due at %s", (expression, after, slot) => {
  expect(next(expression, after)).toBe(slot);
});

test.each([
  ["0 9 * * *", "Europe/Paris", "2017-10-28T09:00:00Z", "2017-10-29T08:00:00Z"],
  ["0 0 27-31 * *", "America/Los_Angeles", "2023-01-28T23:00:00Z", "2023-01-29T08:00:00Z"],
  ["0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"],
])("%s in %s after %s is due at %s", (expression, zone, after, slot) => {
  expect(next(expression, after, zone)).toBe(slot);
});

/** The days of some months on which an expression is due at midnight. */
const days = (expression: string, from: string, to: string): string[] =>
  slotsOf(cron(expression), from, { to }).map((slot) => slot.slice(0, 10));

test("L is the last day, or the last such weekday, of the month", () => {
  expect(days("0 0 L * *", "2028-01-01T00:00:00Z", "2028-05-01T00:00:00Z")).toEqual([
    "2028-01-31",
    "2028-02-29",
    "2028-03-31",
    "2028-04-30",
  ]);
  expect(days("0 0 15,L 2 *", "2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z")).toEqual([
    "2027-02-15",
    "2027-02-28",
  ]);
  expect(days("0 0 * * 5L", "2026-11-01T00:00:00Z", "2027-01-01T00:00:00Z")).toEqual([
    "2026-11-27",
    "2026-12-25",
  ]);
  expect(days("0 0 * * mon,friL", "2026-11-20T00:00:00Z", "2026-12-02T00:00:00Z")).toEqual([
    "2026-11-23",
    "2026-11-27",
    "2026-11-30",
  ]);
});

test("# is the n-th such weekday of the month", () => {
  expect(days("0 0 * * mon#1", "2026-11-01T00:00:00Z", "2027-01-01T00:00:00Z")).toEqual([
    "2026-11-02",
    "2026-12-07",
  ]);
  expect(days("0 0 * * 7#5", "2026-11-01T00:00:00Z", "2027-02-01T00:00:00Z")).toEqual([
    "2026-11-29",
    "2027-01-31",
  ]);
});

test("W is the nearest weekday of the same month", () => {
  // In August 2026 the 1st is a Saturday, the 15th too, the 16th and the 30th are Sundays; in May 2026 the 31st is a Sunday.
  expect(days("0 0 15W 8 *", "2026-08-01T00:00:00Z", "2026-09-01T00:00:00Z")).toEqual(["2026-08-14"]);
  expect(days("0 0 16W 8 *", "2026-08-01T00:00:00Z", "2026-09-01T00:00:00Z")).toEqual(["2026-08-17"]);
  expect(days("0 0 1W 8 *", "2026-08-01T00:00:00Z", "2026-09-01T00:00:00Z")).toEqual(["2026-08-03"]);
  expect(days("0 0 31W 5 *", "2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z")).toEqual(["2026-05-29"]);
  expect(days("0 0 LW 5 *", "2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z")).toEqual(["2026-05-29"]);
  expect(days("0 0 31W * *", "2026-06-01T00:00:00Z", "2026-08-01T00:00:00Z")).toEqual(["2026-07-31"]);
  expect(days("0 0 4,15W 8 *", "2026-08-01T00:00:00Z", "2026-09-01T00:00:00Z")).toEqual([
    "2026-08-04",
    "2026-08-14",
  ]);
});

test("Sunday is 0, 7 and the end of a week", () => {
  const [from, to] = ["2026-11-01T00:00:00Z", "2026-11-16T00:00:00Z"];
  const sundays = ["2026-11-01", "2026-11-08", "2026-11-15"];
  for (const sunday of ["0", "7", "sun", "SUN", "0,7"]) {
    expect(days(`0 0 * * ${sunday}`, from, to)).toEqual(sundays);
  }
  for (const weekend of ["6-7", "sat-sun", "0,6"]) {
    expect(days(`0 0 * * ${weekend}`, from, to)).toEqual([
      "2026-11-01",
      "2026-11-07",
      "2026-11-08",
      "2026-11-14",
      "2026-11-15",
    ]);
  }
  expect(days("0 0 * * 1-7", from, "2026-11-08T00:00:00Z")).toHaveLength(7);
});
