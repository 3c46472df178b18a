import { defineTask, EnqueueManyError } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, test } from "vitest";
import { startStem } from "../../support/whole-stem.ts";

const square = defineTask<[n: number], number>({ name: "square" });
const squares = implement(square, async (_, n) => n * n);

test("many tasks are enqueued at once, run, and awaited all together", async () => {
  const { stem, work } = await startStem();
  await work({ tasks: [squares], concurrency: 50 });
  const numbers = Array.from({ length: 2500 }, (_, n) => n);
  const handles = await stem.enqueueMany(numbers.map((n) => square.call([n])));
  const results = await Promise.all(handles.map((handle) => handle.result({ timeoutMs: 50_000 })));
  expect(results).toEqual(numbers.map((n) => n * n));
});

test("a thousand enqueues of one moment are all stored, each as a task of its own", async () => {
  const { stem } = await startStem();
  const handles = await Promise.all(Array.from({ length: 1000 }, (_, n) => stem.enqueue(square, [n])));
  expect(new Set(handles.map(({ id }) => id)).size).toBe(1000);
  expect(await handles.at(-1)?.status()).toMatchObject({ state: "ready" });
});

test("the same id with the same content is one task; with other content it is refused", async () => {
  const { stem } = await startStem();
  const first = await stem.enqueue(square, [3], { id: "once" });
  const again = await stem.enqueue(square, [3], { id: "once" });
  expect([first.deduplicated, again.deduplicated, again.id]).toEqual([false, true, "once"]);
  await expect(stem.enqueue(square, [4], { id: "once" })).rejects.toMatchObject({
    reason: "TASK_EXISTS",
    outcome: "not_accepted",
  });
});

test("one bad task of many does not harm the others, and is named", async () => {
  const { stem } = await startStem();
  const calls = [
    square.call([1], { id: "a" }),
    square.call([2], { id: "b", priority: 11 }),
    square.call([3], { id: "c" }),
  ];
  const error = await stem.enqueueMany(calls).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(EnqueueManyError);
  expect(error).toMatchObject({
    storedIds: ["a", "c"],
    refused: [{ index: 1, taskId: "b", problem: { reason: "FIELD_INVALID" } }],
  });
  expect(await stem.handle(square, "c").status()).toMatchObject({ state: "ready" });
});

test("all or none: one bad task refuses all", async () => {
  const { stem } = await startStem();
  const calls = [square.call([1], { id: "a" }), square.call([2], { id: "b", priority: 11 })];
  await expect(stem.enqueueMany(calls, { atomic: true })).rejects.toThrow(EnqueueManyError);
  await expect(stem.handle(square, "a").status()).rejects.toMatchObject({ reason: "TASK_UNKNOWN" });
});

test("a handler never runs more tasks at once than it has slots", async () => {
  const { stem, work } = await startStem();
  let running = 0;
  let most = 0;
  const gate = implement(square, async (_, n) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return n;
  });
  await work({ tasks: [gate], concurrency: 3 });
  const handles = await stem.enqueueMany(Array.from({ length: 200 }, (_, n) => square.call([n])));
  await Promise.all(handles.map((handle) => handle.result({ timeoutMs: 50_000 })));
  expect(most).toBe(3);
});

test("a handler enqueues, and waits for what it enqueued", async () => {
  const sum = defineTask<[numbers: number[]], number>({ name: "sum.of.squares" });
  const { stem, work } = await startStem();
  const sums = implement(sum, async (ctx, numbers) => {
    const parts = await ctx.enqueueMany(numbers.map((n) => square.call([n])));
    const one = await ctx.enqueue(square, [10]);
    const results = await Promise.all([...parts, one].map((part) => part.result({ signal: ctx.signal })));
    return results.reduce((a, b) => a + b, 0);
  });
  await work({ tasks: [squares, sums] });
  const handle = await stem.enqueue(sum, [[1, 2, 3]]);
  expect(await handle.result({ timeoutMs: 5000 })).toBe(114);
});
