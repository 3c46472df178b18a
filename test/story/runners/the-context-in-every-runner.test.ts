import type { TaskHandle, TaskOutput } from "@stem/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { batchedContextTasks } from "./batched-context-tasks.ts";
import { contextTasks } from "./context-tasks.ts";
import { everyRunner, type RunningRunner, startRunner } from "./every-runner.ts";

const alone = { tasks: contextTasks, module: new URL("./context-tasks.ts", import.meta.url) };
const inBatches = {
  tasks: batchedContextTasks,
  module: new URL("./batched-context-tasks.ts", import.meta.url),
};

type Row = {
  /** The task, which is named after what it shows. */
  readonly task: string;
  readonly args?: unknown[];
  readonly options?: object;
  /** What the producer does meanwhile. */
  readonly meanwhile?: (handle: TaskHandle<unknown>, running: RunningRunner) => Promise<void>;
  /** What comes of it. */
  readonly result?: unknown;
  readonly failure?: object | undefined;
  /** What can be seen afterwards. */
  readonly afterwards?: (handle: TaskHandle<unknown>, running: RunningRunner) => Promise<void>;
};

const cancelAtFirstProgress = async (handle: TaskHandle<unknown>): Promise<void> => {
  const hasReported = async (): Promise<boolean> => (await handle.status()).progress !== undefined;
  await until(hasReported, { deadlineMs: 50_000, what: "a report", everyMs: 5 });
  await handle.cancel("no longer needed");
};

