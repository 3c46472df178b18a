import { expect, test } from "vitest";
import { calendar, cron, instant, isoOf, slotsOf } from "../../../test/support/slots.ts";
import { instantOf } from "../model/ids.ts";
import type { IntervalSpec, ScheduleSpec, SolarEvent, SolarSpec } from "../model/schedule.ts";
import { compile, firstSlot, nextAfter, occurrences } from "./beat.ts";

const everyMinute: IntervalSpec = {
  kind: "interval",
  everyMs: 60_000,
  anchor: instant("2026-11-26T12:00:07.250Z"),
};

test("an interval is counted from its anchor, in both directions, whenever it is asked", () => {
  expect(slotsOf(everyMinute, "2026-11-26T11:59:00Z", { count: 3 })).toEqual([
    "2026-11-26T11:59:07.250Z",
    "2026-11-26T12:00:07.250Z",
    "2026-11-26T12:01:07.250Z",
  ]);
  expect(nextAfter(everyMinute, everyMinute.anchor)).toBe(everyMinute.anchor + 60_000);
  expect(nextAfter(everyMinute, instantOf(everyMinute.anchor - 1))).toBe(everyMinute.anchor);
  expect(isoOf(nextAfter(everyMinute, instant("2031-01-01T00:00:59Z")) ?? instantOf(0))).toBe(
    "2031-01-01T00:01:07.250Z",
  );
});

