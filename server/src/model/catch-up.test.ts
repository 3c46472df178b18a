import { expect, test } from "vitest";
import { cron, instant, isoOf } from "../../../test/support/slots.ts";
import { compile } from "../beat/beat.ts";
import { type CatchUp, type DueSlots, dueSlots } from "./catch-up.ts";
import { type Instant, instantOf, plus } from "./ids.ts";
import type { ScheduleSpec, Slots } from "./schedule.ts";

const hourly = compile(cron("0 * * * *"));
const slot = instant("2026-11-26T10:00:00Z");

/** The decision, as people read it. */
function readable({ fire, skipped, next }: DueSlots): object {
  return {
    fire: fire.map(isoOf),
    skipped: skipped.map(({ reason, from, until }) => `${reason} ${isoOf(from)} ${isoOf(until)}`),
    next: next && isoOf(next),
  };
}

const decide = (catchUp: CatchUp, now: string, slots: Slots = hourly): object =>
  readable(dueSlots({ slots, slot, catchUp }, instant(now)));

const none: CatchUp = { kind: "none", graceMs: 60_000 };
const one: CatchUp = { kind: "one" };
const all: CatchUp = { kind: "all", max: 3, horizonMs: 5 * 3_600_000 };

test.each([none, one, all])("before its slot nothing happens, and at it the slot fires: $kind", (catchUp) => {
  expect(decide(catchUp, "2026-11-26T09:59:59.999Z")).toEqual({
    fire: [],
    skipped: [],
    next: "2026-11-26T10:00:00Z",
  });
  expect(decide(catchUp, "2026-11-26T10:00:00Z")).toEqual({
    fire: ["2026-11-26T10:00:00Z"],
    skipped: [],
    next: "2026-11-26T11:00:00Z",
  });
});

test("none: a slot fires within the grace, and not after it", () => {
  expect(decide(none, "2026-11-26T10:01:00Z")).toMatchObject({ fire: ["2026-11-26T10:00:00Z"], skipped: [] });
  expect(decide(none, "2026-11-26T10:01:00.001Z")).toEqual({
    fire: [],
    skipped: ["late 2026-11-26T10:00:00Z 2026-11-26T10:01:00.002Z"],
    next: "2026-11-26T11:00:00Z",
  });
  expect(decide(none, "2026-11-26T14:00:30Z")).toEqual({
    fire: ["2026-11-26T14:00:00Z"],
    skipped: ["superseded 2026-11-26T10:00:00Z 2026-11-26T14:00:00Z"],
    next: "2026-11-26T15:00:00Z",
  });
});

test("one: the newest of those that went by fires, however late", () => {
  expect(decide(one, "2026-11-26T14:59:59Z")).toEqual({
    fire: ["2026-11-26T14:00:00Z"],
    skipped: ["superseded 2026-11-26T10:00:00Z 2026-11-26T14:00:00Z"],
    next: "2026-11-26T15:00:00Z",
  });
});

test("all: each fires, oldest first", () => {
  expect(decide(all, "2026-11-26T12:30:00Z")).toEqual({
    fire: ["2026-11-26T10:00:00Z", "2026-11-26T11:00:00Z", "2026-11-26T12:00:00Z"],
    skipped: [],
    next: "2026-11-26T13:00:00Z",
  });
});

test("all: of more than the bound the newest fire", () => {
  expect(decide(all, "2026-11-26T14:30:00Z")).toEqual({
    fire: ["2026-11-26T12:00:00Z", "2026-11-26T13:00:00Z", "2026-11-26T14:00:00Z"],
    skipped: ["beyond_max 2026-11-26T10:00:00Z 2026-11-26T12:00:00Z"],
    next: "2026-11-26T15:00:00Z",
  });
});

test("all: those beyond the horizon do not fire, and the horizon itself is within", () => {
  expect(decide({ ...all, max: 100 }, "2026-11-26T20:00:00Z")).toEqual({
    fire: ["15", "16", "17", "18", "19", "20"].map((hour) => `2026-11-26T${hour}:00:00Z`),
    skipped: ["beyond_horizon 2026-11-26T10:00:00Z 2026-11-26T15:00:00Z"],
    next: "2026-11-26T21:00:00Z",
  });
  expect(decide(all, "2026-11-27T20:30:00Z")).toEqual({
    fire: ["2026-11-27T18:00:00Z", "2026-11-27T19:00:00Z", "2026-11-27T20:00:00Z"],
    skipped: [
      "beyond_horizon 2026-11-26T10:00:00Z 2026-11-27T16:00:00Z",
      "beyond_max 2026-11-27T16:00:00Z 2026-11-27T18:00:00Z",
    ],
    next: "2026-11-27T21:00:00Z",
  });
  const short: CatchUp = { ...all, horizonMs: 60_000 };
  expect(decide(short, "2026-11-26T10:30:00Z")).toEqual({
    fire: [],
    skipped: ["beyond_horizon 2026-11-26T10:00:00Z 2026-11-26T10:30:00.001Z"],
    next: "2026-11-26T11:00:00Z",
  });
  expect(decide({ ...all, max: 0 }, "2026-11-26T10:30:00Z")).toMatchObject({ fire: [] });
});

