import { expect, test } from "vitest";
import { calendar, cron, slotsOf } from "../../../test/support/slots.ts";

/** A day in UTC, or another stretch, in which clocks change, and the slots of it. */
type Row = readonly [expression: string, slots: readonly string[]];

/** The times on that date, or those with a date of their own. */
const on = (date: string, ...times: string[]): string[] =>
  times.map((time) => `${time.includes("T") ? time : `${date}T${time}`}:00Z`);

/** Reads a day of local time as the stretch of UTC that it is. */
function holds(zone: string, [from, to]: readonly [string, string], rows: readonly Row[]): void {
  test.each(rows.map(([expression, slots]) => ({ expression, slots })))(
    `${zone} from ${from}: $expression`,
    ({ expression, slots }) => {
      expect(slotsOf(cron(expression, zone), from, { to })).toEqual(slots);
    },
  );
}

// 14 March 2027: 2:00 EST becomes 3:00 EDT, at 7:00 UTC.
const spring = (...times: string[]): string[] => on("2027-03-14", ...times);
holds(
  "America/New_York",
  ["2027-03-14T05:00:00Z", "2027-03-15T04:00:00Z"],
  [
    ["30 2 * * *", spring("07:00")],
    ["0 2 * * *", spring("07:00")],
    ["0 3 * * *", spring("07:00")],
    ["0,15,30 2 * * *", spring("07:00")],
    ["0 2,3 * * *", spring("07:00")],
    ["15 30 2 * * *", spring("07:00")],
    ["* 30 2 * * *", spring("07:00")],
    ["30 1-3 * * *", spring("06:30", "07:00", "07:30")],
    ["*/30 1-3 * * *", spring("06:00", "06:30", "07:00", "07:30")],
    ["*/15 2 * * *", []],
    [
      "30 */2 * * *",
      spring("05:30", "08:30", "10:30", "12:30", "14:30", "16:30", "18:30", "20:30", "22:30").concat(
        spring("2027-03-15T00:30", "2027-03-15T02:30"),
      ),
    ],
    ["0 12 * * *", spring("16:00")],
  ],
);

// 1 November 2026: 2:00 EDT becomes 1:00 EST, at 6:00 UTC.
const autumn = (...times: string[]): string[] => on("2026-11-01", ...times);
holds(
  "America/New_York",
  ["2026-11-01T04:00:00Z", "2026-11-01T09:00:00Z"],
  [
    ["30 1 * * *", autumn("05:30")],
    ["0 1 * * *", autumn("05:00")],
    ["0 2 * * *", autumn("07:00")],
    ["0 * * * *", autumn("04:00", "05:00", "06:00", "07:00", "08:00")],
    ["*/30 1-3 * * *", autumn("05:00", "05:30", "06:00", "06:30", "07:00", "07:30", "08:00", "08:30")],
    ["0,30 1-3 * * *", autumn("05:00", "05:30", "07:00", "07:30", "08:00", "08:30")],
    ["*/20 1 * * *", autumn("05:00", "05:20", "05:40", "06:00", "06:20", "06:40")],
    ["*/40 59 1 * * *", ["2026-11-01T05:59:00Z", "2026-11-01T05:59:40Z"]],
    ["59 59 1 * * *", ["2026-11-01T05:59:59Z"]],
  ],
);

// 28 March 2027: 2:00 CET becomes 3:00 CEST; 31 October 2027: 3:00 CEST becomes 2:00 CET; both at 1:00 UTC.
holds(
  "Europe/Paris",
  ["2027-03-27T23:00:00Z", "2027-03-28T22:00:00Z"],
  [
    ["30 2 * * *", on("2027-03-28", "01:00")],
    ["0 9 * * *", on("2027-03-28", "07:00")],
    ["*/30 1-3 * * *", on("2027-03-28", "00:00", "00:30", "01:00", "01:30")],
  ],
);
holds(
  "Europe/Paris",
  ["2027-10-30T22:00:00Z", "2027-10-31T23:00:00Z"],
  [
    ["30 2 * * *", on("2027-10-31", "00:30")],
    ["0 9 * * *", on("2027-10-31", "08:00")],
    ["*/30 2 * * *", on("2027-10-31", "00:00", "00:30", "01:00", "01:30")],
  ],
);

// 4 October 2026: 2:00 becomes 2:30, at 15:30 UTC; 4 April 2027: 2:00 becomes 1:30, at 15:00 UTC.
holds(
  "Australia/Lord_Howe",
  ["2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z"],
  [
    ["15 2 * * *", on("2026-10-03", "15:30")],
    ["30 2 * * *", on("2026-10-03", "15:30")],
    ["45 2 * * *", on("2026-10-03", "15:45")],
    ["*/10 2 * * *", on("2026-10-03", "15:30", "15:40", "15:50")],
    ["0 */12 * * *", on("2026-10-03", "13:30", "2026-10-04T01:00")],
  ],
);
holds(
  "Australia/Lord_Howe",
  ["2027-04-03T14:00:00Z", "2027-04-03T17:00:00Z"],
  [
    ["45 1 * * *", on("2027-04-03", "14:45")],
    ["15 1 * * *", on("2027-04-03", "14:15")],
    ["45 * * * *", on("2027-04-03", "14:45", "15:15", "16:15")],
    ["0 2 * * *", on("2027-04-03", "15:30")],
  ],
);

