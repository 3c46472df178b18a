import type { TaskHandle } from "@stem/sdk";
import { createWorker, implementBatch } from "@stem/worker";
import { describe, expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { batchTasks, type Told, words } from "./batch-tasks.ts";
import { everyRunner, startRunner } from "./every-runner.ts";

const module = new URL("./batch-tasks.ts", import.meta.url);

const timeoutMs = 50_000;
const patience = { deadlineMs: timeoutMs, everyMs: 10 };
const endOf = (handle: TaskHandle<Told | string>): Promise<unknown> =>
  handle.result({ timeoutMs }).catch((error: unknown) => error);
const isAtWork = (handle: TaskHandle<unknown>): Promise<string> =>
  until(async () => (await handle.status()).progress?.message, { ...patience, what: "a task at work" });

const settings = { module, concurrency: 4, prefetchMax: 0, abortGraceMs: 100 };
const startIn = (runner: Parameters<typeof startRunner>[0], options = {}) =>
  startRunner(runner, batchTasks, { ...settings, ...options });

describe.each(everyRunner)("%s", (runner) => {
  test("one call gets as many as there may be, in one place, and settles each apart, at once", async () => {
    const { stem } = await startIn(runner);
    const handles = await stem.enqueueMany(["now", "bad", "now", "stop"].map((word) => words.call([word])));
    const [first, bad, second, last] = await Promise.all(handles.slice(0, 3).map(endOf)).then((ends) => [
      ...ends,
      handles[3],
    ]);
    expect(first).toEqual({ place: expect.any(String), size: 4 });
    expect(second).toEqual(first);
    expect(bad).toMatchObject({ failure: { type: "RangeError", message: "not a word" } });
    const { place } = first as Told;
    if (runner === "in process") expect(place).toBe(`${process.pid}/0`);
    else expect(place).toMatch(runner === "thread" ? new RegExp(`^${process.pid}/[1-9]`) : /^\d+\/0$/);
    // The others have ended while this one still ran.
    expect(await (last as TaskHandle<unknown>).status()).toMatchObject({ state: "leased" });
    await (last as TaskHandle<unknown>).cancel();
    expect(await endOf(last as TaskHandle<string>)).toBe("true");
  });

  test("one that is cancelled while it waits for others leaves, and they wait on", async () => {
    const { stem } = await startIn(runner);
    const gone = await stem.enqueue(words, ["now"]);
    await until(async () => (await gone.status()).state === "leased", { ...patience, what: "its lease" });
    await gone.cancel("not needed");
    expect(await endOf(gone)).toMatchObject({ name: "TaskCancelledError" });
    const handles = await stem.enqueueMany(["now", "now", "now", "now"].map((word) => words.call([word])));
    expect(await Promise.all(handles.map(endOf))).toEqual(
      handles.map(() => ({ place: expect.any(String), size: 4 })),
    );
  });
});

describe.each(["thread", "process"] as const)("a %s with a batch", (runner) => {
  test("is not ended because one of its tasks is cancelled, and is when all are that it still has", async () => {
    const { stem, log } = await startIn(runner);
    const [never, late, other, done] = await stem.enqueueMany(
      ["never", "late", "never", "now"].map((word) => words.call([word])),
    );
    if (!never || !late || !other || !done) throw new Error("four were enqueued");
    await Promise.all([never, late, other].map(isAtWork));
    await never.cancel();
    const told = { place: expect.any(String), size: 4 };
    expect(await endOf(done)).toEqual(told);
    expect(await endOf(late), "it has gone on").toEqual(told);
    expect(await never.status()).toMatchObject({ state: "leased" });
    expect(log.lines.filter(({ text }) => text === "a child has ended")).toEqual([]);
    await other.cancel();
    for (const handle of [never, other])
      expect(await endOf(handle)).toMatchObject({ name: "TaskCancelledError" });
  });

  test("that ends by itself or by force fails what it still had, and nothing that had ended", async () => {
    const { stem } = await startIn(runner);
    const rows = [
      ["leave", undefined, {}],
      ["never", "TimeLimitExceeded", { timeLimitMs: 300 }],
    ] as const;
    for (const [word, type, options] of rows) {
      const calls = ["now", "stop", "stop"].map((each) => words.call([each]));
      const [done, ...lost] = await stem.enqueueMany([...calls, words.call([word], options)]);
      expect(await endOf(done as TaskHandle<Told>)).toMatchObject({ size: 4 });
      if (word === "leave") await lost.at(-1)?.cancel();
      const types = (await Promise.all(lost.map(endOf))).map(
        (error) => (error as { failure?: { type: string } }).failure?.type,
      );
      expect(types, word).toEqual(["RunnerLost", "RunnerLost", type]);
    }
  });

  test("is replaced after as many tasks as it may run, each counted", async () => {
    const { stem } = await startIn(runner, { recycle: { afterTasks: 8 } });
    const places: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const handles = await stem.enqueueMany(["now", "now", "now", "now"].map((word) => words.call([word])));
      const [end] = await Promise.all(handles.map(endOf));
      places.push((end as Told).place);
    }
    const [first] = places;
    expect(places).toEqual([first, first, expect.any(String)]);
    expect(places[2]).not.toBe(first);
  });

  test("that no worker could fill is refused", () => {
    const tasks = [implementBatch(words, { sizeMax: 11, waitMs: 1 }, { runner, module })];
    expect(() => createWorker({ tasks, concurrency: 10 })).toThrow(/concurrency must be at least 11/);
  });
});
