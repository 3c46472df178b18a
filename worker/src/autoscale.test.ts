import { expect, test } from "vitest";
import { createManualClock, rest } from "../../test/support/manual-clock.ts";
import { createRecordingLog } from "../../test/support/recording-log.ts";
import { Autoscaler, type ScaleState, scaled, scaleRuleOf } from "./autoscale.ts";

const rule = scaleRuleOf({ min: 2, max: 8 }, 10);
const never = Number.NEGATIVE_INFINITY;
const state = (slots: number, more: Partial<ScaleState> = {}): ScaleState => ({
  ...{ slots, idleSince: undefined, upAt: never, downAt: never },
  ...more,
});

test("the defaults are one slot at a time, a ready task for each, 30 s of idleness, every 2 s", () => {
  expect(scaleRuleOf({}, 10)).toEqual({
    ...{ min: 1, max: 10, upStep: 1, downStep: 1, backlogPerSlot: 1 },
    ...{ idleMs: 30_000, tickMs: 2000, upCooldownMs: 5000, downCooldownMs: 10_000 },
  });
});

test.each([
  ["max", { max: 11 }],
  ["min", { min: 0 }],
  ["min", { min: 5, max: 4 }],
  ["upStep", { upStep: 0 }],
  ["downStep", { downStep: 1.5 }],
  ["backlogPerSlot", { backlogPerSlot: 0 }],
  ["tickMs", { tickMs: 99 }],
  ["idleMs", { idleMs: -1 }],
  ["upCooldownMs", { upCooldownMs: Number.NaN }],
])("a wrong %s is refused by its name", (option, options) => {
  expect(() => scaleRuleOf(options, 10)).toThrow(new RegExp(`^autoscale\\.${option} must be`));
});

test("slots come when enough is ready for each, never beyond the most, and not before the cooldown is over", () => {
  const view = { backlog: 4, running: 4, now: 10_000 };
  expect(scaled(state(4), view, rule).slots).toBe(5);
  expect(scaled(state(5), view, rule).slots).toBe(5);
  expect(scaled(state(8), { ...view, backlog: 1000 }, rule).slots).toBe(8);
  expect(scaled(state(4, { upAt: 5001 }), view, rule).slots).toBe(4);
  expect(scaled(state(4, { upAt: 5000 }), view, rule)).toMatchObject({ slots: 5, upAt: 10_000 });
  expect(scaled(state(6), { ...view, backlog: 100 }, scaleRuleOf({ upStep: 7 }, 10)).slots).toBe(10);
});

test("slots go when nothing was ready or running for long enough, never below the fewest, with a cooldown", () => {
  const idle = { backlog: 0, running: 0, now: 100_000 };
  expect(scaled(state(4), idle, rule)).toMatchObject({ slots: 4, idleSince: 100_000 });
  expect(scaled(state(4, { idleSince: 70_001 }), idle, rule).slots).toBe(4);
  expect(scaled(state(4, { idleSince: 70_000 }), idle, rule)).toMatchObject({ slots: 3, downAt: 100_000 });
  expect(scaled(state(4, { idleSince: 70_000, downAt: 90_001 }), idle, rule).slots).toBe(4);
  expect(scaled(state(2, { idleSince: 0 }), idle, rule).slots).toBe(2);
});

test("a handler that runs, or a task that is ready, ends idleness", () => {
  const before = state(4, { idleSince: 0 });
  expect(scaled(before, { backlog: 0, running: 1, now: 100_000 }, rule)).toMatchObject({
    slots: 4,
    idleSince: undefined,
  });
  expect(scaled(before, { backlog: 1, running: 0, now: 100_000 }, rule)).toMatchObject({
    slots: 4,
    idleSince: undefined,
  });
});

test("it begins with the most, looks every tick, and waits while nobody can say what is ready", async () => {
  const clock = createManualClock(0);
  const log = createRecordingLog();
  const sizes: number[] = [];
  let backlog: () => Promise<number> = () => Promise.resolve(0);
  const autoscaler = new Autoscaler({
    ...{ rule: scaleRuleOf({ idleMs: 4000, downCooldownMs: 2000, upCooldownMs: 0 }, 3), clock, log },
    backlog: () => backlog(),
    running: () => 0,
    resize: (slots) => void sizes.push(slots),
  });
  autoscaler.start();
  const tick = async () => {
    await clock.advance(2000);
    await rest();
  };
  await tick();
  await tick();
  await tick();
  expect(sizes).toEqual([2]);
  await tick();
  expect(sizes).toEqual([2, 1]);
  backlog = () => Promise.resolve(5);
  await tick();
  expect(sizes).toEqual([2, 1, 2]);
  const answer = Promise.withResolvers<number>();
  backlog = () => answer.promise;
  for (let ticks = 0; ticks < 5; ticks += 1) await tick();
  expect(sizes).toEqual([2, 1, 2]);
  answer.resolve(5);
  await rest();
  expect(sizes).toEqual([2, 1, 2, 3]);
  autoscaler.close();
  expect(clock.timerCount).toBe(0);
});