/** What a task has that its children could get from it. */
const parent = {
  headers: { tenant: "a" },
  tags: ["nightly"],
  metadata: { ticket: "A-1" },
  trace: { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", tracestate: "a=b" },
};
const ownTrace = "00-11111111111111111111111111111111-2222222222222222-01";

const rows: readonly Row[] = [
  { task: "half", args: [8], result: { number: 4 } },
  {
    task: "facts",
    options: { queue: "default", ...parent },
    result: {
      ...{ name: "facts", queue: "default", attempt: 1, maxAttempts: 4, delivery: 1, isQuiet: true },
      ...{
        headers: parent.headers,
        tags: parent.tags,
        metadata: parent.metadata,
        fence: { epoch: "bigint", isText: true },
      },
      trace: expect.objectContaining(parent.trace),
    },
  },
  { task: "enqueue", result: { results: ["one!", "two!", "three!"], name: "child", state: "succeeded" } },
  {
    task: "enqueue-children",
    options: { ...parent, priority: 9, maxAttempts: 7, timeLimitMs: 60_000 },
    result: [parent.trace, { traceparent: ownTrace, tracestate: "" }, parent.trace].map((trace) =>
      expect.objectContaining({
        ...{ name: "facts", headers: {}, tags: [], metadata: {}, maxAttempts: 4 },
        trace: expect.objectContaining(trace),
      }),
    ),
  },
  {
    task: "enqueue-and-leave",
    result: undefined,
    afterwards: async ({ id }, { stem, taskOf }) => {
      const status = () => stem.handle(taskOf("child"), `child-of-${id}`).status();
      await until(
        () =>
          status().then(
            ({ state }) => state === "succeeded",
            () => false,
          ),
        { deadlineMs: 50_000, what: "the child", everyMs: 10 },
      );
    },
  },
  {
    task: "enqueue-errors",
    result: {
      problem: ["FIELD_INVALID", expect.stringContaining("priority"), "not_accepted"],
      mismatch: [{ path: "[0]", message: "is odd" }],
      many: [1, 1],
      range: expect.stringContaining("delayMs must be"),
      unwritable: "PayloadError",
      failure: ["RangeError", "no word"],
      timeout: 1,
      givenUp: "enough",
      outcome: "cancelled",
    },
  },
  { task: "lease", result: expect.stringContaining("ms must be a number of milliseconds") },
  {
    task: "progress",
    meanwhile: async (handle) => {
      const seen = Promise.withResolvers<unknown>();
      void handle.result({ onProgress: seen.resolve });
      expect(await seen.promise).toMatchObject({ percent: 40, message: "nearly half", data: { page: 4 } });
      await handle.cancel();
    },
    result: expect.stringContaining("percent must be between 0 and 100"),
  },
  {
    task: "log",
    result: undefined,
    afterwards: async ({ id }, { log }) => {
      const line = log.lines.find(({ text }) => text === "printing");
      expect(line).toMatchObject({ level: "warn", facts: { taskId: id, task: "log", attempt: 1, pages: 3 } });
      expect(line?.facts).toMatchObject({ error: { message: "tray 2 is empty", tray: 2 } });
    },
  },
  {
    task: "output",
    result: ["RangeError", "PayloadError"],
    afterwards: async (handle) => {
      const put: TaskOutput[] = [];
      for await (const each of handle.output()) put.push(each);
      expect(put).toMatchObject([
        { kind: "progress", progress: { percent: 50 }, attempt: 1, delivery: 1, time: expect.any(Date) },
        { kind: "log", level: "info", text: "page 1", facts: { pages: 1 } },
        { kind: "chunk", data: { page: 1 } },
        { kind: "chunk", data: new Uint8Array([1, 2]) },
        { kind: "progress", progress: { percent: 100 } },
      ]);
    },
  },
  { task: "read-output", result: { chunks: [{ page: 1 }, "bytes"], stopped: "enough" } },
  {
    task: "emit",
    result: [true, 0, "name"],
    afterwards: async ({ id }, { stem }) => {
      const printed = stem.queueEvents.watch("default", { from: 0, names: ["printed"] });
      for await (const event of printed) {
        if (event.id !== `${id}-1`) continue;
        expect(event).toMatchObject({ queue: "default", payload: { pages: 3 }, headers: { tenant: "a" } });
        break;
      }
    },
  },
  {
    task: "cancel",
    meanwhile: cancelAtFirstProgress,
    result: ["no longer needed", "no longer needed", true, false],
  },
  {
    task: "throw",
    options: { maxAttempts: 1 },
    failure: {
      type: "OutOfPaper",
      message: "tray 2 is empty",
      stack: expect.stringContaining("context-tasks"),
    },
  },
  { task: "throw-text", options: { maxAttempts: 1 }, failure: { type: "string", message: "'a text'" } },
  { task: "throw-for-good", failure: { type: "NonRetryable", nonRetryable: true } },
  {
    task: "reject",
    failure: undefined,
    afterwards: async (handle) => {
      expect(await handle.status()).toMatchObject({ state: "failed", reason: "rejected" });
    },
  },
  {
    task: "soft-limit",
    options: { softTimeLimitMs: 30, timeLimitMs: 60_000 },
    result: ["SoftTimeLimitExceeded", expect.stringContaining("30 ms"), false],
  },
  { task: "checkpoint", result: [{ page: 2 }, expect.stringContaining("65536 bytes")] },
  { task: "retry", result: 3 },
  { task: "too-large", failure: { type: "ResultTooLarge" } },
  {
    task: "submit",
    result: {
      ...{ result: 6, state: "succeeded", tags: ["a"], last: "succeeded", batch: [2, 4] },
      ...{ late: 1, wrong: "FIELD_INVALID", isNew: true },
    },
    afterwards: async ({ id }, { stem, taskOf }) => {
      const member = stem.handle(taskOf("canvas-add"), `member-of-${id}`);
      expect(await member.status()).toMatchObject({ parentId: id, rootId: id });
    },
  },
  { task: "take-results", result: [210, 20, true] },
  {
    task: "place",
    result: {
      own: "nowhere",
      said: [
        [true, "canvas", 0, 0],
        [true, "group 0", 0, null],
        [true, "canvas", 0, 0],
        [true, "group 0", 1, null],
      ],
      ...{ parents: [true, true], isFamily: true },
    },
  },
  { task: "replace", result: [101, "TypeError"] },
  { task: "add-to-group", result: [2, 2, 1, 0] },
  { task: "unwritable", failure: { type: "PayloadError", nonRetryable: true } },
];

describe.each(
  everyRunner.flatMap((runner) => [
    { runner, how: "one by one", ...alone },
    { runner, how: "in batches", ...inBatches },
  ]),
)("$runner, $how", ({ runner, tasks, module }) => {
  const ends: (() => Promise<void>)[] = [];
  let running: RunningRunner;
  beforeAll(async () => {
    const atEnd = (end: () => Promise<void>) => void ends.push(end);
    running = await startRunner(runner, tasks, {
      module,
      atEnd,
      concurrency: 2,
      queues: ["default", "other"],
    });
  });
  afterAll(async () => {
    for (const end of ends.toReversed()) await end();
  });

  test.each(rows)("the context in every runner: $task", async (row) => {
    const handle = await running.stem.enqueue(running.taskOf(row.task), row.args ?? [], row.options ?? {});
    const ended = handle.result({ timeoutMs: 50_000 }).then(
      (result) => ({ result }),
      (error: unknown) => ({ error: error as { failure?: object } }),
    );
    await row.meanwhile?.(handle, running);
    const end = await ended;
    if ("failure" in row)
      expect(end).toMatchObject({
        error: { name: "TaskFailedError", ...(row.failure && { failure: row.failure }) },
      });
    else expect(end).toEqual({ result: row.result });
    await row.afterwards?.(handle, running);
  });
});

test("every task of the module is a row, so nothing is left untried", () => {
  const shown = rows.map(({ task }) => task);
  expect(
    contextTasks
      .map(({ task }) => task.name)
      .filter((name) => name !== "child" && !name.startsWith("canvas-"))
      .toSorted(),
  ).toEqual(shown.toSorted());
});
