import { expect, test } from "vitest";
import { createManualClock, rest } from "../../test/support/manual-clock.ts";
import { type BatchHandler, Gathering } from "./batch-items.ts";
import type { TaskContext } from "./context.ts";

function setUp(handler: BatchHandler<unknown, unknown>) {
  const clock = createManualClock(0);
  const gathering = new Gathering({ sizeMax: 3, waitMs: 50 }, handler, clock);
  const add = (args: unknown) => {
    const controller = new AbortController();
    const ctx = { signal: controller.signal } as TaskContext;
    const settled = gathering.add(ctx, args).then(
      (value) => ({ value }),
      (error: Error) => ({ error: error.message }),
    );
    return { settled, abort: () => controller.abort(new Error("aborted")) };
  };
  return { clock, add };
}

const argsOf = (items: readonly { readonly args: unknown }[]) => items.map(({ args }) => args);

test("a full batch runs at once, and what comes after is another", async () => {
  const calls: unknown[] = [];
  const { clock, add } = setUp((items) => {
    calls.push(argsOf(items));
    return argsOf(items);
  });
  const added = [1, 2, 3, 4].map(add);
  await rest();
  expect(calls).toEqual([[1, 2, 3]]);
  await clock.advance(50);
  expect(calls).toEqual([[1, 2, 3], [4]]);
  expect(await Promise.all(added.map(({ settled }) => settled))).toEqual(
    [1, 2, 3, 4].map((value) => ({ value })),
  );
  expect(clock.timerCount).toBe(0);
});

test("the first waits for no longer than the time it may", async () => {
  const calls: unknown[] = [];
  const { clock, add } = setUp((items) => void calls.push(argsOf(items)));
  add(1);
  await clock.advance(30);
  add(2);
  await clock.advance(19);
  expect(calls).toEqual([]);
  await clock.advance(1);
  expect(calls).toEqual([[1, 2]]);
});

test("each is settled apart, at once, by the first word on it; the rest by what is returned or thrown", async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  const { add } = setUp(async ([a, b]) => {
    a?.succeed("a");
    a?.fail(new Error("no more"));
    b?.fail(new Error("b is broken"));
    await promise;
  });
  const [a, b, c] = [add("a"), add("b"), add("c")];
  expect(await a?.settled).toEqual({ value: "a" });
  expect(await b?.settled).toEqual({ error: "b is broken" });
  reject(new Error("all is lost"));
  expect(await c?.settled).toEqual({ error: "all is lost" });
});

test("what is neither settled nor returned fails, and so does a wrong number of results", async () => {
  const silent = setUp(() => undefined);
  const [forgotten] = [silent.add(1), silent.add(2), silent.add(3)];
  expect(await forgotten?.settled).toEqual({ error: expect.stringContaining("neither settled") });
  const short = setUp(() => ["only one"]);
  const [first] = [short.add(1), short.add(2), short.add(3)];
  expect(await first?.settled).toEqual({ error: "the handler returned 1 results for 3 tasks" });
});

test("one that is told to stop while it waits leaves the batch", async () => {
  const calls: unknown[] = [];
  const { clock, add } = setUp((items) => {
    calls.push(argsOf(items));
    return argsOf(items);
  });
  const [a, b] = [add("a"), add("b")];
  a?.abort();
  expect(await a?.settled).toEqual({ error: "aborted" });
  await clock.advance(50);
  expect(calls).toEqual([["b"]]);
  expect(await b?.settled).toEqual({ value: "b" });
});
