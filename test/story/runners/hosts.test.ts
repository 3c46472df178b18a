import { defineTask, type TaskHandle } from "@stem/sdk";
import { implement } from "@stem/worker";
import { describe, expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { startStem } from "../../support/whole-stem.ts";
import { startRunner } from "./every-runner.ts";
import { hostTasks, spin } from "./host-tasks.ts";

const module = new URL("./host-tasks.ts", import.meta.url);

/** Where a task that reports it runs, once it does. */
const placeOf = (handle: TaskHandle<unknown>): Promise<string> =>
  until(async () => (await handle.status()).progress?.message, {
    deadlineMs: 50_000,
    what: "its place",
    everyMs: 10,
  });

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe.each(["thread", "process"] as const)("a %s", (runner) => {
  const start = (options = {}) =>
    startRunner(runner, hostTasks, { module, concurrency: 2, abortGraceMs: 100, ...options });

  test("is not the worker's own, and is used again", async () => {
    const { stem, taskOf } = await start({ concurrency: 1 });
    const first = await (await stem.enqueue(taskOf("where"))).result();
    expect(await (await stem.enqueue(taskOf("where"))).result()).toBe(first);
    expect(first).toMatch(runner === "thread" ? new RegExp(`^${process.pid}/[1-9]`) : /^\d+\/0$/);
    expect(first).not.toMatch(`${process.pid}/0`);
  });

  test("that blocks for ever is ended at its time limit, and another takes its place", async () => {
    const { stem, taskOf, log } = await start({ concurrency: 1 });
    const handle = await stem.enqueue(taskOf("spin"), [], { timeLimitMs: 300, maxAttempts: 1 });
    const place = await placeOf(handle);
    await expect(handle.result()).rejects.toMatchObject({ failure: { type: "TimeLimitExceeded" } });
    if (runner === "process") expect(isAlive(Number.parseInt(place, 10))).toBe(false);
    expect(await (await stem.enqueue(taskOf("where"))).result()).not.toBe(place);
    expect(log.lines.filter(({ text }) => text === "a child has ended")).toHaveLength(1);
  });

  test("gives its handler the grace to end by itself", async () => {
    const { stem, taskOf } = await start({ abortGraceMs: 10_000 });
    const handle = await stem.enqueue(taskOf("polite"), [], { timeLimitMs: 50, maxAttempts: 1 });
    await expect(handle.result()).rejects.toMatchObject({ failure: { type: "TimeLimitExceeded" } });
    const cancelled = await stem.enqueue(taskOf("polite"));
    await until(async () => (await cancelled.status()).state === "leased", {
      deadlineMs: 50_000,
      what: "the lease",
    });
    await cancelled.cancel();
    expect(await cancelled.result()).toBe("TaskCancelled");
  });

  test("whose handler does not end when its task is cancelled is ended", async () => {
    const { stem, taskOf } = await start();
    const handle = await stem.enqueue(taskOf("spin"));
    const place = await placeOf(handle);
    await handle.cancel("enough");
    await expect(handle.result()).rejects.toMatchObject({ name: "TaskCancelledError", reason: "enough" });
    if (runner === "process") expect(isAlive(Number.parseInt(place, 10))).toBe(false);
  });

  test("whose handler does not end when the worker stops is ended, and its task goes back unharmed", async () => {
    const { stem, taskOf, worker } = await start();
    const handle = await stem.enqueue(taskOf("ignore"));
    await placeOf(handle);
    await worker.stop({ graceMs: 0 });
    expect(await handle.status()).toMatchObject({ state: "ready", attempt: 1, deliveries: 0 });
  });

  test("that ends by itself, or by an error out of nowhere, fails the attempt and no other", async () => {
    const { stem, taskOf } = await start();
    const lost = { failure: { type: "RunnerLost" } };
    const left = await stem.enqueue(taskOf("leave"), [], { maxAttempts: 1 });
    await expect(left.result()).rejects.toMatchObject(lost);
    const burst = await stem.enqueue(taskOf("burst"), [], { maxAttempts: 1 });
    await expect(burst.result()).rejects.toMatchObject({
      failure: { type: "RunnerLost", message: expect.stringContaining("out of nowhere") },
    });
    expect(await (await stem.enqueue(taskOf("where"))).result()).toContain("/");
  });

  test("is replaced after as many attempts as it may run", async () => {
    const { stem, taskOf } = await start({ concurrency: 1, recycle: { afterTasks: 2 } });
    const places: unknown[] = [];
    for (let n = 0; n < 4; n += 1) places.push(await (await stem.enqueue(taskOf("where"))).result());
    const [a, , b] = places;
    expect(places).toEqual([a, a, b, b]);
    expect(b).not.toBe(a);
  });

  test("is replaced when it has grown too large itself, whatever the worker's own size", async () => {
    const memoryBytesMax = runner === "thread" ? 60_000_000 : 350_000_000;
    const { stem, taskOf } = await start({ concurrency: 1, recycle: { memoryBytesMax } });
    if (runner === "thread") expect(process.memoryUsage.rss()).toBeGreaterThan(memoryBytesMax);
    const first = await (await stem.enqueue(taskOf("keep"), [1000])).result();
    expect(await (await stem.enqueue(taskOf("keep"), [memoryBytesMax])).result()).toBe(first);
    expect(await (await stem.enqueue(taskOf("keep"), [1000])).result()).not.toBe(first);
  });

  test("goes when it idles", async () => {
    const { stem, taskOf, log } = await start({ recycle: { idleMs: 50 } });
    await (await stem.enqueue(taskOf("where"))).result();
    await until(() => log.lines.some(({ text }) => text === "a child has ended"), {
      deadlineMs: 50_000,
      what: "the end of the host",
    });
  });

  test("whose module does not load fails the attempt with the reason", async () => {
    const { stem, work } = await startStem();
    const task = defineTask<[], void>({ name: "broken", options: { maxAttempts: 1 } });
    await work({
      tasks: [implement(task, { runner, module: new URL("./broken-module.ts", import.meta.url) })],
    });
    await expect((await stem.enqueue(task)).result()).rejects.toMatchObject({
      failure: { type: "SyntaxError", message: "it does not load" },
    });
  });

  test("whose module has no handler of that name leaves the task to other workers", async () => {
    const { stem, work } = await startStem();
    const task = defineTask<[], void>({ name: "elsewhere" });
    await work({ tasks: [implement(task, { runner, module })] });
    const handle = await stem.enqueue(task);
    await until(async () => (await handle.status()).reason === "unknown_name", {
      deadlineMs: 50_000,
      what: "the return of the task",
    });
  });
});

test("a thread that blocks does not hold up the worker", async () => {
  const { stem, work } = await startStem();
  const quick = defineTask<[], string>({ name: "quick" });
  await work({
    abortGraceMs: 0,
    concurrency: 2,
    tasks: [implement(spin.task, { runner: "thread", module }), implement(quick, () => "done")],
  });
  await placeOf(await stem.enqueue(spin.task, []));
  expect(await (await stem.enqueue(quick)).result({ timeoutMs: 5000 })).toBe("done");
});
