import { expect, test } from "vitest";
import type { Lease } from "../../server/src/broker/broker.ts";
import type { GateLimit, LimitKind } from "../../server/src/model/gate.ts";
import { defaultNamespace, taskNameOf } from "../../server/src/model/ids.ts";
import { tiesOf } from "../support/new-task.ts";
import { openRooms, type Rooms } from "../support/rooms.ts";

const limit = (rooms: Rooms, kind: LimitKind, subject: string, bound: Partial<GateLimit>) =>
  rooms.broker.putLimit({
    ...{ concurrency: undefined, rate: undefined },
    ...bound,
    namespace: defaultNamespace,
    kind,
    subject,
  });
const keyed = (id: string, limitKey = "printer", more = {}) => ({ id, ties: tiesOf({ limitKey }), ...more });

for (const { kind, subject } of [
  { kind: "queue", subject: "default" },
  { kind: "name", subject: "test.work" },
  { kind: "key", subject: "printer" },
] as const) {
  test(`a ${kind} that may run two tasks at once runs two, whoever asks, and the next as soon as one ends`, async () => {
    const rooms = await openRooms();
    await limit(rooms, kind, subject, { concurrency: 2 });
    await rooms.enqueue(...["a", "b", "c"].map((id) => keyed(id)));
    const [first, second] = await Promise.all([rooms.worker(), rooms.worker()]);
    const running = await first.takeOne();
    await second.takeOne();
    let third: Lease | undefined;
    const next = second.takeOne().then((lease) => {
      third = lease;
    });
    await rooms.clock.advance(10_000);
    expect(third).toBeUndefined();
    await first.succeed(running);
    await next;
    expect(third?.taskId).toBe("c");
    await rooms.close();
  });

  test(`a ${kind} with a rate gives a task each time its time has come, and nobody polls for it`, async () => {
    const rooms = await openRooms();
    await limit(rooms, kind, subject, { rate: { count: 2, periodMs: 1000, burst: 1 } });
    await rooms.enqueue(...["a", "b", "c", "d"].map((id) => keyed(id)));
    const worker = await rooms.worker();
    const startedAt = rooms.clock.now();
    const times: number[] = [];
    const working = (async () => {
      while (times.length < 4)
        for (const _ of await worker.take(10)) times.push(rooms.clock.now() - startedAt);
    })();
    await rooms.clock.advance(2000);
    await working;
    expect(times).toEqual([0, 500, 1000, 1500]);
    await rooms.close();
  });
}

test("a task that waits at a gate lets those behind it pass, and says where it waits", async () => {
  const rooms = await openRooms();
  await limit(rooms, "key", "printer", { concurrency: 0 });
  await rooms.enqueue(keyed("stuck", "printer", { priority: 9 }), { id: "free" });
  const worker = await rooms.worker();
  expect((await worker.takeOne()).taskId).toBe("free");
  expect((await rooms.read("stuck")).gate).toEqual({ kind: "key", subject: "printer" });
  await rooms.broker.deleteLimit({ namespace: defaultNamespace, kind: "key", subject: "printer" });
  expect((await worker.takeOne()).taskId).toBe("stuck");
  await rooms.close();
});

test("a name of tasks is paused by a limit of nothing, and goes on when that is taken away", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "mail", name: taskNameOf("mail") }, { id: "other", name: taskNameOf("other") });
  await limit(rooms, "name", "mail", { concurrency: 0 });
  const worker = await rooms.worker();
  expect((await worker.takeOne()).taskId).toBe("other");
  await rooms.broker.deleteLimit({ namespace: defaultNamespace, kind: "name", subject: "mail" });
  expect((await worker.takeOne()).taskId).toBe("mail");
  await rooms.close();
});

test("a worker that dies gives its permit back with its lease", async () => {
  const rooms = await openRooms();
  await limit(rooms, "key", "printer", { concurrency: 1 });
  await rooms.enqueue(keyed("a", "printer", { policy: { maxDeliveries: 1 } }), keyed("b"));
  const [dead, alive] = [await rooms.worker({ name: "dead" }), await rooms.worker({ name: "alive" })];
  expect((await dead.takeOne()).taskId).toBe("a");
  dead.lose();
  const next = alive.takeOne();
  await rooms.clock.advance(25_000);
  expect((await next).taskId).toBe("b");
  expect(await rooms.read("a")).toMatchObject({ state: "failed", reason: "max_deliveries" });
  await rooms.close();
});

test("a replayed task has the key of the one it replays", async () => {
  const rooms = await openRooms();
  await rooms.enqueue(keyed("a"));
  const worker = await rooms.worker();
  await worker.succeed(await worker.takeOne());
  const ref = { namespace: defaultNamespace, id: (await rooms.read("a")).id };
  await limit(rooms, "key", "printer", { concurrency: 0 });
  const { taskId } = await rooms.broker.replay(ref, undefined);
  expect((await rooms.read(taskId)).gate).toEqual({ kind: "key", subject: "printer" });
  await rooms.close();
});
