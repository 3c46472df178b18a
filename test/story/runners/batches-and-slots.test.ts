import { defineTask } from "@stem/sdk";
import { createWorker, implement, implementBatch } from "@stem/worker";
import { expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { startStem } from "../../support/whole-stem.ts";

const index = defineTask<[word: string], number>({ name: "index" });

test("one call gets many tasks, and settles each apart", async () => {
  const { stem, work } = await startStem();
  const sizes: number[] = [];
  const indexed = implementBatch(index, { sizeMax: 10, waitMs: 2000 }, (items) => {
    sizes.push(items.length);
    for (const { args, fail } of items) if (args[0] === "bad") fail(new RangeError("not a word"));
    return items.map(({ args: [word], ctx }) => word.length + (ctx.attempt - 1) * 100);
  });
  const calls = Array.from({ length: 20 }, (_, n) =>
    index.call([n === 7 ? "bad" : "word"], { maxAttempts: 1 }),
  );
  const handles = await stem.enqueueMany(calls);
  await work({ tasks: [indexed], concurrency: 10, prefetchMax: 0 });
  const ends = await Promise.allSettled(handles.map((handle) => handle.result({ timeoutMs: 50_000 })));
  expect(ends.map(({ status }) => status).filter((status) => status === "fulfilled")).toHaveLength(19);
  expect(ends[7]).toMatchObject({ reason: { failure: { type: "RangeError", message: "not a word" } } });
  expect(Math.max(...sizes)).toBe(10);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(20);
});

test("a batch that no worker could fill is refused", () => {
  const indexed = implementBatch(index, { sizeMax: 11, waitMs: 1 }, () => []);
  expect(() => createWorker({ tasks: [indexed], concurrency: 10 })).toThrow(
    /concurrency must be at least 11/,
  );
  expect(() => implementBatch(index, { sizeMax: 0, waitMs: 1 }, () => [])).toThrow(RangeError);
  expect(() => implementBatch(index, { sizeMax: 1, waitMs: -1 }, () => [])).toThrow(RangeError);
});

test("slots go while there is nothing to do, and come back with the work", async () => {
  const { stem, work } = await startStem();
  const gate = Promise.withResolvers<void>();
  const held = implement(index, async () => {
    await gate.promise;
    return 1;
  });
  const worker = await work({
    tasks: [held],
    concurrency: 3,
    autoscale: { min: 1, tickMs: 100, idleMs: 0, upCooldownMs: 0, downCooldownMs: 0 },
  });
  const slotsAre = (slots: number) =>
    until(() => worker.stats().slots === slots, { deadlineMs: 50_000, what: `${slots} slots`, everyMs: 10 });
  await slotsAre(1);
  const handles = await stem.enqueueMany(Array.from({ length: 30 }, () => index.call(["word"])));
  await slotsAre(3);
  await until(() => worker.stats().running === 3, {
    deadlineMs: 50_000,
    what: "three handlers",
    everyMs: 10,
  });
  gate.resolve();
  await Promise.all(handles.map((handle) => handle.result({ timeoutMs: 50_000 })));
  await slotsAre(1);
});
