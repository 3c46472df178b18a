import { expect, test } from "vitest";
import { openRooms } from "../../../test/support/rooms.ts";
import { defaultNamespace, type Instant, plus, queueNameOf } from "../model/ids.ts";
import { type Limits, limits } from "../model/limits.ts";
import type { Store } from "../ports/store.ts";
import { pruneOnce, prunersOf } from "./pruners.ts";

const hourMs = 3_600_000;

/** One round of a pruner that removes two at once. */
function prune(store: Store, name: string, now: Instant, bounds: Partial<Limits> = {}): Promise<number> {
  const pruner = prunersOf({ store, limits: { ...limits, ...bounds } }).find((one) => one.name === name);
  if (pruner === undefined) throw new Error(`there is no ${name}`);
  return pruneOnce(pruner, 2, now);
}

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
  const now = rooms.clock.now();
  expect(await prune(rooms.store, "result-pruner", now)).toBe(0);
  expect(await prune(rooms.store, "result-pruner", now)).toBe(10_000);
  await rooms.close();
});

test("events are dropped by age and by size, and a full batch is followed by the next at once", async () => {
  const rooms = await openRooms({ limits: { eventRetentionMs: hourMs } });
  for (const id of ["a", "b", "c"]) await rooms.enqueue({ id });
  const eventCount = async () => (await rooms.store.readEvents(undefined, 100)).events.length;
  expect(await eventCount()).toBe(3);
  const now = rooms.clock.now();
  expect(await prune(rooms.store, "event-pruner", now, { eventRetentionMs: hourMs })).toBe(10_000);
  expect(await eventCount()).toBe(3);
  expect(await prune(rooms.store, "event-pruner", now, { eventBytesMax: 0 })).toBe(0);
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
  const later = plus(rooms.clock.now(), 1);
  expect(await prune(rooms.store, "queue-event-pruner", later, { queueEventRetentionMs: 0 })).toBe(0);
  expect(await read()).toBe(1);
  await rooms.clock.jump(hourMs + 1);
  await rooms.clock.advance(15_000);
  expect(await read()).toBe(0);
  await rooms.close();
});
