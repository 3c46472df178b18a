import { defineTask, NonRetryable, SchemaMismatchError } from "@stem/sdk";
import { createFakeClient } from "@stem/sdk/testing";
import { expect, test } from "vitest";
import { RejectError } from "../errors.ts";
import { implement } from "../registry.ts";
import { runTask } from "./run-task.ts";

const add = defineTask<[a: number, b: number], number>({ name: "add" });
const work = defineTask<[], unknown>({ name: "work", options: { queue: "works", maxAttempts: 7 } });

/** A schema that takes short lists. */
const short = {
  "~standard": {
    version: 1 as const,
    vendor: "test",
    validate: (value: unknown) =>
      Array.isArray(value) && value.length < 2 ? { value } : { issues: [{ message: "too long" }] },
    types: undefined as unknown as { input: number[]; output: number[] },
  },
};

test("a handler runs without a server, and its result is what whoever waits gets", async () => {
  const run = await runTask(
    implement(add, (_ctx, a, b) => a + b),
    [2, 3],
  );
  expect(run).toMatchObject({ outcome: "succeeded", result: 5, error: undefined, isFinal: true });
  const date = await runTask(implement(work, () => ({ at: new Date(0) })));
  expect(date.result).toEqual({ at: "1970-01-01T00:00:00.000Z" });
});

test("a handler is told where its task is in a canvas, if it is in one", async () => {
  const told = implement(work, async (ctx) => (await ctx.place()) ?? "nowhere");
  expect(await runTask(told)).toMatchObject({ result: "nowhere" });
  const place = { canvasId: "c", groupId: "g", index: 2, step: 0, parentId: undefined, rootId: "c" };
  expect(await runTask(told, [], { place })).toMatchObject({
    result: { canvasId: "c", groupId: "g", index: 2, step: 0, rootId: "c" },
  });
});

test("what the handler does with its context is recorded", async () => {
  const run = await runTask(
    implement(work, async (ctx) => {
      ctx.progress(50);
      ctx.progress({ message: "almost" });
      ctx.log.info({ rows: 3 }, "read");
      await ctx.write({ page: new Date(0) });
      await ctx.emit("begun", { rows: 3 }, { headers: { tenant: "a" } });
      await ctx.enqueue(add, [1, 2], { priority: 9 });
      await ctx.heartbeat();
      await ctx.extendLease(1000);
    }),
    [],
    { id: "w1", attempt: 2 },
  );
  expect(run.progress).toEqual([{ percent: 50 }, { message: "almost" }]);
  expect(run.log).toEqual([
    { level: "info", text: "read", facts: { rows: 3, taskId: "w1", task: "work", attempt: 2 } },
  ]);
  expect(run.written).toEqual([{ page: "1970-01-01T00:00:00.000Z" }]);
  expect(run.emitted).toEqual([
    {
      ...{ id: expect.any(String), queue: "works", name: "begun" },
      ...{ payload: { rows: 3 }, headers: { tenant: "a" } },
    },
  ]);
  expect(run.enqueued).toMatchObject([{ name: "add", args: [1, 2], options: { priority: 9 } }]);
});

test("the context says what the options say, else what is usual", async () => {
  const seen: unknown[] = [];
  const look = implement(work, (ctx) => {
    const { id, queue, attempt, maxAttempts, delivery, headers, tags } = ctx;
    seen.push({ id, queue, attempt, maxAttempts, delivery, headers, tags });
  });
  await runTask(look);
  const said = { id: "x", queue: "q", attempt: 3, maxAttempts: 5, delivery: 4 };
  await runTask(look, [], { ...said, headers: { a: "1" }, tags: ["t"] });
  expect(seen).toEqual([
    {
      id: expect.any(String),
      queue: "works",
      attempt: 1,
      maxAttempts: 7,
      delivery: 1,
      headers: {},
      tags: [],
    },
    { ...said, headers: { a: "1" }, tags: ["t"] },
  ]);
});

