import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect, cron, defineTask, withInput } from "@stem/sdk";
import { createTestClock } from "@stem/sdk/testing";
import { createServer } from "@stem/server";
import { startTestServer } from "@stem/server/testing";
import { createWorker, implement } from "@stem/worker";
import { DrainTimeoutError, drainQueues } from "@stem/worker/testing";
import { expect, onTestFinished, test } from "vitest";
import { createRecordingLog } from "../../support/recording-log.ts";
import { until } from "../../support/until.ts";

const add = defineTask<[a: number, b: number], number>({ name: "add" });
const work = defineTask<[], string>({
  name: "work",
  options: { retry: { baseDelayMs: 10_000, jitter: "none" } },
});
const log = createRecordingLog();

/** A server without a port and a client of it, closed when the test is over. */
async function stem(options: Parameters<typeof startTestServer>[0] = {}) {
  const server = await startTestServer(options);
  const client = connect({ dial: server.dial });
  onTestFinished(async () => {
    await client.close();
    await server.close();
  });
  return { server, client, dial: server.dial };
}

test("a server, a producer and a worker live in one process without a port", async () => {
  const { client, dial } = await stem();
  const worker = createWorker({ dial, log, tasks: [implement(add, (_ctx, a, b) => a + b)] });
  onTestFinished(() => worker.stop());
  await worker.start();
  const sums = await client.enqueueMany(Array.from({ length: 500 }, (_, n) => add.call([n, 1])));
  expect(await Promise.all(sums.map((sum) => sum.result()))).toEqual(sums.map((_, n) => n + 1));
});

test("several embedded servers keep their tasks apart", async () => {
  const [one, two] = [await stem(), await stem()];
  await one.client.enqueue(add, [1, 1], { id: "sum" });
  expect((await two.client.enqueue(add, [2, 2], { id: "sum" })).deduplicated).toBe(false);
  const tasks = [implement(add, (_ctx, a, b) => a + b)];
  await drainQueues({ dial: two.dial, tasks });
  expect(await two.client.handle(add, "sum").result()).toBe(4);
  expect((await one.client.handle(add, "sum").status()).state).toBe("ready");
});

test("an embedded server that comes back finds its tasks in its file", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "stem-embedded-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const store = `sqlite:${folder}/stem.db`;
  const first = createServer({ store, log });
  await first.start();
  const client = connect({ dial: first.dial });
  await client.enqueue(add, [20, 22], { id: "sum" });
  await client.close();
  await first.close();
  const second = createServer({ store, log });
  await second.start();
  onTestFinished(() => second.close());
  await drainQueues({ dial: second.dial, tasks: [implement(add, (_ctx, a, b) => a + b)] });
  const again = connect({ dial: second.dial });
  expect(await again.handle(add, "sum").result()).toBe(42);
  await again.close();
});

test("a worker and a client come back to a server that was closed and replaced", async () => {
  const servers = [await startTestServer()];
  const dial = () => (servers.at(-1) ?? expect.fail()).dial();
  const client = connect({ dial });
  const worker = createWorker({ dial, log, graceMs: 0, tasks: [implement(add, (_ctx, a, b) => a + b)] });
  await worker.start();
  expect(await (await client.enqueue(add, [1, 1])).result()).toBe(2);
  await servers[0]?.close();
  servers.push(await startTestServer());
  expect(await (await client.enqueue(add, [2, 2])).result()).toBe(4);
  await worker.stop();
  await client.close();
  await servers[1]?.close();
});

