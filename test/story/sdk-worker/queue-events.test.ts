import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect, defineTask, type QueueEvent, type StemClient } from "@stem/sdk";
import { startServer } from "@stem/server";
import { implement } from "@stem/worker";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../support/free-port.ts";
import { createRecordingLog } from "../../support/recording-log.ts";
import { configOf, startStem } from "../../support/whole-stem.ts";

/** The next events that somebody watches, so many. */
async function take(events: AsyncIterable<QueueEvent>, count: number): Promise<QueueEvent[]> {
  const taken: QueueEvent[] = [];
  for await (const event of events) if (taken.push(event) === count) break;
  return taken;
}

const names = (events: readonly QueueEvent[]): string[] => events.map(({ name }) => name);

test("who watches a queue hears of its events, with all they carry, and of no other queue's", async () => {
  const { stem } = await startStem();
  await stem.queueEvents.emit("orders", "paid", { order: 7 }, { headers: { tenant: "a" }, id: "e-1" });
  await stem.queueEvents.emit("mails", "bounced");
  const [event] = await take(stem.queueEvents.watch("orders", { from: 0 }), 1);
  expect(event).toEqual({
    ...{ offset: 0, id: "e-1", queue: "orders", name: "paid", payload: { order: 7 } },
    ...{ headers: { tenant: "a" }, emittedAt: expect.any(Date) },
  });
  expect(
    await stem.queueEvents.emit("orders", "paid", { order: 7 }, { headers: { tenant: "a" }, id: "e-1" }),
  ).toEqual({
    ...{ id: "e-1", offset: 0, deduplicated: true },
  });
  await expect(stem.queueEvents.emit("orders", "paid", { order: 8 }, { id: "e-1" })).rejects.toMatchObject({
    reason: "QUEUE_EVENT_EXISTS",
  });
});

test("every watcher, of any client, gets every event that it asked for", async () => {
  const { stem, url } = await startStem();
  const other = connect(url);
  onTestFinished(() => other.close());
  await stem.queueEvents.emit("orders", "paid", "old");
  const watchers = [
    take(stem.queueEvents.watch("orders", { from: 1 }), 3),
    take(other.queueEvents.watch("orders", { from: 1 }), 3),
    take(other.queueEvents.watch("orders", { from: 0, names: ["paid"] }), 3),
  ];
  for (const name of ["sent", "paid", "paid"]) await other.queueEvents.emit("orders", name);
  expect((await Promise.all(watchers)).map(names)).toEqual([
    ["sent", "paid", "paid"],
    ["sent", "paid", "paid"],
    ["paid", "paid", "paid"],
  ]);
});

test("a watcher that was away goes on where it was, over a restart of the server, and misses nothing", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "stem-events-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const port = await freePort();
  const start = () =>
    startServer(configOf({ store: { url: `sqlite:${path.join(folder, "stem.db")}` }, listen: { port } }), {
      log: createRecordingLog(),
    });
  const first = await start();
  const stem: StemClient = connect(first.url);
  const watched = take(stem.queueEvents.watch("orders", { from: 0 }), 3);
  await stem.queueEvents.emit("orders", "one");
  await first.close();
  const second = await start();
  onTestFinished(() => second.close());
  onTestFinished(() => stem.close());
  for (const name of ["two", "three"]) await stem.queueEvents.emit("orders", name);
  expect(names(await watched)).toEqual(["one", "two", "three"]);
});

test("a watcher that comes too late for some is told how many", async () => {
  const { stem } = await startStem({ limits: { queueEventsMax: 2 } });
  for (const name of ["a", "b", "c", "d"]) await stem.queueEvents.emit("orders", name);
  const gaps: object[] = [];
  const onDropped = (gap: object): void => void gaps.push(gap);
  expect(names(await take(stem.queueEvents.watch("orders", { from: 0, onDropped }), 2))).toEqual(["c", "d"]);
  expect(gaps).toEqual([{ keptFrom: 2, dropped: 2 }]);
});

test("a handler makes events known on its task's queue", async () => {
  const { stem, work } = await startStem();
  const pay = defineTask<[order: number], void>({ name: "pay", options: { queue: "orders" } });
  await work({ tasks: [implement(pay, async (ctx, order) => void (await ctx.emit("paid", { order })))] });
  await stem.enqueue(pay, [7]);
  const [event] = await take(stem.queueEvents.watch("orders", { from: 0 }), 1);
  expect(event).toMatchObject({ name: "paid", payload: { order: 7 } });
});
