import type { WorkerEventName, WorkerEvents } from "@stem/worker";
import { createWorker } from "@stem/worker";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { startStem } from "../../support/whole-stem.ts";
import { double, eventTasks } from "./event-tasks.ts";
import { everyRunner, placed, type RunningRunner, startRunner } from "./every-runner.ts";

const taskEvents = [
  "task-received",
  "task-prerun",
  "task-postrun",
  "task-succeeded",
  "task-failed",
  "task-retry",
  "task-revoked",
  "task-heartbeat",
  "task-progress",
  "task-soft-timeout",
  "task-timeout",
] as const satisfies readonly WorkerEventName[];

type Heard = { readonly name: WorkerEventName; readonly event: object };

describe.each(everyRunner)("tasks %s", (runner) => {
  const ends: (() => Promise<void>)[] = [];
  let running: RunningRunner;
  let heard: Heard[] = [];
  beforeAll(async () => {
    const module = new URL("./event-tasks.ts", import.meta.url);
    const atEnd = (end: () => Promise<void>) => void ends.push(end);
    running = await startRunner(runner, eventTasks, { module, atEnd, concurrency: 1, abortGraceMs: 2000 });
    for (const name of taskEvents) running.worker.on(name, (event) => void heard.push({ name, event }));
  });
  afterAll(async () => {
    for (const end of ends.toReversed()) await end();
  });

  /** What was heard of a task from its arrival to its last end. */
  async function story(name: string, args: unknown[] = [], options = {}) {
    heard = [];
    const handle = await running.stem.enqueue(running.taskOf(name), args, options);
    return {
      handle,
      async told() {
        await handle.result({ timeoutMs: 50_000 }).catch(() => undefined);
        for (const { event } of heard) expect(event).toMatchObject({ task: { id: handle.id, name } });
        return heard.map((each) => each.name.slice("task-".length)).join(" ");
      },
    };
  }
  const eventOf = <Name extends WorkerEventName>(name: Name) =>
    heard.find((each) => each.name === name)?.event as WorkerEvents[Name];

  test("one that succeeds, with its result", async () => {
    expect(await (await story("double", [21])).told()).toBe("received prerun postrun succeeded");
    expect(eventOf("task-succeeded").result).toBe(42);
    expect(eventOf("task-postrun")).toMatchObject({ end: "succeeded", durationMs: expect.any(Number) });
  });

  test("one that fails and is tried again, until it is not", async () => {
    const options = { maxAttempts: 2, retry: { baseDelayMs: 1 } };
    expect(await (await story("fail", [], options)).told()).toBe(
      "received prerun postrun retry received prerun postrun failed",
    );
    expect(eventOf("task-failed").failure).toMatchObject({ type: "RangeError", message: "far" });
  });

  test("one that asks for another attempt", async () => {
    expect(await (await story("again")).told()).toBe(
      "received prerun postrun retry received prerun postrun succeeded",
    );
    expect(eventOf("task-retry")).toMatchObject({ delayMs: 5, failure: { type: "RetryError" } });
  });

  test("one that is rejected", async () => {
    expect(await (await story("reject")).told()).toBe("received prerun postrun failed");
    expect(eventOf("task-failed").failure).toMatchObject({ type: "RejectError", message: "not mine" });
  });

  test("one that says how it is doing", async () => {
    expect(await (await story("report")).told()).toBe("received prerun progress heartbeat postrun succeeded");
    expect(eventOf("task-progress")).toMatchObject({ percent: 5, message: "begun" });
  });

  test("one that is cancelled", async () => {
    const { handle, told } = await story("wait");
    await until(() => heard.some(({ name }) => name === "task-prerun"), {
      deadlineMs: 50_000,
      what: "its start",
    });
    await handle.cancel("enough");
    expect(await told()).toBe("received prerun postrun revoked");
    expect(eventOf("task-revoked")).toMatchObject({ reason: "enough" });
  });

  test("one that comes to its soft time limit, and ends well", async () => {
    expect(await (await story("finish", [], { softTimeLimitMs: 50, timeLimitMs: 60_000 })).told()).toBe(
      "received prerun soft-timeout postrun succeeded",
    );
    expect(eventOf("task-soft-timeout")).toMatchObject({ softTimeLimitMs: 50 });
  });

  test("one that runs for too long", async () => {
    expect(await (await story("wait", [], { timeLimitMs: 100, maxAttempts: 1 })).told()).toBe(
      "received prerun timeout postrun failed",
    );
    expect(eventOf("task-timeout")).toMatchObject({ timeLimitMs: 100 });
  });
});

test("a worker tells of its life, its heartbeats and its children, in order", async () => {
  const { url, stem, log } = await startStem();
  const module = new URL("./event-tasks.ts", import.meta.url);
  const worker = createWorker({ url, log, tasks: placed("process", eventTasks, module), concurrency: 1 });
  const heard: string[] = [];
  const names = [
    "init",
    "ready",
    "stopping",
    "shutdown",
    "heartbeat",
    "child-init",
    "child-shutdown",
  ] as const;
  for (const name of names)
    worker.on(`worker-${name}`, () => heard.push(name), { once: name === "heartbeat" });
  let stats: object | undefined;
  worker.on("worker-heartbeat", (event) => {
    stats = event.stats;
  });
  await worker.start();
  await (await stem.enqueue(double, [1])).result();
  expect(worker.stats()).toMatchObject({ started: 1, succeeded: 1, failed: 0, children: 1, slots: 1 });
  await worker.stop();
  expect(heard).toEqual([
    "init",
    "ready",
    "heartbeat",
    "child-init",
    "stopping",
    "child-shutdown",
    "shutdown",
  ]);
  expect(stats).toMatchObject({
    ...{ host: expect.any(String), pid: process.pid, cpus: expect.any(Number), zombies: 0 },
    ...{ slotsMax: 1, held: expect.any(Map) },
    ...{ load: [expect.any(Number), expect.any(Number), expect.any(Number)], startedAt: expect.any(Date) },
    ...{ memoryBytes: expect.any(Number), memoryBytesMax: expect.any(Number), uptimeMs: expect.any(Number) },
  });
});
