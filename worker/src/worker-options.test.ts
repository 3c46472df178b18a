import { expect, test } from "vitest";
import { defaultName, settingsOf, type WorkerOptions } from "./worker-options.ts";

test("only the tasks have no default", () => {
  expect(settingsOf({ tasks: [] })).toMatchObject({
    queues: [{ name: "default" }],
    labels: {},
    concurrency: 10,
    prefetchMax: 1000,
    graceMs: Number.POSITIVE_INFINITY,
    softGraceMs: 30_000,
    abortGraceMs: 5000,
    autoscale: undefined,
    recycle: { afterTasks: undefined, memoryBytesMax: undefined, idleMs: 30_000 },
    handleSignals: true,
    namespace: undefined,
  });
  expect(settingsOf({ tasks: [] }).name).toMatch(/^\S+:\d+$/);
});

test("the default name is one that the server takes, whatever the host is called", () => {
  expect(defaultName("build-7.example", 42)).toBe("build-7.example:42");
  expect(defaultName("Björns Mac", 42)).toBe("Bj-rns-Mac:42");
  expect(defaultName("x".repeat(1000), 42)).toMatch(/^x{200}:42$/);
});

test.each<[Partial<WorkerOptions>, string]>([
  [{ concurrency: 0 }, "concurrency must be a whole number from 1 to 10000; it is 0"],
  [{ concurrency: 2.5 }, "concurrency must be a whole number"],
  [{ prefetchMax: -1 }, "prefetchMax must be a whole number from 0 to 10000; it is -1"],
  [{ graceMs: Number.NaN }, "graceMs must be a number of milliseconds, 0 or more"],
  [{ softGraceMs: -1 }, "softGraceMs must be a number of milliseconds, 0 or more"],
  [{ abortGraceMs: -1 }, "abortGraceMs must be a number of milliseconds, 0 or more"],
  [{ recycle: { afterTasks: 0 } }, "recycle.afterTasks must be a whole number, 1 or more"],
  [{ recycle: { memoryBytesMax: 0.5 } }, "recycle.memoryBytesMax must be a whole number, 1 or more"],
  [{ recycle: { idleMs: -1 } }, "recycle.idleMs must be a number of milliseconds"],
  [{ concurrency: 2, autoscale: { max: 3 } }, "autoscale.max must be a whole number from 1 to 2"],
  [{ queues: [] }, "queues must be at least one name"],
  [
    { channels: ["news"] },
    "name must be a name that the worker keeps over restarts, where there are channels",
  ],
])("the options %j are refused", (options, fault) => {
  expect(() => settingsOf({ tasks: [], ...options })).toThrow(fault);
});
