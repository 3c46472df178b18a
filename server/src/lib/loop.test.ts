import { expect, test } from "vitest";
import { createManualClock } from "../../../test/support/manual-clock.ts";
import { createRecordingLog } from "../../../test/support/recording-log.ts";
import { createLoop } from "./loop.ts";

/** A loop that notes when its rounds began, and takes each one's delay from `delays`. */
function aLoop(delays: (number | Error)[]) {
  const clock = createManualClock(0);
  const log = createRecordingLog();
  const rounds: number[] = [];
  const loop = createLoop(
    { clock, log },
    {
      name: "test",
      runOnce: async () => {
        rounds.push(clock.now());
        const delay = delays.shift() ?? 1000;
        if (delay instanceof Error) throw delay;
        return delay;
      },
    },
  );
  return { clock, log, rounds, loop };
}

test("a loop runs at once, then after the delay that each round asks for", async () => {
  const { clock, rounds, loop } = aLoop([10, 500, 0, 100]);
  loop.start();
  loop.start();
  await clock.advance(700);
  expect(rounds).toEqual([0, 10, 510, 510, 610]);
  await loop.stop();
});

test("a round that fails is logged and tried again, and never ends the loop", async () => {
  const { clock, log, rounds, loop } = aLoop([new Error("the store is gone"), 10]);
  loop.start();
  await clock.advance(1010);
  expect(rounds).toEqual([0, 1000, 1010]);
  expect(log.lines).toMatchObject([{ level: "error", facts: { loop: "test" } }]);
  await loop.stop();
});

test("a stopped loop leaves no timer, and cannot be started again", async () => {
  const { clock, rounds, loop } = aLoop([]);
  loop.start();
  await clock.advance(0);
  await loop.stop();
  await loop.stop();
  expect(clock.timerCount).toBe(0);
  loop.start();
  loop.hurry(0);
  await clock.advance(5000);
  expect(rounds).toEqual([0]);
});

test("a loop that is stopped before it was started never runs", async () => {
  const { clock, rounds, loop } = aLoop([]);
  await loop.stop();
  loop.start();
  await clock.advance(5000);
  expect(rounds).toEqual([]);
});

test("stopping waits for the round under way", async () => {
  const clock = createManualClock(0);
  const round = Promise.withResolvers<number>();
  const loop = createLoop(
    { clock, log: createRecordingLog() },
    { name: "test", runOnce: () => round.promise },
  );
  loop.start();
  await clock.advance(0);
  let isStopped = false;
  const stopping = loop.stop().then(() => {
    isStopped = true;
  });
  await clock.advance(0);
  expect(isStopped).toBe(false);
  round.resolve(0);
  await stopping;
  await clock.advance(10);
  expect(clock.timerCount).toBe(0);
});

test("a hurried loop comes sooner, never later", async () => {
  const { clock, rounds, loop } = aLoop([]);
  loop.start();
  await clock.advance(100);
  loop.hurry(50);
  loop.hurry(300);
  await clock.advance(49);
  expect(rounds).toEqual([0]);
  await clock.advance(1);
  expect(rounds).toEqual([0, 150]);
  loop.hurry(5000);
  await clock.advance(1000);
  expect(rounds).toEqual([0, 150, 1150]);
  await loop.stop();
});

test("a loop that is hurried in the middle of a round comes again soon after it", async () => {
  const clock = createManualClock(0);
  const first = Promise.withResolvers<number>();
  const rounds: number[] = [];
  const runOnce = (): Promise<number> => {
    rounds.push(clock.now());
    return rounds.length === 1 ? first.promise : Promise.resolve(1000);
  };
  const loop = createLoop({ clock, log: createRecordingLog() }, { name: "test", runOnce });
  loop.start();
  await clock.advance(10);
  loop.hurry(20);
  first.resolve(1000);
  await clock.advance(25);
  expect(rounds).toEqual([0, 30]);
  await loop.stop();
});
