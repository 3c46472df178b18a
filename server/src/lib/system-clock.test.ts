import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createSystemClock } from "./system-clock.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"], now: 1_800_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

test("time is wall time at the start, and goes on by the monotonic clock when the wall clock jumps", () => {
  const clock = createSystemClock();
  expect(clock.now()).toBe(1_800_000_000_000);
  vi.setSystemTime(1_700_000_000_000);
  vi.advanceTimersByTime(1500);
  expect(clock.now()).toBe(1_800_000_001_500);
});

test("a timer longer than Node can hold fires at its time, and only then", () => {
  const clock = createSystemClock();
  const run = vi.fn();
  const days30 = 30 * 86_400_000;
  clock.after(days30, run);
  vi.advanceTimersByTime(days30 - 1);
  expect(run).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(run).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(days30);
  expect(run).toHaveBeenCalledOnce();
});

test("a timer without end never fires", () => {
  const run = vi.fn();
  createSystemClock().after(Number.POSITIVE_INFINITY, run);
  vi.advanceTimersByTime(100 * 3_600_000);
  expect(run).not.toHaveBeenCalled();
});

test("a cancelled timer never fires, also after some of its steps, and may be cancelled again", () => {
  const clock = createSystemClock();
  const run = vi.fn();
  const cancel = clock.after(10 * 3_600_000, run);
  vi.advanceTimersByTime(5 * 3_600_000);
  cancel();
  cancel();
  vi.advanceTimersByTime(10 * 3_600_000);
  expect(run).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test("a timer that Node fires early waits for the rest", () => {
  const clock = createSystemClock();
  const run = vi.fn();
  clock.after(100.5, run);
  vi.advanceTimersByTime(100);
  expect(run).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(run).toHaveBeenCalledOnce();
});