test("draining runs all that waits, and what is enqueued meanwhile, in every queue", async () => {
  const { client, dial } = await stem();
  const countDown = defineTask<[n: number, queue: string]>({ name: "count-down" });
  const ran: number[] = [];
  const tasks = [
    implement(countDown, async (ctx, n, queue) => {
      ran.push(n);
      const other = queue === "a" ? "b" : "a";
      if (n > 0) await ctx.enqueue(countDown, [n - 1, other], { queue: other });
    }),
  ];
  await client.enqueue(countDown, [5, "a"], { queue: "a" });
  const drained = await drainQueues({ dial, tasks, queues: ["a", "b"] });
  expect(ran).toEqual([5, 4, 3, 2, 1, 0]);
  expect(drained).toHaveLength(6);
  expect(drained[0]).toMatchObject({ name: "count-down", attempt: 1, error: undefined });
  expect(await drainQueues({ dial, tasks, queues: ["a", "b", "never-used"] })).toEqual([]);
});

test("draining tells what handlers threw, and gives up with what is left", async () => {
  const { client, dial } = await stem();
  await client.enqueue(work);
  const boom = new Error("boom");
  const failing = implement(work, () => {
    throw boom;
  });
  expect(await drainQueues({ dial, log, tasks: [failing] })).toMatchObject([{ name: "work", error: boom }]);
  await client.enqueue(add, [1, 1], { queue: "stuck" });
  const hanging = implement(
    add,
    (ctx) => new Promise((_, reject) => ctx.signal.addEventListener("abort", reject)),
  );
  const given = drainQueues({ dial, log, tasks: [hanging], queues: ["stuck"], timeoutMs: 50 });
  // Whether a worker has it by then is up to the machine.
  await expect(given).rejects.toThrow(DrainTimeoutError);
  await expect(given).rejects.toSatisfy(({ ready, leased }: DrainTimeoutError) => ready + leased === 1);
});

test("delays and back-off pass when the clock is told so", async () => {
  const clock = createTestClock();
  const { client, dial } = await stem({ clock });
  let attempts = 0;
  const tasks = [
    implement(work, () => {
      attempts += 1;
      if (attempts < 3) throw new Error("not yet");
      return "done";
    }),
  ];
  const handle = await client.enqueue(work, [], { delayMs: 3_600_000 });
  const drain = () => drainQueues({ dial, log, clock, tasks });
  expect(await drain()).toEqual([]);
  await clock.jump(3_600_000);
  expect(await drain()).toMatchObject([{ attempt: 1 }]);
  await clock.advance(9999);
  expect(await drain()).toEqual([]);
  await clock.advance(1);
  expect(await drain()).toMatchObject([{ attempt: 2 }]);
  await clock.advance(20_000);
  expect(await drain()).toMatchObject([{ attempt: 3, error: undefined }]);
  expect(await handle.result()).toBe("done");
});

test("a date of the clock is a date of its server", async () => {
  const clock = createTestClock(new Date("2030-05-01T00:00:00Z"));
  const { client, dial } = await stem({ clock });
  await client.enqueue(add, [1, 2], { notBefore: new Date(clock.now() + 1000) });
  const tasks = [implement(add, (_ctx, a, b) => a + b)];
  expect(await drainQueues({ dial, clock, tasks })).toEqual([]);
  await clock.advance(1000);
  expect(await drainQueues({ dial, clock, tasks })).toHaveLength(1);
});

test("a worker on the clock keeps its leases through ten minutes that pass at once", async () => {
  const clock = createTestClock();
  const { client, dial } = await stem({ clock });
  const running = Promise.withResolvers<AbortSignal>();
  const end = Promise.withResolvers<string>();
  const slow = implement(work, (ctx) => {
    running.resolve(ctx.signal);
    return end.promise;
  });
  const worker = createWorker({ dial, clock, log, tasks: [slow], graceMs: 0 });
  onTestFinished(() => worker.stop());
  await worker.start();
  const handle = await client.enqueue(work);
  const signal = await running.promise;
  await clock.advance(600_000);
  expect(signal.aborted).toBe(false);
  expect(await handle.status()).toMatchObject({ state: "leased", deliveries: 1 });
  end.resolve("done");
  expect(await handle.result()).toBe("done");
});

