import { defineTask, type EnqueueOptions, NonRetryable } from "@stem/sdk";
import { implement, type TaskContext } from "@stem/worker";
import { expect, test, vi } from "vitest";
import { startStem } from "../../support/whole-stem.ts";

const sync = defineTask<[], string>({
  name: "sync",
  options: { maxAttempts: 4, retry: { delaysMs: [1] } },
});

/** Runs one task with this handler; answers how it ended, and what each attempt saw. */
async function runOnce(
  handler: (ctx: TaskContext) => string | Promise<string>,
  options: EnqueueOptions = {},
) {
  const { stem, work } = await startStem();
  await work({ tasks: [implement(sync, handler)] });
  const handle = await stem.enqueue(sync, [], options);
  const result = await handle.result({ timeoutMs: 8000 }).catch((error: unknown) => error);
  return { result, status: await handle.status() };
}

class HttpError extends Error {}
class NotFound extends HttpError {}

const failingWith = (error: Error) => (): never => {
  throw error;
};

test("a policy names a class, and every error that descends from it is tried again", async () => {
  const { status } = await runOnce(failingWith(new NotFound("no")), { retry: { retryFor: [HttpError] } });
  expect(status).toMatchObject({ state: "failed", reason: "max_attempts", attempt: 4 });
  expect(status.failure).toMatchObject({ type: "NotFound", ancestors: ["HttpError", "Error"] });
});

test("an error that no policy names ends the task at its first attempt", async () => {
  const { status } = await runOnce(failingWith(new TypeError("bug")), { retry: { retryFor: ["HttpError"] } });
  expect(status).toMatchObject({ state: "failed", reason: "non_retryable", attempt: 1 });
});

test("an error that the policy excludes ends the task, also where it is a kind of one that is included", async () => {
  const retry = { retryFor: [HttpError], neverFor: ["Not*"] };
  const { status } = await runOnce(failingWith(new NotFound("no")), { retry });
  expect(status).toMatchObject({ state: "failed", reason: "non_retryable", attempt: 1 });
});

test("a NonRetryable of another copy of the SDK is one all the same", async () => {
  vi.resetModules();
  const copy = await import("@stem/sdk");
  expect(copy.NonRetryable).not.toBe(NonRetryable);
  const { status } = await runOnce(failingWith(new copy.NonRetryable("never")));
  expect(status).toMatchObject({ state: "failed", reason: "non_retryable", attempt: 1 });
});

test("what a handler changes holds for all later attempts", async () => {
  const seen: unknown[] = [];
  const { result } = await runOnce(({ attempt, maxAttempts, retry }) => {
    seen.push([attempt, maxAttempts]);
    if (attempt === 1) retry({ delayMs: 0, overrides: { maxAttempts: 6, retry: { delaysMs: [0] } } });
    if (attempt < 6) throw new Error("not yet");
    return "done";
  });
  expect(result).toBe("done");
  expect(seen).toEqual([[1, 4], ...[2, 3, 4, 5, 6].map((attempt) => [attempt, 6])]);
});

test("a handler gives its successors another time limit", async () => {
  const { status } = await runOnce(
    async ({ attempt, signal, retry }) => {
      if (attempt === 1) retry({ delayMs: 0, overrides: { timeLimitMs: 30, maxAttempts: 2 } });
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      return "never";
    },
    { timeLimitMs: 60_000 },
  );
  expect(status).toMatchObject({ state: "failed", attempt: 2, failure: { type: "TimeLimitExceeded" } });
  expect(status.failure?.message).toContain("30 ms");
});

test("a handler asks for another attempt at an instant, and an instant that is past means at once", async () => {
  const { result } = await runOnce(({ attempt, retry }) => {
    if (attempt === 1) retry({ delayMs: 3_600_000, notBefore: new Date(0) });
    return `attempt ${attempt}`;
  });
  expect(result).toBe("attempt 2");
});

test("a handler that asks for no possible time has failed, and its worker goes on", async () => {
  const { result, status } = await runOnce(({ attempt, retry }) => {
    if (attempt === 1) retry({ delayMs: Number.NaN });
    return "done";
  });
  expect(result).toBe("done");
  expect(status.attempt).toBe(2);
});

test("what an attempt leaves is there for the next one, however it ended", async () => {
  const seen: unknown[] = [];
  const { result } = await runOnce((ctx) => {
    seen.push(ctx.lastCheckpoint);
    if (ctx.attempt < 3) ctx.checkpoint({ page: ctx.attempt });
    if (ctx.attempt === 1) throw new Error("broke");
    if (ctx.attempt === 2) ctx.retry({ delayMs: 0 });
    if (ctx.attempt === 3) throw new Error("broke, and left nothing new");
    return "done";
  });
  expect(result).toBe("done");
  expect(seen).toEqual([undefined, { page: 1 }, { page: 2 }, { page: 2 }]);
});

test("a checkpoint beyond the limit is the handler's mistake", async () => {
  const { status } = await runOnce(
    (ctx) => {
      ctx.checkpoint("x".repeat(70_000));
      return "never";
    },
    { maxAttempts: 1 },
  );
  expect(status.failure).toMatchObject({ type: "RangeError", message: expect.stringContaining("65536") });
});

test("a worker's own back-off says how long to wait, and leaves the rest to the policy", async () => {
  const asked: unknown[] = [];
  const { stem, work } = await startStem();
  await work({
    tasks: [implement(sync, ({ attempt }) => (attempt < 3 ? failingWith(new NotFound("no"))() : "done"))],
    backoff(attempt, failure) {
      asked.push([attempt, failure.type]);
      return attempt === 1 ? 0 : undefined;
    },
  });
  const handle = await stem.enqueue(sync, [], { retry: { delaysMs: [3_600_000, 1] } });
  expect(await handle.result({ timeoutMs: 8000 })).toBe("done");
  expect(asked).toEqual([
    [1, "NotFound"],
    [2, "NotFound"],
  ]);
});
