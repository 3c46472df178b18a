import { expect, test } from "vitest";
import { createTestClock } from "./test-clock.ts";

test("it stands still until it is moved, and then runs each timer at its time, in order", async () => {
  const clock = createTestClock(new Date(1000));
  const seen: string[] = [];
  clock.after(20, () => seen.push(`b at ${clock.now()}`));
  clock.after(10, () => {
    seen.push(`a at ${clock.now()}`);
    clock.after(5, () => seen.push(`a's at ${clock.now()}`));
  });
  clock.after(20, () => seen.push(`c at ${clock.now()}`));
  const cancel = clock.after(15, () => seen.push("cancelled"));
  cancel();
  expect(clock.now()).toBe(1000);
  await clock.advance(19);
  expect(seen).toEqual(["a at 1010", "a's at 1015"]);
  await clock.advance(1);
  expect(seen.slice(2)).toEqual(["b at 1020", "c at 1020"]);
  expect(clock.date()).toEqual(new Date(1020));
});

/** Some turns of the event loop later. */
async function settle(run: () => void): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  run();
}

test("what a timer starts comes to rest before the next one runs", async () => {
  const clock = createTestClock();
  const seen: string[] = [];
  clock.after(1, () => {
    void settle(() => seen.push("first is done"));
  });
  clock.after(2, () => seen.push("second"));
  await clock.advance(2);
  expect(seen).toEqual(["first is done", "second"]);
});

test("it does not go backwards", async () => {
  await expect(createTestClock().advance(-1)).rejects.toThrow(RangeError);
  await expect(createTestClock().advance(Number.NaN)).rejects.toThrow(RangeError);
});

test("what keeps asking the time is given more of it, but not for ever", async () => {
  const clock = createTestClock();
  let asked = 0;
  let isOver = false;
  clock.after(1, () => {
    const ask = (): void => {
      asked += 1;
      clock.now();
      if (!isOver) setImmediate(ask);
    };
    ask();
  });
  await clock.advance(1);
  isOver = true;
  expect(asked).toBeGreaterThan(100);
});

test("a jump runs what was due meanwhile late, and once", async () => {
  const clock = createTestClock(new Date(0));
  const seen: number[] = [];
  const tick = (): void => {
    seen.push(clock.now());
    clock.after(1000, tick);
  };
  clock.after(1000, tick);
  await clock.jump(86_400_000);
  expect(seen).toEqual([86_400_000]);
  await clock.advance(1000);
  expect(seen).toEqual([86_400_000, 86_401_000]);
});