test.each([none, one, all])(
  "a stored slot fires although the spec does not know it any more: $kind",
  (catchUp) => {
    const other = compile(cron("30 * * * *"));
    expect(decide(catchUp, "2026-11-26T10:00:30Z", other)).toEqual({
      fire: ["2026-11-26T10:00:00Z"],
      skipped: [],
      next: "2026-11-26T10:30:00Z",
    });
    expect(decide({ ...all, max: 2 }, "2026-11-26T11:00:30Z", other)).toMatchObject({
      fire: ["2026-11-26T10:00:00Z", "2026-11-26T10:30:00Z"],
    });
    expect(decide({ ...all, max: 1 }, "2026-11-26T11:00:30Z", other)).toMatchObject({
      fire: ["2026-11-26T10:30:00Z"],
      skipped: ["beyond_max 2026-11-26T10:00:00Z 2026-11-26T10:30:00Z"],
    });
  },
);

test.each([none, one, all])("the last slot leaves none behind: $kind", (catchUp) => {
  const once = compile({ kind: "clocked", at: slot });
  expect(decide(catchUp, "2026-11-26T10:00:00Z", once)).toEqual({
    fire: ["2026-11-26T10:00:00Z"],
    skipped: [],
    next: undefined,
  });
});

/** A schedule that is looked at, at one time after the other; all that it fires. */
function fired(slots: Slots, catchUp: CatchUp, times: readonly Instant[]): Instant[] {
  let next: Instant | undefined = slot;
  const all: Instant[] = [];
  for (const now of times) {
    if (next === undefined) break;
    const due = dueSlots({ slots, slot: next, catchUp }, now);
    all.push(...due.fire);
    next = due.next;
  }
  return all;
}

test.each<CatchUp>([{ ...none, graceMs: 900_000 }, one, all])(
  "a clock that jumps back and forth fires no slot twice: $kind",
  (catchUp) => {
    let now = slot;
    const times = Array.from({ length: 2000 }, (_, at) => {
      now = plus(now, at % 7 === 3 ? -3_600_000 * (at % 5) : 1_700_000);
      return now;
    });
    const slots = fired(hourly, catchUp, times);
    expect(slots.length).toBeGreaterThan(50);
    expect(slots).toEqual([...new Set(slots)].sort((a, b) => a - b));
  },
);

test.each([none, one, all])("looked at in time, every slot fires exactly once: $kind", (catchUp) => {
  const times = Array.from({ length: 24 * 60 }, (_, at) => plus(slot, at * 60_000));
  expect(fired(hourly, catchUp, times)).toHaveLength(24);
});

test("a clock that jumps ahead by a year fires no more than the bound, and asks for few slots", () => {
  const specs: ScheduleSpec[] = [
    { kind: "interval", everyMs: 1000, anchor: instantOf(0) },
    cron("* * * * * *", "America/New_York"),
    cron("*/5 * * * *"),
  ];
  for (const spec of specs) {
    const counted = countingSlots(compile(spec));
    const now = plus(slot, 365 * 86_400_000);
    const some = dueSlots({ slots: counted, slot, catchUp: { kind: "all", max: 100, horizonMs: 1e12 } }, now);
    expect(some.fire).toHaveLength(100);
    expect(some.fire.at(-1)).toBe(now);
    expect(dueSlots({ slots: counted, slot, catchUp: one }, now).fire).toEqual([now]);
    expect(counted.asked()).toBeLessThan(6000);
  }
});

test("an interval of a second whose first slot is from 1970 is decided upon at once", () => {
  const counted = countingSlots(compile({ kind: "interval", everyMs: 1000, anchor: instantOf(0) }));
  const now = instantOf(slot + 500);
  const first = instantOf(0);
  const due = dueSlots(
    { slots: counted, slot: first, catchUp: { kind: "all", max: 10, horizonMs: 60_000 } },
    now,
  );
  expect(due.fire).toEqual(Array.from({ length: 10 }, (_, at) => slot - (9 - at) * 1000));
  expect(due.next).toBe(slot + 1000);
  expect(dueSlots({ slots: counted, slot: first, catchUp: none }, now).fire).toEqual([slot]);
  expect(counted.asked()).toBeLessThan(500);
});

/** Slots that count how often they are asked. */
function countingSlots(slots: Slots): Slots & { asked(): number } {
  let count = 0;
  return {
    asked: () => count,
    nextAfter(after) {
      count += 1;
      return slots.nextAfter(after);
    },
  };
}
