import { expect, test } from "vitest";
import { defaultNamespace, queueNameOf, taskNameOf } from "../../server/src/model/ids.ts";
import { limits } from "../../server/src/model/limits.ts";
import { StemProblem } from "../../server/src/model/problem.ts";
import type { TaskDefaults, TaskDefinition } from "../../server/src/model/task-definition.ts";
import { createMemoryStore } from "../../server/src/storage/memory/memory.ts";
import { openRooms } from "../support/rooms.ts";

const mail = taskNameOf("mail.send");
const nothing: TaskDefaults = { queue: undefined, priority: undefined, policy: {}, delayMs: undefined };

const announced = (
  defaults: Partial<TaskDefaults>,
  { version = 0, text = JSON.stringify(defaults) } = {},
): TaskDefinition => ({
  name: mail,
  version,
  defaults: { ...nothing, ...defaults },
  content: Buffer.from(`${version} ${text}`),
});

test("a task that says nothing gets what a worker announced for its name", async () => {
  const rooms = await openRooms();
  const policy = { maxAttempts: 2, leaseMs: 7000 };
  await rooms.worker({
    definitions: [announced({ queue: queueNameOf("mail"), priority: 8, policy, delayMs: 500 })],
  });
  await rooms.enqueue({ id: "a", name: mail }, { id: "other", name: taskNameOf("mail.bounce") });
  const { clock, defaults } = rooms;
  expect(await rooms.read("a")).toMatchObject({
    queue: "mail",
    priority: 8,
    policy: { ...policy, maxDeliveries: defaults.maxDeliveries },
    state: "scheduled",
    notBefore: clock.now() + 500,
  });
  expect(await rooms.read("other")).toMatchObject({ queue: "default", priority: 5, state: "ready" });
  await rooms.close();
});

test("what a producer says wins, zero included, and what it leaves open is the worker's", async () => {
  const rooms = await openRooms();
  const policy = { maxAttempts: 2, maxDeliveries: 3 };
  await rooms.worker({
    definitions: [announced({ queue: queueNameOf("mail"), priority: 8, policy, delayMs: 500 })],
  });
  await rooms.enqueue({
    id: "a",
    name: mail,
    queue: "own",
    priority: 0,
    start: { delayMs: 0 },
    policy: { maxAttempts: 1 },
  });
  expect(await rooms.read("a")).toMatchObject({
    queue: "own",
    priority: 0,
    policy: { maxAttempts: 1, maxDeliveries: 3 },
    state: "ready",
  });
  await rooms.close();
});

test("of two workers that disagree the higher version wins, and the other stays in sight", async () => {
  const rooms = await openRooms();
  const { definitions } = rooms.broker;
  await rooms.worker({ name: "new", definitions: [announced({ priority: 9 }, { version: 2 })] });
  await rooms.worker({ name: "old", definitions: [announced({ priority: 1 }, { version: 1 })] });
  await rooms.enqueue({ id: "a", name: mail });
  expect((await rooms.read("a")).priority).toBe(9);
  expect(definitions.get(defaultNamespace, mail)).toMatchObject({
    current: { worker: "new", definition: { version: 2 } },
    rival: { worker: "old", definition: { version: 1 } },
  });
  expect(rooms.log.lines.map(({ text }) => text)).toContain("workers disagree about a task's definition");
  await rooms.worker({ name: "newest", definitions: [announced({}, { version: 3 })] });
  expect(definitions.get(defaultNamespace, mail)).toMatchObject({
    current: { worker: "newest" },
    rival: undefined,
  });
  await rooms.close();
});

test("what was announced outlives the worker and the server, until it is deleted", async () => {
  const store = createMemoryStore({ limits });
  const before = await openRooms({ store });
  await before.worker({ definitions: [announced({ priority: 7 })] });
  await before.close();
  const rooms = await openRooms({ store });
  await rooms.enqueue({ id: "a", name: mail });
  expect((await rooms.read("a")).priority).toBe(7);
  await rooms.broker.definitions.remove(defaultNamespace, mail);
  await rooms.enqueue({ id: "b", name: mail });
  expect((await rooms.read("b")).priority).toBe(5);
  await expect(rooms.broker.definitions.remove(defaultNamespace, mail)).rejects.toMatchObject({
    problem: { reason: "DEFINITION_UNKNOWN", name: mail },
  });
  await rooms.close();
  await store.close();
});

test("a worker that announces the same again writes nothing, and one name too many is refused", async () => {
  const store = createMemoryStore({ limits });
  let writes = 0;
  const counting = {
    ...store,
    putDefinitions: (records: Parameters<typeof store.putDefinitions>[0]) => {
      writes += 1;
      return store.putDefinitions(records);
    },
  };
  const rooms = await openRooms({ store: counting, limits: { definitionsPerNamespaceMax: 1 } });
  for (let time = 0; time < 3; time += 1) await rooms.worker({ definitions: [announced({ priority: 7 })] });
  expect(writes).toBe(1);
  const other = { ...announced({}), name: taskNameOf("other") };
  await expect(rooms.worker({ definitions: [other] })).rejects.toMatchObject({
    problem: { reason: "DEFINITION_LIMIT_REACHED", name: "other", definitionsMax: 1 },
  });
  await rooms.close();
  await store.close();
});

test("a store that cannot keep what is announced does not keep a worker from its work", async () => {
  const store = createMemoryStore({ limits });
  const full = { ...store, putDefinitions: () => Promise.reject(new StemProblem({ reason: "STORE_FULL" })) };
  const rooms = await openRooms({ store: full });
  await rooms.enqueue({ id: "a" });
  const worker = await rooms.worker({ definitions: [announced({ priority: 7 })] });
  expect(await worker.takeOne()).toMatchObject({ taskId: "a" });
  await rooms.close();
  await store.close();
});
