import { expect, test } from "vitest";
import { type Instant, instantOf, scheduleIdOf } from "./ids.ts";
import { jitterOf } from "./slot-jitter.ts";

const nightly = scheduleIdOf("nightly");
const slot = instantOf(1_795_694_400_000);
const slots: Instant[] = Array.from({ length: 10_000 }, (_, at) => instantOf(slot + at * 60_000));

test("it is what it was: other servers, and this one tomorrow, must agree", () => {
  expect([jitterOf(nightly, slot, 60_000), jitterOf(nightly, slot, 600_000)]).toEqual([51_858, 518_580]);
  expect(jitterOf(scheduleIdOf("nächtlich"), slot, 60_000)).toBe(7609);
});

test("it is a whole number from 0 to its bound, and both are reached", () => {
  expect(new Set(slots.map((at) => jitterOf(nightly, at, 3)))).toEqual(new Set([0, 1, 2, 3]));
  expect(slots.every((at) => jitterOf(nightly, at, 0) === 0)).toBe(true);
});

test("slots of one schedule, and schedules of one slot, are spread evenly", () => {
  const spread = (values: readonly number[]): number[] =>
    [0, 1, 2, 3].map((part) => values.filter((value) => Math.floor(value / 250) === part).length);
  const bySlot = slots.map((at) => jitterOf(nightly, at, 999));
  const bySchedule = slots.map((_, at) => jitterOf(scheduleIdOf(`schedule-${at}`), slot, 999));
  // A quarter of ten thousand is 2500; six standard deviations are 260.
  for (const count of [...spread(bySlot), ...spread(bySchedule)])
    expect(Math.abs(count - 2500)).toBeLessThan(260);
});