test("what a handler throws is its outcome", async () => {
  const throwing = (error: unknown) =>
    runTask(
      implement(work, () => {
        throw error;
      }),
    );
  const boom = new TypeError("boom");
  expect(await throwing(boom)).toMatchObject({ outcome: "failed", error: boom, isFinal: false });
  expect(await throwing(new NonRetryable("never"))).toMatchObject({ outcome: "failed", isFinal: true });
  expect(await throwing(new RejectError("no"))).toMatchObject({ outcome: "rejected", isFinal: true });
  const again = await runTask(implement(work, (ctx) => ctx.retry({ delayMs: 500 })));
  expect(again).toMatchObject({ outcome: "retry", retryDelayMs: 500, isFinal: false });
});

test("arguments that do not fit reject as they would where they are enqueued; a bad result fails for good", async () => {
  const lists = defineTask({ name: "lists", args: short, result: short });
  const double = implement(lists, (_ctx, ...list) => [...list, ...list]);
  await expect(runTask(double, [1, 2])).rejects.toThrow(SchemaMismatchError);
  const run = await runTask(double, [1]);
  expect(run).toMatchObject({ outcome: "failed", isFinal: true, error: { name: "SchemaMismatchError" } });
  const large = await runTask(
    implement(work, () => "x".repeat(100)),
    [],
    { resultBytesMax: 50 },
  );
  expect(large).toMatchObject({ outcome: "failed", error: { name: "ResultTooLarge" } });
});

test("progress that a worker would not send throws in the handler", async () => {
  const run = await runTask(implement(work, (ctx) => ctx.progress(101)));
  expect(run).toMatchObject({ outcome: "failed", error: { name: "RangeError" } });
});

test("a cancelled task's handler sees it, and its failure is a cancel", async () => {
  const cancel = new AbortController();
  const run = await runTask(
    implement(work, (ctx) => {
      cancel.abort("no longer wanted");
      expect(ctx.cancelReason).toBe("no longer wanted");
      ctx.signal.throwIfAborted();
    }),
    [],
    { cancel: cancel.signal },
  );
  expect(run).toMatchObject({ outcome: "cancelled", error: { name: "TaskCancelled" } });
  const anyway = await runTask(
    implement(work, () => "done"),
    [],
    { cancel: AbortSignal.abort("late") },
  );
  expect(anyway).toMatchObject({ outcome: "succeeded", result: "done" });
});

test("what the handler awaits of others is answered by a fake client", async () => {
  const client = createFakeClient();
  client.answer(add, (a, b) => a + b);
  const twice = implement(defineTask<[n: number], number>({ name: "twice" }), async (ctx, n) => {
    const sum = await ctx.enqueue(add, [n, n]);
    return sum.result();
  });
  expect((await runTask(twice, [4], { client })).result).toBe(8);
  expect(client.argsOf(add)).toEqual([[4, 4]]);
});

test("a handler finds what an earlier attempt left, and what it leaves itself is recorded", async () => {
  const goOn = implement(work, (ctx) => {
    ctx.checkpoint({ page: 8 });
    return ctx.lastCheckpoint;
  });
  expect(await runTask(goOn, [], { lastCheckpoint: { page: 7 } })).toMatchObject({
    result: { page: 7 },
    checkpoints: [{ page: 8 }],
  });
  expect((await runTask(goOn)).result).toBeUndefined();
});

test("the context tells of the schedule that the options name", async () => {
  const told = implement(work, ({ schedule }) => schedule ?? null);
  const schedule = { id: "reports/nightly", slotTime: new Date("2026-01-02T03:04:05.678Z") };
  const run = await runTask(told, [], { schedule });
  expect(run.result).toEqual({ id: "reports/nightly", slotTime: "2026-01-02T03:04:05.678Z" });
  expect((await runTask(told)).result).toBeNull();
});