// Ramadan 2026: 3:00 becomes 2:00 on 15 February, at 2:00 UTC; 2:00 becomes 3:00 on 22 March, at 2:00 UTC.
holds(
  "Africa/Casablanca",
  ["2026-02-15T00:00:00Z", "2026-02-15T05:00:00Z"],
  [
    ["30 2 * * *", on("2026-02-15", "01:30")],
    ["30 * * * *", on("2026-02-15", "00:30", "01:30", "02:30", "03:30", "04:30")],
    ["0 3 * * *", on("2026-02-15", "03:00")],
  ],
);
holds(
  "Africa/Casablanca",
  ["2026-03-22T00:00:00Z", "2026-03-22T05:00:00Z"],
  [
    ["30 2 * * *", on("2026-03-22", "02:00")],
    ["*/30 2-3 * * *", on("2026-03-22", "02:00", "02:30")],
  ],
);

// 30 December 2011 did not take place in Samoa.
holds(
  "Pacific/Apia",
  ["2011-12-29T20:00:00Z", "2012-01-01T10:00:00Z"],
  [
    [
      "0 12 * * *",
      ["2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z", "2011-12-31T22:00:00Z"],
    ],
    ["0 12 30 * *", ["2011-12-30T10:00:00Z"]],
    [
      "0 */12 * * *",
      [
        "2011-12-29T22:00:00Z",
        "2011-12-30T10:00:00Z",
        "2011-12-30T22:00:00Z",
        "2011-12-31T10:00:00Z",
        "2011-12-31T22:00:00Z",
      ],
    ],
  ],
);

holds(
  "Asia/Tokyo",
  ["2027-03-13T15:00:00Z", "2027-03-14T15:00:00Z"],
  [
    ["30 2 * * *", on("2027-03-13", "17:30")],
    ["0 */8 * * *", on("2027-03-13", "15:00", "23:00", "2027-03-14T07:00")],
  ],
);

// In 2000 this zone was an hour ahead of itself for a week: from 8 October, 4:00 UTC, to the 15th, 3:00 UTC.
holds(
  "America/Boa_Vista",
  ["2000-10-08T03:00:00Z", "2000-10-16T04:00:00Z"],
  [
    ["30 0 * * sun", ["2000-10-08T04:00:00Z", "2000-10-15T04:30:00Z"]],
    [
      "30 23 * * sat,sun",
      ["2000-10-08T03:30:00Z", "2000-10-09T02:30:00Z", "2000-10-15T02:30:00Z", "2000-10-16T03:30:00Z"],
    ],
  ],
);

// Until 1972 clocks in Liberia were 44 minutes and 30 seconds behind UTC.
holds(
  "Africa/Monrovia",
  ["1971-05-01T00:00:00Z", "1971-05-02T00:00:00Z"],
  [["0 12 * * *", ["1971-05-01T12:44:30Z"]]],
);

test("asked while clocks show an hour for the second time, its times are over, and those of wildcards are not", () => {
  const after = "2026-11-01T06:10:00Z";
  const next = (expression: string): string[] =>
    slotsOf(cron(expression, "America/New_York"), after, { count: 1 });
  expect(next("30 1 * * *")).toEqual(["2026-11-02T06:30:00Z"]);
  expect(next("0 1,2 * * *")).toEqual(["2026-11-01T07:00:00Z"]);
  expect(next("*/30 1 * * *")).toEqual(["2026-11-01T06:30:00Z"]);
});

test("a calendar keeps the same rules, an empty list being every", () => {
  const zone = "America/New_York";
  const day = { to: "2026-11-01T09:00:00Z" };
  const from = "2026-11-01T04:00:00Z";
  expect(slotsOf(calendar({ zone, hours: [1], minutes: [30] }), from, day)).toEqual(autumn("05:30"));
  expect(slotsOf(calendar({ zone, minutes: [30] }), from, day)).toEqual(
    autumn("04:30", "05:30", "06:30", "07:30", "08:30"),
  );
  expect(slotsOf(calendar({ zone, hours: [1], monthDays: [1] }), from, day)).toHaveLength(120);
  expect(
    slotsOf(calendar({ zone, hours: [2], minutes: [30] }), "2027-03-14T05:00:00Z", { count: 2 }),
  ).toEqual(spring("07:00", "2027-03-15T06:30"));
});

test.each([
  ["America/New_York", "2027-03-14T05:00:00Z"],
  ["Europe/Paris", "2027-10-30T22:00:00Z"],
  ["Australia/Lord_Howe", "2026-10-03T13:30:00Z"],
  ["Africa/Casablanca", "2026-03-22T00:00:00Z"],
  ["Asia/Tokyo", "2027-03-13T15:00:00Z"],
])("every five minutes is every five minutes on the day that clocks change in %s", (zone, from) => {
  const slots = slotsOf(cron("*/5 * * * *", zone), from, { count: 12 * 26 });
  const steps = slots.slice(1).map((slot, at) => Date.parse(slot) - Date.parse(slots[at] ?? ""));
  expect(new Set(steps)).toEqual(new Set([300_000]));
});
