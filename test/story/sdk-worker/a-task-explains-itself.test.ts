import { defineTask } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { startStem } from "../../support/whole-stem.ts";

const print = defineTask<[page: number], void>({ name: "print" });

test("a handle tells why its task does not run, and then who runs it", async () => {
  const { stem, work } = await startStem();
  await stem.queues.pause("default", { reason: "toner", requester: "ada", resumeAfterMs: 3_600_000 });
  const task = await stem.enqueue(print, [1], { requiredLabels: { paper: "a3" }, fairnessKey: "office" });
  const { causes, ...waiting } = await task.explain();
  expect(waiting).toEqual({ state: "ready", reason: undefined, queue: "default", isStartable: false });
  expect(causes).toMatchObject([
    { kind: "queue_paused", until: expect.any(Date), pause: { reason: "toner", by: "ada" } },
    { kind: "no_worker", text: "No worker takes tasks of its queue here." },
    { kind: "in_line", line: { ahead: 0, isMore: false, fairnessKey: "office" } },
  ]);

  const other = defineTask<[], void>({ name: "other" });
  await work({ name: "clerk", tasks: [implement(other, () => undefined)], labels: { paper: "a3" } });
  await stem.queues.resume("default");
  const unknown = await until(
    async () => {
      const { causes } = await stem.tasks.explain(task.id);
      return causes.find(({ kind }) => kind === "scheduled");
    },
    { deadlineMs: 50_000, what: "the task to come back from a worker that does not know it" },
  );
  expect(unknown).toMatchObject({ text: expect.stringContaining("unknown_name"), until: expect.any(Date) });
  const { causes: known } = await stem.tasks.explain(task.id);
  expect(known).toMatchObject([{ kind: "scheduled" }, { kind: "name_unknown", workers: { count: 1 } }]);
});

test("a task of an order tells which one it waits for, and that one tells who runs it", async () => {
  const { stem, work } = await startStem();
  let go = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  await work({ name: "press", tasks: [implement(print, () => gate)], concurrency: 1, prefetchMax: 0 });
  const [first, second] = await stem.enqueueMany([
    print.call([1], { orderingKey: "book" }),
    print.call([2], { orderingKey: "book" }),
  ]);
  const running = await until(
    async () => (await first.explain()).causes.find(({ kind }) => kind === "running"),
    { deadlineMs: 50_000, what: "the first to run" },
  );
  expect(running).toMatchObject({ lease: { worker: "press", attempt: 1 }, until: expect.any(Date) });
  expect((await second.explain()).causes).toMatchObject([
    { kind: "order", order: { orderingKey: "book", firstTaskId: first.id, firstState: "leased" } },
    { kind: "workers_busy", workers: { count: 1, requiredLabels: {} } },
    { kind: "in_line", line: { ahead: 0 } },
  ]);
  go();
  await second.result();
  expect((await second.explain()).causes).toMatchObject([{ kind: "ended" }]);
});
