import { expect, test } from "vitest";
import { defaultNamespace } from "../../server/src/model/ids.ts";
import { limits } from "../../server/src/model/limits.ts";
import { createMemoryStore } from "../../server/src/storage/memory/memory.ts";
import { openRooms, queueRefOf, type Rooms } from "../support/rooms.ts";

const replace = (rooms: Rooms, text: string): Promise<unknown> =>
  rooms.routing.replace(defaultNamespace, text, rooms.routing.get(defaultNamespace).revision);

test("tasks go where the routes say, and stay there when the routes change", async () => {
  const rooms = await openRooms();
  await replace(rooms, "queues: { mail: }\nroutes: [{ match: { headers: { kind: mail } }, target: mail }]");
  await rooms.enqueue({ id: "first", headers: { kind: "mail" } }, { id: "other" });
  await replace(rooms, "");
  await rooms.enqueue({ id: "second", headers: { kind: "mail" } });
  expect(await rooms.read("first")).toMatchObject({ queue: "mail" });
  expect(await rooms.read("other")).toMatchObject({ queue: "default" });
  expect(await rooms.read("second")).toMatchObject({ queue: "default" });
  const worker = await rooms.worker({ queues: ["mail"] });
  expect(await worker.takeOne()).toMatchObject({ taskId: "first", queue: "mail" });
  await rooms.close();
});

test("routes outlive a restart of the server", async () => {
  const store = createMemoryStore({ limits });
  const before = await openRooms({ store });
  await replace(before, "default_queue: usual\nqueues: { usual: }");
  await before.close();
  const rooms = await openRooms({ store });
  await rooms.enqueue({ id: "a" });
  expect(await rooms.read("a")).toMatchObject({ queue: "usual" });
  await rooms.close();
});

test("while nobody takes from a queue its fallback gets its tasks, and then it gets them itself", async () => {
  const rooms = await openRooms();
  await replace(rooms, "queues: { fast: { fallbacks: [slow] }, slow: }");
  await rooms.enqueue({ id: "nobody at all", queue: "fast" });
  const slow = await rooms.worker({ name: "slow", queues: ["slow"] });
  await rooms.enqueue({ id: "stood-in", queue: "fast" });
  expect(await slow.takeOne()).toMatchObject({ taskId: "stood-in", queue: "slow" });
  const fast = await rooms.worker({ name: "fast", queues: ["fast"] });
  await rooms.enqueue({ id: "itself", queue: "fast" });
  expect((await fast.take()).map(({ taskId }) => taskId)).toEqual(["nobody at all", "itself"]);
  fast.lose();
  await rooms.enqueue({ id: "again", queue: "fast" });
  expect(await slow.takeOne()).toMatchObject({ taskId: "again" });
  await rooms.close();
});

test("a producer's options beat the route's, those the queue's, and those the server's", async () => {
  const rooms = await openRooms();
  await replace(
    rooms,
    `
queues: { q: { options: { max_attempts: 2, max_deliveries: 3, result_retention_ms: 5000 } } }
routes: [{ match: { task: test.work }, target: q, options: { max_attempts: 6, lease_ms: 9000 } }]
`,
  );
  await rooms.enqueue({ id: "a", policy: { leaseMs: 4000 } }, { id: "b" });
  const common = { maxAttempts: 6, maxDeliveries: 3, retentionMs: 5000 };
  expect((await rooms.read("a")).policy).toMatchObject({ ...common, leaseMs: 4000 });
  expect((await rooms.read("b")).policy).toMatchObject({ ...common, leaseMs: 9000 });
  await rooms.close();
});

test("a routing key leads to the queues that are bound to it, in the proportion of their weights", async () => {
  const rooms = await openRooms();
  await replace(
    rooms,
    `
queues:
  one: { bindings: [{ routing_key: eu.mail }] }
  three: { bindings: [{ routing_key: "eu.*", weight: 3 }] }
  gold: { bindings: [{ routing_key: us.mail, headers: { tier: gold } }] }
`,
  );
  const ids = Array.from({ length: 400 }, (_, n) => `task-${n}`);
  await rooms.enqueue(...ids.map((id) => ({ id, routingKey: "eu.mail" })));
  const tasks = await Promise.all(ids.map((id) => rooms.read(id)));
  expect(tasks.every(({ queue }) => queue === "one" || queue === "three")).toBe(true);
  const share = tasks.filter(({ queue }) => queue === "three").length / ids.length;
  expect(Math.abs(share - 0.75)).toBeLessThan(0.08);
  await rooms.enqueue(
    { id: "gold", routingKey: "us.mail", headers: { tier: "gold" } },
    { id: "unbound", routingKey: "us.mail" },
  );
  expect(await rooms.read("gold")).toMatchObject({ queue: "gold" });
  expect(await rooms.read("unbound")).toMatchObject({ queue: "default" });
  await rooms.close();
});

test("a route's priority beats the producer's, and stays in the queue's range", async () => {
  const rooms = await openRooms();
  await replace(
    rooms,
    `
queues: { mail: { priority_range: [2, 7] } }
routes: [{ match: { headers: { kind: urgent } }, target: mail, priority_override: 9 }]
`,
  );
  await rooms.enqueue(
    { id: "low", queue: "mail", priority: 0 },
    { id: "usual", queue: "mail" },
    { id: "urgent", headers: { kind: "urgent" }, priority: 1 },
  );
  const worker = await rooms.worker({ queues: ["mail"] });
  const taken = await worker.take(3);
  expect(taken.map(({ taskId }) => taskId)).toEqual(["urgent", "usual", "low"]);
  const priorities = await Promise.all(["urgent", "usual", "low"].map((id) => rooms.read(id)));
  expect(priorities.map(({ priority }) => priority)).toEqual([7, 5, 2]);
  await rooms.close();
});

test("a worker that asks for the default queue by its usual name serves the one that routes mean", async () => {
  const rooms = await openRooms();
  await replace(rooms, "default_queue: main\nqueues: { main: }");
  const worker = await rooms.worker();
  expect(rooms.broker.isServed(queueRefOf("main"))).toBe(true);
  await rooms.enqueue({ id: "a" });
  expect(await worker.takeOne()).toMatchObject({ taskId: "a", queue: "main" });
  await rooms.close();
});

test("where undeclared queues are refused, a worker cannot wait at one, nor a task go to it", async () => {
  const rooms = await openRooms();
  await replace(rooms, "undeclared_queues: refuse\ndefault_queue: main\nqueues: { main: }");
  await expect(rooms.worker({ queues: ["main", "other"] })).rejects.toMatchObject({
    problem: { reason: "QUEUE_UNKNOWN", queue: "other" },
  });
  await expect(rooms.enqueue({ queue: "other" })).rejects.toThrow("QUEUE_UNKNOWN");
  await rooms.close();
});
