import { defineTask, isExpired, TaskExpiredError } from "@stem/sdk";
import { implement, type TaskContext } from "@stem/worker";
import { expect, test } from "vitest";
import { startStem } from "../../support/whole-stem.ts";

const work = defineTask<[], unknown>({ name: "work", options: { maxAttempts: 1 } });

async function withHandler(handler: (ctx: TaskContext) => unknown) {
  const parts = await startStem();
  await parts.work({ tasks: [implement(work, handler)] });
  return parts;
}

const aborted = (signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason)));

test("a handler beyond its soft time limit is told, and may end well", async () => {
  const { stem } = await withHandler(async (ctx) => {
    const hooked = Promise.withResolvers<string>();
    ctx.onSoftTimeLimit((reason) => hooked.resolve(reason.name));
    const reason = await aborted(ctx.softSignal);
    return { hook: await hooked.promise, signal: String(reason), isStopped: ctx.signal.aborted };
  });
  const handle = await stem.enqueue(work, [], { softTimeLimitMs: 30, timeLimitMs: 60_000 });
  expect(await handle.result({ timeoutMs: 8000 })).toEqual({
    hook: "SoftTimeLimitExceeded",
    signal: expect.stringContaining("30 ms"),
    isStopped: false,
  });
});

test("a handler that gives up at its soft time limit fails with that for a reason", async () => {
  const { stem } = await withHandler(async ({ softSignal }) => {
    throw await aborted(softSignal);
  });
  const handle = await stem.enqueue(work, [], { softTimeLimitMs: 10 });
  await expect(handle.result({ timeoutMs: 8000 })).rejects.toMatchObject({
    failure: { type: "SoftTimeLimitExceeded" },
  });
});

test("a call's limits are in place of the definition's", async () => {
  const limited = defineTask<[], unknown>({
    name: "work",
    options: { softTimeLimitMs: 60_000, timeLimitMs: 10 },
  });
  const { stem } = await withHandler(({ softSignal }) => aborted(softSignal).then(() => "told"));
  const handle = await stem.enqueue(limited, [], { softTimeLimitMs: 5, timeLimitMs: 60_000 });
  expect(await handle.result({ timeoutMs: 8000 })).toBe("told");
});

test("whoever waits for a task that nobody started in time gets a TaskExpiredError", async () => {
  const { stem } = await startStem();
  const handle = await stem.enqueue(work, [], { expireAfterMs: 10 });
  await expect(handle.result({ timeoutMs: 8000 })).rejects.toThrow(TaskExpiredError);
  expect(isExpired(await handle.status())).toBe(true);
  const overdue = await stem.enqueue(work, [], { startWithinMs: 1 });
  await expect(overdue.result({ timeoutMs: 8000 })).rejects.toMatchObject({ stateReason: "start_overdue" });
});

test("a result that is to be ignored is not kept, and whoever waits hears of the end", async () => {
  const { stem } = await withHandler(() => ({ large: "thing" }));
  const handle = await stem.enqueue(work, [], { ignoreResult: true });
  expect(await handle.result({ timeoutMs: 8000 })).toBeUndefined();
  const kept = await stem.enqueue(work, [], { ignoreResult: false });
  expect(await kept.result({ timeoutMs: 8000 })).toEqual({ large: "thing" });
});
