import { expect, test } from "vitest";
import { openRooms } from "../../../test/support/rooms.ts";
import { submissionOf } from "../../../test/support/submission.ts";
import { defaultNamespace, plus } from "../model/ids.ts";

test("what a producer leaves out is taken from the defaults, and an id is made", async () => {
  const rooms = await openRooms({ defaults: { priority: 3, maxAttempts: 9, queue: "usual" } });
  const [id = ""] = await rooms.enqueue({});
  expect(id).not.toBe("");
  expect(await rooms.read(id)).toMatchObject({
    queue: "usual",
    priority: 3,
    policy: { maxAttempts: 9, maxDeliveries: rooms.defaults.maxDeliveries, leaseMs: undefined },
    state: "ready",
    attempt: 1,
    deliveries: 0,
  });
  await rooms.close();
});

test("what a producer asks for is kept", async () => {
  const rooms = await openRooms();
  const notBefore = plus(rooms.clock.now(), 5000);
  const policy = { maxAttempts: 1, retentionMs: 5 };
  await rooms.enqueue({ id: "a", queue: "mail", priority: 9, policy, tags: ["x"], start: { notBefore } });
  expect(await rooms.read("a")).toMatchObject({ queue: "mail", priority: 9, policy, tags: ["x"], notBefore });
  await rooms.close();
});

test("tasks come by priority, then in the order of acceptance", async () => {
  const rooms = await openRooms();
  await rooms.enqueue(
    { id: "usual-1" },
    { id: "last", priority: 0 },
    { id: "first", priority: 9 },
    { id: "usual-2" },
  );
  const worker = await rooms.worker();
  expect((await worker.take()).map(({ taskId }) => taskId)).toEqual(["first", "usual-1", "usual-2", "last"]);
  await rooms.close();
});

test("a queue too many is refused by name and limit, and its neighbours are stored", async () => {
  const rooms = await openRooms({ limits: { queuesPerNamespaceMax: 1 } });
  const batch = [submissionOf({ id: "a", queue: "one" }), submissionOf({ id: "b", queue: "two" })];
  expect(await rooms.broker.enqueue(defaultNamespace, batch, false)).toEqual([
    { kind: "stored", taskId: "a", deduplicated: false },
    {
      kind: "refused",
      taskId: "b",
      problem: { reason: "QUEUE_LIMIT_REACHED", queue: "two", queuesMax: 1 },
    },
  ]);
  await rooms.close();
});

test("a task of another queue wakes nobody here, and is there for whoever looks", async () => {
  const rooms = await openRooms();
  const mail = await rooms.worker({ queues: ["mail"] });
  const all = await rooms.worker({ queues: ["mail", "print"] });
  const waiting = mail.take();
  await rooms.enqueue({ id: "page", queue: "print" });
  expect(await all.takeOne()).toMatchObject({ taskId: "page", queue: "print" });
  await rooms.enqueue({ id: "letter", queue: "mail" });
  expect((await waiting).map(({ taskId }) => taskId)).toEqual(["letter"]);
  await rooms.close();
});