test("a time limit passes with the clock", async () => {
  const clock = createTestClock();
  const { client, dial } = await stem({ clock });
  const stopped = implement(
    work,
    (ctx) =>
      new Promise<never>((_, reject) =>
        ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason)),
      ),
  );
  const worker = createWorker({ dial, clock, log, tasks: [stopped], graceMs: 0 });
  onTestFinished(() => worker.stop());
  await worker.start();
  const handle = await client.enqueue(work, [], { timeLimitMs: 60_000, maxAttempts: 1 });
  await until(async () => (await handle.status()).state === "leased", {
    deadlineMs: 50_000,
    what: "a lease",
  });
  await clock.advance(59_000);
  expect((await handle.status()).state).toBe("leased");
  await clock.advance(1000);
  await expect(handle.result()).rejects.toThrow("TimeLimitExceeded");
});

test("the lease of a worker that fell silent runs out with the clock, and another takes the task", async () => {
  const clock = createTestClock();
  const { server, client } = await stem({ clock });
  // Its connection is cut and it never dials again: silent, as a machine without power is.
  const cut: { destroy(): void }[] = [];
  const once = () => {
    const connection = cut.length === 0 ? server.dial() : createServer({ store: "memory:" }).dial();
    cut.push(connection);
    return connection;
  };
  const running = Promise.withResolvers<void>();
  const hanging = implement(work, () => {
    running.resolve();
    return new Promise<never>(() => undefined);
  });
  const dead = createWorker({ dial: once, clock: createTestClock(), log, tasks: [hanging], graceMs: 0 });
  await dead.start();
  const handle = await client.enqueue(work);
  await running.promise;
  cut[0]?.destroy();
  await clock.advance(30_000);
  expect(
    await drainQueues({ dial: server.dial, clock, tasks: [implement(work, () => "done")] }),
  ).toHaveLength(1);
  expect(await handle.status()).toMatchObject({ state: "succeeded", deliveries: 2 });
});

test("closing an embedded server cuts its drain short; the lease is kept for its worker", async () => {
  const { server, client } = await stem();
  const running = Promise.withResolvers<void>();
  const hanging = implement(work, (ctx) => {
    running.resolve();
    return new Promise<never>((_, reject) => ctx.signal.addEventListener("abort", reject));
  });
  const clock = createTestClock();
  const worker = createWorker({ dial: server.dial, clock, log, tasks: [hanging], graceMs: 0 });
  await worker.start();
  await client.enqueue(work);
  await running.promise;
  const drained = server.drain();
  await server.close();
  await drained;
  const stopped = worker.stop();
  await clock.advance(30_000);
  await stopped;
});

test("what follows a task is drained with it", async () => {
  const { client, dial } = await stem();
  const tasks = [implement(add, (_ctx, a, b) => a + b)];
  await client.enqueue(add, [1, 2], { link: [withInput(add, [10], { id: "sum" })] });
  expect((await drainQueues({ dial, tasks })).map(({ name }) => name)).toEqual(["add", "add"]);
  expect(await client.handle(add, "sum").result()).toBe(13);
});

test("schedules go by the clock of the test: days pass in a moment, a change of clocks among them", async () => {
  const clock = createTestClock(new Date("2027-03-27T00:00:00Z"));
  const { client, dial } = await stem({ clock });
  const spec = cron("30 2 * * *", { timeZone: "Europe/Paris" });
  await client.schedules.create("nightly", { spec, target: add.call([1, 2]) });
  for (let day = 0; day < 3; day += 1) await clock.jump(86_400_000);
  const slots = await Array.fromAsync(client.schedules.history("nightly"));
  expect(slots.map(({ slotAt }) => slotAt.toISOString())).toEqual([
    "2027-03-29T00:30:00.000Z",
    "2027-03-28T01:00:00.000Z",
    "2027-03-27T01:30:00.000Z",
  ]);
  const ran = await drainQueues({ dial, clock, tasks: [implement(add, (_ctx, a, b) => a + b)] });
  expect(ran.map(({ name, error }) => ({ name, error }))).toEqual(
    slots.map(() => ({ name: "add", error: undefined })),
  );
});
