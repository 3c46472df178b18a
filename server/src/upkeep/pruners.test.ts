import { expect, test } from "vitest";
import { openRooms } from "../../../test/support/rooms.ts";
import { defaultNamespace, plus, queueNameOf } from "../model/ids.ts";
import { pruneEventsOnce } from "./event-pruner.ts";
import { pruneQueueEventsOnce } from "./queue-event-pruner.ts";
import { pruneResultsOnce } from "./result-pruner.ts";

const hourMs = 3_600_000;

test("a result is kept for its retention, its id for a day more, and then nothing", async () => {
  const rooms = await openRooms();
  const again = { id: "a", policy: { retentionMs: hourMs } };
  await rooms.enqueue(again);
  const worker = await rooms.worker();
  await worker.succeed(await worker.takeOne());
  await rooms.clock.jump(hourMs - 1);
  expect(await rooms.read("a")).toMatchObject({ state: "succeeded" });

  await rooms.clock.advance(15_000);
  await expect(rooms.read("a")).rejects.toMatchObject({ problem: { reason: "TASK_UNKNOWN" } });
  await rooms.enqueue(again);
  await expect(rooms.read("a"), "its id is remembered").rejects.toThrow();
  await rooms.clock.jump(24 * hourMs);
  await rooms.clock.advance(15_000);
  await rooms.enqueue(again);
  expect(await rooms.read("a")).toMatchObject({ state: "ready" });
  await rooms.close();
});

test("a full batch is followed by the next at once", async () => {
  const rooms = await openRooms();
  await rooms.enqueue(...["a", "b", "c"].map((id) => ({ id, policy: { retentionMs: 0 } })));
  const worker = await rooms.worker();
  for (const lease of await worker.take()) await worker.succeed(lease);
  const options = { intervalMs: 10_000, batchRowsMax: 2 };
  const now = rooms.clock.now();
  expect(await pruneResultsOnce(rooms, options, now)).toBe(0);
  expect(await pruneResultsOnce(rooms, options, now)).toBe(10_000);
  await rooms.close();
});

test("events are dropped by age and by size, and a full batch is followed by the next at once", async () => {
  const rooms = await openRooms({ limits: { eventRetentionMs: hourMs } });
  for (const id of ["a", "b", "c"]) await rooms.enqueue({ id });
  const eventCount = async () => (await rooms.store.readEvents(undefined, 100)).events.length;
  expect(await eventCount()).toBe(3);
  const options = { intervalMs: 10_000, batchRowsMax: 2, retentionMs: hourMs, bytesMax: 1_000_000 };
  expect(await pruneEventsOnce(rooms, options, rooms.clock.now())).toBe(10_000);
  expect(await eventCount()).toBe(3);
  expect(await pruneEventsOnce(rooms, { ...options, bytesMax: 0 }, rooms.clock.now())).toBe(0);
  expect(await eventCount()).toBeLessThanOrEqual(1);
  await rooms.clock.jump(hourMs + 1);
  await rooms.clock.advance(15_000);
  expect(await eventCount()).toBe(0);
  await rooms.close();
});

test("events of queues are dropped by age, and a full batch is followed by the next at once", async () => {
  const rooms = await openRooms({ limits: { queueEventRetentionMs: hourMs } });
  const ref = { namespace: defaultNamespace, queue: queueNameOf("orders") };
  for (const id of ["a", "b", "c"])
    await rooms.store.emitQueueEvent({
      ref,
      id,
      name: "paid",
      body: new Uint8Array(),
      now: rooms.clock.now(),
    });
  const read = async () => {
    const query = { ref, from: 0, names: [], limit: 10, bytesMax: 1000 };
    return (await rooms.store.readQueueEvents(query)).events.length;
  };
  const options = { intervalMs: 10_000, batchRowsMax: 2, retentionMs: 0 };
  expect(await pruneQueueEventsOnce(rooms, options, plus(rooms.clock.now(), 1))).toBe(0);
  expect(await read()).toBe(1);
  await rooms.clock.jump(hourMs + 1);
  await rooms.clock.advance(15_000);
  expect(await read()).toBe(0);
  await rooms.close();
});