test.each(["America/New_York", "Europe/Paris", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Tokyo"])(
  "a day of 24 hours is no day of %s when clocks change: the one is real time, the other follows the clocks",
  (zone) => {
    const anchor = instant("2026-01-01T00:00:00Z");
    const daily: ScheduleSpec = { kind: "interval", everyMs: 86_400_000, anchor };
    const year = { from: anchor, to: instant("2027-01-01T00:00:00Z"), limit: 1000 };
    const atNine = [...occurrences(compile(cron("0 9 * * *", zone)), year)];
    expect([...occurrences(compile(daily), year)].every((at) => at % 86_400_000 === 0)).toBe(true);
    expect(new Set(atNine.map((at) => at % 86_400_000)).size).toBe(zone === "Asia/Tokyo" ? 1 : 2);
    expect(atNine).toHaveLength(365);
  },
);

test("a clocked one is due once", () => {
  const at = instant("2026-11-26T12:00:00Z");
  const once = compile({ kind: "clocked", at });
  expect(once.nextAfter(instantOf(at - 1))).toBe(at);
  expect(once.nextAfter(at)).toBeUndefined();
});

test("a new schedule begins with the first slot that is not over; a clocked one with its own, though it may be", () => {
  const now = instant("2026-11-26T12:00:00Z");
  expect(firstSlot(cron("0 * * * *"), now)).toBe(now);
  expect(firstSlot(cron("0 * * * *"), instantOf(now + 1))).toBe(now + 3_600_000);
  expect(firstSlot({ kind: "interval", everyMs: 1000, anchor: instantOf(0), start: instantOf(0) }, now)).toBe(
    now,
  );
  expect(firstSlot({ ...cron("0 * * * *"), end: now }, now)).toBeUndefined();
  expect(firstSlot({ kind: "clocked", at: instantOf(now - 5) }, now)).toBe(now - 5);
});

test("start belongs to a schedule's time, end does not", () => {
  const hourly = cron("0 * * * *");
  const spec = { ...hourly, start: instant("2026-11-26T10:00:00Z"), end: instant("2026-11-26T12:00:00Z") };
  expect(slotsOf(spec, "2020-01-01T00:00:00Z", { count: 9 })).toEqual([
    "2026-11-26T10:00:00Z",
    "2026-11-26T11:00:00Z",
  ]);
  const minutes = {
    ...everyMinute,
    start: instant("2026-11-26T12:30:00Z"),
    end: instant("2026-11-26T12:32:07.250Z"),
  };
  expect(slotsOf(minutes, "2020-01-01T00:00:00Z", { count: 9 })).toEqual([
    "2026-11-26T12:30:07.250Z",
    "2026-11-26T12:31:07.250Z",
  ]);
});

test("a range has its beginning, not its end, and no more than was asked for", () => {
  const range = { from: "2026-11-26T10:00:00Z", to: "2026-11-26T10:03:00Z" };
  const all = ["2026-11-26T10:00:00Z", "2026-11-26T10:01:00Z", "2026-11-26T10:02:00Z"];
  expect(slotsOf(cron("* * * * *"), range.from, { to: range.to })).toEqual(all);
  expect(slotsOf(cron("* * * * *"), range.from, { count: 2 })).toEqual(all.slice(0, 2));
  expect(slotsOf(cron("* * * * *"), range.from, { count: 0 })).toEqual([]);
});

test("a calendar names its times by lists; both kinds of days together mean either", () => {
  expect(
    slotsOf(
      calendar({ months: [2], monthDays: [-1], hours: [6], minutes: [0, 30] }),
      "2027-01-01T00:00:00Z",
      {
        count: 3,
      },
    ),
  ).toEqual(["2027-02-28T06:00:00Z", "2027-02-28T06:30:00Z", "2028-02-29T06:00:00Z"]);
  expect(
    slotsOf(
      calendar({ weekdays: [7, 5], monthDays: [2], hours: [0], minutes: [0] }),
      "2026-11-01T00:00:00Z",
      {
        count: 4,
      },
    ),
  ).toEqual(["2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "2026-11-06T00:00:00Z", "2026-11-08T00:00:00Z"]);
  expect(slotsOf(calendar({}), "2026-11-01T00:00:30Z", { count: 1 })).toEqual(["2026-11-01T00:01:00Z"]);
});

test("an expression that nobody checked is not compiled", () => {
  expect(() => compile(cron("0 0 * *"))).toThrow("it has 4 fields");
});

const sun = (event: SolarEvent, fields: Partial<SolarSpec> = {}): SolarSpec => ({
  kind: "solar",
  event,
  latitude: 40.7128,
  longitude: -74.006,
  offsetMs: 0,
  ...fields,
});

// From almanacs, which give minutes: New York, London, Tokyo and Sydney.
const london = { latitude: 51.5074, longitude: -0.1278 };
const tokyo = { latitude: 35.6762, longitude: 139.6503 };
const sydney = { latitude: -33.8688, longitude: 151.2093 };
test.each([
  [sun("sunrise"), "2026-06-21T05:00:00Z", "2026-06-21T09:25:00Z"],
  [sun("sunset"), "2026-06-21T12:00:00Z", "2026-06-22T00:31:00Z"],
  [sun("sunrise"), "2026-12-21T05:00:00Z", "2026-12-21T12:17:00Z"],
  [sun("sunset"), "2026-12-21T12:00:00Z", "2026-12-21T21:32:00Z"],
  [sun("sunrise", london), "2026-06-21T00:00:00Z", "2026-06-21T03:43:00Z"],
  [sun("sunset", london), "2026-12-21T00:00:00Z", "2026-12-21T15:53:00Z"],
  [sun("solar_noon", london), "2026-11-03T00:00:00Z", "2026-11-03T11:44:00Z"],
  [sun("sunrise", tokyo), "2026-01-01T00:00:00+09:00", "2026-01-01T06:51:00+09:00"],
  [sun("sunset", sydney), "2026-12-21T00:00:00+11:00", "2026-12-21T20:05:00+11:00"],
])("$event at $latitude, $longitude is due within two minutes of the almanac", (spec, after, almanac) => {
  const found = nextAfter(spec, instant(after)) ?? 0;
  expect(Math.abs(found - instant(almanac))).toBeLessThanOrEqual(120_000);
});

test("what the sun does in a day comes in its order, to the second", () => {
  const after = instant("2026-03-20T05:00:00Z");
  const order = [
    "astronomical_dawn",
    "nautical_dawn",
    "dawn",
    "sunrise",
    "solar_noon",
    "sunset",
    "dusk",
    "nautical_dusk",
    "astronomical_dusk",
  ] as const;
  expect(order.map((event) => isoOf(nextAfter(sun(event), after) ?? instantOf(0)))).toEqual([
    "2026-03-20T09:27:36Z",
    "2026-03-20T10:00:06Z",
    "2026-03-20T10:32:02Z",
    "2026-03-20T10:59:18Z",
    "2026-03-20T17:03:25Z",
    "2026-03-20T23:08:13Z",
    "2026-03-20T23:35:34Z",
    "2026-03-21T00:07:34Z",
    "2026-03-21T00:40:11Z",
  ]);
});

test("an offset moves what is due, and nothing is due twice for it", () => {
  const plain = slotsOf(sun("sunrise"), "2026-03-01T00:00:00Z", { count: 40 });
  for (const hours of [-24, -3, 3, 24]) {
    const offsetMs = hours * 3_600_000;
    const from = isoOf(instantOf(instant("2026-03-01T00:00:00Z") + offsetMs));
    const moved = slotsOf(sun("sunrise", { offsetMs }), from, { count: 40 });
    expect(moved.map((slot) => isoOf(instantOf(instant(slot) - offsetMs)))).toEqual(plain);
  }
});

test.each([
  [78.2232, 15.6267],
  [-77.85, 166.67],
  [66.56, 25],
  [69.65, 18.96],
  [65.7, -180],
  [65.7, 180],
  [0, 179.9],
])("at %s, %s every event comes once a day or not at all, over three years", (latitude, longitude) => {
  for (const event of ["astronomical_dawn", "dawn", "sunrise", "solar_noon", "sunset", "dusk"] as const) {
    const slots = slotsOf(sun(event, { latitude, longitude }), "2026-01-01T00:00:00Z", {
      to: "2029-01-01T00:00:00Z",
    });
    const days = slots.slice(1).map((slot, at) => (instant(slot) - instant(slots[at] ?? "")) / 86_400_000);
    expect(slots.length).toBeGreaterThan(300);
    // Near the edge of a polar day the sun rises up to an hour earlier than the day before, never twice.
    expect(days.every((day) => day > 0.9)).toBe(true);
  }
});

test("days on which the sun does not rise are passed over", () => {
  const longyearbyen = { latitude: 78.2232, longitude: 15.6267 };
  const slot = nextAfter(sun("sunrise", longyearbyen), instant("2026-11-26T00:00:00Z"));
  expect(isoOf(slot ?? instantOf(0))).toMatch(/^2027-02-1/);
});

/** Seconds of the processor that something takes: the machine may be busy with something else. */
function cpuSeconds(run: () => void): number {
  const before = process.cpuUsage();
  run();
  return process.cpuUsage(before).user / 1e6;
}

test("a year of every five minutes is walked in well under a second", () => {
  const slots = compile(cron("*/5 * * * *", "America/New_York"));
  const range = {
    from: instant("2026-01-01T05:00:00Z"),
    to: instant("2027-01-01T05:00:00Z"),
    limit: 1_000_000,
  };
  let count = 0;
  expect(cpuSeconds(() => (count = occurrences(slots, range).reduce((sum) => sum + 1, 0)))).toBeLessThan(0.7);
  expect(count).toBe(365 * 288);
});

test("fifty thousand common expressions a second are compiled and asked", () => {
  const common = [
    "*/5 * * * *",
    "0 * * * *",
    "0 3 * * *",
    "30 2 * * 1",
    "0 0 1 * *",
    "0 9-17 * * mon-fri",
    "@daily",
  ];
  const now = instant("2026-11-26T12:00:00Z");
  const ask = (times: number): void => {
    for (let each = 0; each < times; each++) {
      nextAfter(cron(common[each % common.length] ?? "", "Europe/Paris"), instantOf(now + each * 60_000));
    }
  };
  ask(1000);
  expect(cpuSeconds(() => ask(20_000))).toBeLessThan(0.4);
});
