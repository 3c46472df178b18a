import { defineTask, TaskFailedError } from "@stem/sdk";
import { implement, NonRetryable, RejectError, type TaskContext } from "@stem/worker";
import { expect, test } from "vitest";
import { startStem } from "../../support/whole-stem.ts";

const fetchPage = defineTask<[url: string], string>({
  name: "page.fetch",
  options: { maxAttempts: 3, retry: { baseDelayMs: 10, jitter: "none" } },
});

/** A server with one worker whose handler is this. */
async function withHandler(handler: (ctx: TaskContext, url: string) => string | Promise<string>) {
  const parts = await startStem();
  await parts.work({ tasks: [implement(fetchPage, handler)] });
  return parts;
}

test("a handler that throws is tried again, until it succeeds", async () => {
  const attempts: number[] = [];
  const { stem } = await withHandler(({ attempt }) => {
    attempts.push(attempt);
    if (attempt < 3) throw new Error("not yet");
    return "page";
  });
  const handle = await stem.enqueue(fetchPage, ["a"]);
  expect(await handle.result({ timeoutMs: 5000 })).toBe("page");
  expect(attempts).toEqual([1, 2, 3]);
});

test("when no attempts are left, the result rejects with what the last one threw", async () => {
  const { stem } = await withHandler(() => {
    throw new RangeError("no such page");
  });
  const handle = await stem.enqueue(fetchPage, ["a"]);
  const error = await handle.result({ timeoutMs: 5000 }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TaskFailedError);
  expect(error).toMatchObject({
    taskId: handle.id,
    stateReason: "max_attempts",
    failure: { type: "RangeError", message: "no such page", nonRetryable: false },
    cause: {
      name: "RangeError",
      message: "no such page",
      stack: expect.stringContaining("a-task-fails.test.ts"),
    },
  });
  expect(await handle.status()).toMatchObject({ state: "failed", attempt: 3 });
});

test.each([
  ["cannot help", new NonRetryable("bad url"), "non_retryable"],
  ["is refused", new RejectError("not our site"), "rejected"],
] as const)("a task that %s fails at the first attempt", async (_, error, stateReason) => {
  const { stem } = await withHandler(() => Promise.reject(error));
  const handle = await stem.enqueue(fetchPage, ["a"]);
  await expect(handle.result({ timeoutMs: 5000 })).rejects.toMatchObject({ stateReason });
  expect(await handle.status()).toMatchObject({ attempt: 1 });
});

test("a handler asks for another attempt, and says when", async () => {
  const { stem } = await withHandler((ctx) => {
    if (ctx.attempt === 1) ctx.retry({ delayMs: 50, message: "busy" });
    return `attempt ${ctx.attempt}`;
  });
  const handle = await stem.enqueue(fetchPage, ["a"]);
  expect(await handle.result({ timeoutMs: 5000 })).toBe("attempt 2");
});

test("a handler beyond its time limit is told, and the failure says so", async () => {
  const { stem } = await withHandler(async ({ signal }) => {
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    return "never";
  });
  const handle = await stem.enqueue(fetchPage, ["a"], { timeLimitMs: 50, maxAttempts: 1 });
  await expect(handle.result({ timeoutMs: 5000 })).rejects.toMatchObject({
    failure: { type: "TimeLimitExceeded", message: expect.stringContaining("50 ms") },
  });
});

test("a result beyond the server's limit fails the task for good", async () => {
  const parts = await startStem({ limits: { resultBytesMax: 1000 } });
  await parts.work({ tasks: [implement(fetchPage, () => "x".repeat(2000))] });
  const handle = await parts.stem.enqueue(fetchPage, ["a"]);
  await expect(handle.result({ timeoutMs: 5000 })).rejects.toMatchObject({
    failure: { type: "ResultTooLarge" },
  });
});

test("a name that this worker does not know waits for one that does", async () => {
  const other = defineTask({ name: "other" });
  const { stem, work } = await startStem();
  await work({ tasks: [implement(other, () => undefined)] });
  const handle = await stem.enqueue(fetchPage, ["a"]);
  await expect(handle.result({ timeoutMs: 500 })).rejects.toMatchObject({ name: "ResultTimeoutError" });
  expect(await handle.status()).toMatchObject({
    state: "scheduled",
    reason: "unknown_name",
    attempt: 1,
    deliveries: 1,
  });
});
