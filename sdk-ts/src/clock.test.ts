import { expect, test, vi } from "vitest";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { createSystemClock, pause } from "./clock.ts";

test("a pause ends when its time is over", async () => {
  const clock = createManualClock();
  const ended = vi.fn();
  void pause(clock, 500).then(ended);
  await clock.advance(499);
  expect(ended).not.toHaveBeenCalled();
  await clock.advance(1);
  expect(ended).toHaveBeenCalledOnce();
});

test("a pause ends at once when its signal aborts, and leaves no timer", async () => {
  const clock = createManualClock();
  const controller = new AbortController();
  const paused = pause(clock, 60_000, controller.signal);
  controller.abort();
  await paused;
  expect(clock.timerCount).toBe(0);
  await pause(clock, 60_000, controller.signal);
  expect(clock.timerCount).toBe(0);
});

test("a timer longer than Node can set does not fire at once", async () => {
  vi.useFakeTimers();
  try {
    const run = vi.fn();
    const cancel = createSystemClock().after(2 ** 31 + 1000, run);
    await vi.advanceTimersByTimeAsync(2 ** 31 - 1);
    expect(run).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1001);
    expect(run).toHaveBeenCalledOnce();
    cancel();
    const cancelled = vi.fn();
    createSystemClock().after(10, cancelled)();
    await vi.advanceTimersByTimeAsync(10);
    expect(cancelled).not.toHaveBeenCalled();
  } finally {
    vi.useRealTimers();
  }
});
