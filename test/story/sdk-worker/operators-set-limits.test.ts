import { defineTask } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, test } from "vitest";
import { startStem } from "../../support/whole-stem.ts";

const work = defineTask<[], string>({ name: "work" });

test("a limit is put, read with what it does, listed and taken away", async () => {
  const { stem } = await startStem();
  await stem.enqueueMany([work.call([], { limitKey: "acme" }), work.call([], { limitKey: "acme" })]);
  const rate = { count: 10, periodMs: 1000, burst: 2 };
  expect(await stem.limits.put({ key: "acme" }, { concurrency: 0, rate })).toMatchObject({
    on: { kind: "key", subject: "acme" },
    ...{ concurrency: 0, rate, pause: undefined, leased: 0, waiting: 2 },
  });
  await stem.limits.put({ queue: "default" }, { concurrency: 5 });
  await stem.limits.put({ taskName: "work" }, { concurrency: 5 });
  const subjects = (await Array.fromAsync(stem.limits.list())).map(({ on }) => on);
  expect(subjects).toEqual([
    { kind: "queue", subject: "default" },
    { kind: "taskName", subject: "work" },
    { kind: "key", subject: "acme" },
  ]);
  await stem.limits.delete({ key: "acme" });
  await expect(stem.limits.get({ key: "acme" })).rejects.toMatchObject({ reason: "LIMIT_UNKNOWN" });
});

test("a name is paused by its operator, says so where it waits, and runs when it is resumed", async () => {
  const { stem, work: start } = await startStem();
  const said = { reason: "deploy", requester: "ada", resumeAfterMs: 600_000 };
  const { pause } = await stem.limits.pauseTasks({ taskName: "work" }, said);
  expect(pause).toMatchObject({ reason: "deploy", by: "ada" });
  await start({ tasks: [implement(work, () => "done")] });
  const handle = await stem.enqueue(work, []);
  const { causes } = await handle.explain();
  expect(causes[0]).toMatchObject({
    kind: "limit_paused",
    text: expect.stringContaining('"work" is paused by ada (deploy)'),
    until: pause?.resumesAt,
    limit: { on: { kind: "taskName", subject: "work" }, pause: { by: "ada" }, room: 0 },
  });
  await stem.limits.resumeTasks({ taskName: "work" });
  expect(await handle.result()).toBe("done");
});

test("keys are weighed against each other", async () => {
  const { stem } = await startStem();
  await stem.limits.putWeight("default", "big", 3);
  await stem.limits.putWeight("default", "bigger", 9);
  expect(await Array.fromAsync(stem.limits.weights("default"))).toEqual([
    { key: "big", weight: 3 },
    { key: "bigger", weight: 9 },
  ]);
});
