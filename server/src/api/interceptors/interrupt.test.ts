import { expect, test } from "vitest";
import { StemProblem } from "../../model/problem.ts";
import { createInterrupt, interruptible } from "./interrupt.ts";

const problem = new StemProblem({ reason: "DRAINING" });
const never = new AbortController().signal;

test("work that ends first is the answer", async () => {
  const interrupt = createInterrupt(never);
  expect(await interrupt.race(Promise.resolve(1))).toBe(1);
  await expect(interrupt.race(Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(interrupt.signal.aborted).toBe(false);
});

test("an interrupt ends work that hangs, and aborts its signal", async () => {
  const interrupt = createInterrupt(never);
  const work = interrupt.race(new Promise(() => undefined));
  interrupt.fire(problem);
  interrupt.fire(new StemProblem({ reason: "STORE_FULL" }));
  await expect(work).rejects.toBe(problem);
  expect(interrupt.signal.reason).toBe(problem);
});

test("work that begins after the interrupt ends at once", async () => {
  const interrupt = createInterrupt(never);
  interrupt.fire(problem);
  await expect(interrupt.race(new Promise(() => undefined))).rejects.toBe(problem);
});

test("a caller that is gone aborts the signal, and the work is left to notice it", async () => {
  const gone = new AbortController();
  const interrupt = createInterrupt(gone.signal);
  const work = interrupt.race(
    new Promise((resolve) => interrupt.signal.addEventListener("abort", () => resolve("noticed"))),
  );
  gone.abort();
  expect(await work).toBe("noticed");
});

test("an interrupted stream tells what came before, throws, and lets its source clean up", async () => {
  const interrupt = createInterrupt(never);
  let wasReturned = false;
  const source: AsyncIterable<number> = {
    [Symbol.asyncIterator]() {
      let next = 0;
      return {
        next: () =>
          next < 2 ? Promise.resolve({ value: ++next, done: false }) : new Promise(() => undefined),
        async return() {
          wasReturned = true;
          throw new Error("even this");
        },
      };
    },
  };
  const seen: number[] = [];
  const read = async () => {
    for await (const item of interruptible(source, interrupt)) {
      seen.push(item);
      if (item === 2) setImmediate(() => interrupt.fire(problem));
    }
  };
  await expect(read()).rejects.toBe(problem);
  expect(seen).toEqual([1, 2]);
  expect(wasReturned).toBe(true);
});
