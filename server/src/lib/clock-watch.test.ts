import { expect, onTestFinished, test } from "vitest";
import { createManualClock } from "../../../test/support/manual-clock.ts";
import { createRecordingLog } from "../../../test/support/recording-log.ts";
import { watchClock } from "./clock-watch.ts";

/** A clock beside a wall clock, and what is said of them. */
function watched() {
  const clock = createManualClock();
  const log = createRecordingLog();
  let ahead = 0;
  const watch = watchClock({ clock: { ...clock, now: clock.now, wall: () => clock.now() + ahead }, log });
  onTestFinished(() => watch.stop());
  return {
    ...{ clock, watch, log },
    putForward(ms: number): void {
      ahead += ms;
    },
  };
}

test("a wall clock that goes on as ours does, but for what clocks differ by, says nothing", async () => {
  const { clock, watch, log, putForward } = watched();
  for (let seconds = 0; seconds < 60; seconds += 1) {
    putForward(seconds % 2 === 0 ? 900 : -900);
    await clock.advance(1000);
  }
  expect(log.lines).toEqual([]);
  expect(watch.status()).toEqual({ jumps: 0, last: undefined, aheadMs: 0 });
});

test("each jump is told once, counted, and shown with how far the clocks are apart", async () => {
  const { clock, watch, log, putForward } = watched();
  putForward(3_600_000);
  await clock.advance(2000);
  putForward(-1001);
  await clock.advance(1000);
  expect(log.lines).toMatchObject([
    { level: "warn", facts: { byMs: 3_600_000, aheadMs: 3_600_000 } },
    { level: "warn", facts: { byMs: -1001, aheadMs: 3_598_999 } },
  ]);
  expect(watch.status()).toEqual({ jumps: 2, last: { at: clock.now(), byMs: -1001 }, aheadMs: 3_598_999 });
});

test("where there is no wall clock, none jumps", async () => {
  const [clock, log] = [createManualClock(), createRecordingLog()];
  const watch = watchClock({ clock, log });
  await clock.jump(3_600_000);
  expect(watch.status()).toEqual({ jumps: 0, last: undefined, aheadMs: 0 });
  await watch.stop();
  expect(clock.timerCount).toBe(0);
});
