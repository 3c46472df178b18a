import { expect, test } from "vitest";
import { queueNameOf } from "../../server/src/model/ids.ts";
import type { Subscription } from "../../server/src/model/queue-tier.ts";
import { openRooms } from "../support/rooms.ts";
import type { ScriptedWorker } from "../support/scripted-worker.ts";

const strict = (queue: string): Subscription => ({ queue: queueNameOf(queue), mode: "strict", weight: 1 });
const weighted = (queue: string, weight: number): Subscription => ({
  queue: queueNameOf(queue),
  mode: "weighted",
  weight,
});

const many = (queue: string, count: number, priority?: number) =>
  Array.from({ length: count }, () => ({ queue, priority }));

/** Takes tasks and settles them, and says from which queues they came. */
async function work(worker: ScriptedWorker, count: number, atOnce: number): Promise<string[]> {
  const queues: string[] = [];
  while (queues.length < count) {
    const leases = await worker.take(atOnce);
    for (const lease of leases) queues.push(lease.queue);
    worker.session.credit(worker.session.lastSeq, atOnce);
    await worker.session.settle(
      leases.map(({ token }) => ({ token, outcome: { kind: "succeeded", result: undefined } })),
    );
  }
  return queues;
}

test.each([
  { atOnce: 1, how: "one at a time" },
  { atOnce: 7, how: "a few at a time" },
  { atOnce: 100, how: "in batches" },
])("queues with weights 3 and 1 are served 3 to 1, $how", async ({ atOnce }) => {
  const rooms = await openRooms();
  for (let round = 0; round < 10; round += 1)
    await rooms.enqueue(...many("large", 1000, 0), ...many("small", 1000, 9));
  const worker = await rooms.worker({ queues: [weighted("large", 3), weighted("small", 1)], credit: atOnce });
  const queues = await work(worker, 10_000, atOnce);
  const share = queues.filter((queue) => queue === "large").length / queues.length;
  expect(share).toBeGreaterThan(0.75 * 0.98);
  expect(share).toBeLessThan(0.75 * 1.02);
  await rooms.close();
});

test("a queue that was empty for long is not owed the turns that it missed", async () => {
  const rooms = await openRooms();
  await rooms.enqueue(...many("busy", 300));
  const worker = await rooms.worker({ queues: [weighted("busy", 1), weighted("idle", 1)], credit: 1 });
  await work(worker, 200, 1);
  await rooms.enqueue(...many("idle", 100));
  const queues = await work(worker, 20, 1);
  expect(queues.filter((queue) => queue === "busy").length).toBeGreaterThanOrEqual(9);
  await rooms.close();
});

test("a strict queue goes first whenever it has something, although others have higher priorities", async () => {
  const rooms = await openRooms();
  await rooms.enqueue(...many("bulk", 3, 9), ...many("urgent", 2, 0));
  const worker = await rooms.worker({ queues: [strict("urgent"), "bulk"], credit: 1 });
  expect(await work(worker, 3, 1)).toEqual(["urgent", "urgent", "bulk"]);
  await rooms.enqueue(...many("urgent", 1, 0));
  expect(await work(worker, 3, 1)).toEqual(["urgent", "bulk", "bulk"]);
  await rooms.close();
});

test("without modes, tasks of all queues come by priority and then by age", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ queue: "a" }, { queue: "b", priority: 9 }, { queue: "b" }, { queue: "a" });
  const worker = await rooms.worker({ queues: ["a", "b"], credit: 1 });
  expect(await work(worker, 4, 1)).toEqual(["b", "a", "b", "a"]);
  await rooms.close();
});
