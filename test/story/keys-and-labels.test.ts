import { expect, test } from "vitest";
import type { Lease } from "../../server/src/broker/broker.ts";
import { defaultNamespace } from "../../server/src/model/ids.ts";
import { tiesOf } from "../support/new-task.ts";
import { openRooms, queueRefOf } from "../support/rooms.ts";

test("a tenant with twenty thousand tasks keeps another waiting for one task, not for all", async () => {
  const rooms = await openRooms();
  const of = (fairnessKey: string, count: number) =>
    Array.from({ length: count }, (_, i) => ({ id: `${fairnessKey}-${i}`, ties: tiesOf({ fairnessKey }) }));
  for (let i = 0; i < 20; i += 1)
    await rooms.enqueue(
      ...of(`big-${i}`, 1000).map((each) => ({ ...each, ties: tiesOf({ fairnessKey: "big" }) })),
    );
  const worker = await rooms.worker();
  for (let i = 0; i < 50; i += 1) await worker.succeed(await worker.takeOne());
  await rooms.enqueue(...of("small", 2));
  const next = [
    await worker.takeOne(),
    await worker.takeOne(),
    await worker.takeOne(),
    await worker.takeOne(),
  ];
  expect(next.filter(({ taskId }) => taskId.startsWith("small"))).toHaveLength(2);
  await rooms.close();
});

test("a tenant with weight three gets three of four, as long as both have work", async () => {
  const rooms = await openRooms();
  await rooms.broker.putWeight(queueRefOf(), { key: "gold", weight: 3 });
  for (const key of ["gold", "iron"])
    await rooms.enqueue(
      ...Array.from({ length: 200 }, (_, i) => ({ id: `${key}-${i}`, ties: tiesOf({ fairnessKey: key }) })),
    );
  const worker = await rooms.worker();
  const taken: Lease[] = [];
  while (taken.length < 80) taken.push(...(await worker.take(80 - taken.length)));
  expect(taken.filter(({ taskId }) => taskId.startsWith("gold"))).toHaveLength(60);
  await rooms.close();
});

test("a stream gets tasks of a queue with turns a few at a time, and goes on at once while there are more", async () => {
  const rooms = await openRooms({ limits: { turnsPerGrantMax: 8 } });
  await rooms.enqueue(
    ...Array.from({ length: 20 }, (_, i) => ({ id: `t${i}`, ties: tiesOf({ fairnessKey: "big" }) })),
  );
  const worker = await rooms.worker();
  const sizes: number[] = [];
  // Nobody looks around meanwhile: the clock stands still.
  while (sizes.reduce((sum, size) => sum + size, 0) < 20) sizes.push((await worker.take(100)).length);
  expect(sizes).toEqual([8, 8, 4]);
  await rooms.close();
});

test("tasks of one order run one by one in the order of acceptance, whoever works and whatever fails", async () => {
  const rooms = await openRooms({ defaults: { retryBaseMs: 1000 } });
  const ties = tiesOf({ orderingKey: "invoice-7" });
  await rooms.enqueue(...["a", "b", "c"].map((id) => ({ id, ties })));
  const [first, second] = [await rooms.worker({ name: "first" }), await rooms.worker({ name: "second" })];
  const a = await first.takeOne();
  await rooms.clock.advance(10_000);
  expect(await rooms.read("b")).toMatchObject({
    state: "ready",
    gate: { kind: "ordering", subject: "invoice-7" },
  });
  await first.fail(a);
  const again = second.takeOne();
  await rooms.clock.advance(120_000);
  expect((await again).taskId).toBe("a");
  await second.succeed(await again);
  const b = await first.takeOne();
  expect(b.taskId).toBe("b");
  await first.succeed(b);
  expect((await second.takeOne()).taskId).toBe("c");
  await rooms.close();
});

test("a task that needs a label waits for a worker who has it, and is told to that one at once", async () => {
  const rooms = await openRooms();
  const wait = (labels: Record<string, string> | undefined) =>
    rooms.broker.lease(
      {
        namespace: defaultNamespace,
        queues: [queueRefOf().queue],
        worker: "w",
        limit: 1,
        labels,
        waitMs: 5000,
      },
      new AbortController().signal,
    );
  const without = wait(undefined);
  const wrong = wait({ gpu: "no" });
  const right = wait({ gpu: "yes", region: "eu" });
  await rooms.enqueue({ id: "render", ties: tiesOf({ labels: { gpu: "yes" } }) });
  // Nobody looks around before that: the next round is two seconds away.
  expect((await right).leases.map(({ taskId }) => taskId)).toEqual(["render"]);
  await rooms.enqueue({ id: "free" });
  const { leases } = await Promise.race([without, wrong]);
  expect(leases.map(({ taskId }) => taskId)).toEqual(["free"]);
  await rooms.close();
});

test("a name that is stopped, a paused queue and a label that nobody has do not keep the other tasks of a key", async () => {
  const rooms = await openRooms();
  const limit = { namespace: defaultNamespace, concurrency: 1, rate: undefined };
  await rooms.broker.putLimit({ ...limit, kind: "key", subject: "tenant" });
  await rooms.broker.putLimit({ ...limit, kind: "name", subject: "stopped", concurrency: 0 });
  await rooms.broker.pauseQueue(queueRefOf("paused"), "test");
  const limitKey = "tenant";
  await rooms.enqueue(
    { id: "a", name: "stopped" as never, ties: tiesOf({ limitKey }) },
    { id: "b", queue: "paused", ties: tiesOf({ limitKey }) },
    { id: "c", ties: tiesOf({ limitKey, labels: { gpu: "yes" } }) },
    { id: "d", ties: tiesOf({ limitKey }) },
  );
  const worker = await rooms.worker({ queues: ["default", "paused"] });
  const lease = await worker.takeOne();
  expect(lease.taskId).toBe("d");
  await worker.succeed(lease);
  await rooms.broker.resumeQueue(queueRefOf("paused"));
  expect((await worker.takeOne()).taskId).toBe("b");
  await rooms.close();
});
