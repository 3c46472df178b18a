import { defineTask } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, test } from "vitest";
import { noWish, type TaskFilter } from "../../server/src/broker/broker.ts";
import { defaultNamespace, plus, queueNameOf, taskIdOf } from "../../server/src/model/ids.ts";
import { openRooms, queueRefOf, taskRefOf } from "../support/rooms.ts";
import { startStem } from "../support/whole-stem.ts";

const at = (id: string, revision?: number) => ({ ref: taskRefOf(id), revision });
const everything: TaskFilter = {
  namespace: defaultNamespace,
  states: [],
  queue: undefined,
  name: undefined,
  tag: undefined,
  createdFrom: undefined,
  createdTo: undefined,
  ids: undefined,
};
const batch = (filter: Partial<TaskFilter> = {}, limit = 1000) => ({
  ...{ filter: { ...everything, ...filter }, limit, after: undefined, dryRun: false },
});

test("a delayed task that is run now is taken by an idle worker at once", async () => {
  const rooms = await openRooms();
  const worker = await rooms.worker();
  await rooms.enqueue({ id: "later", start: { delayMs: 3_600_000 } });
  const taken = worker.takeOne();
  const start = rooms.clock.now();
  await rooms.broker.editTask(at("later"), { ...noWish, start });
  expect(await taken).toMatchObject({ taskId: "later" });
  await rooms.close();
});

test("a postponed task starts at its new time, and not before", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  const start = plus(rooms.clock.now(), 60_000);
  expect(await rooms.broker.editTask(at("a", 1), { ...noWish, start })).toMatchObject({ state: "scheduled" });
  const worker = await rooms.worker();
  let isTaken = false;
  const taken = worker.takeOne().then(() => {
    isTaken = true;
  });
  await rooms.clock.advance(59_000);
  expect(isTaken).toBe(false);
  await rooms.clock.advance(2000);
  await taken;
  await rooms.close();
});

test("a change by an old revision is told the new one, and changes nothing", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  await rooms.broker.editTask(at("a", 1), { ...noWish, priority: 9 });
  await expect(rooms.broker.editTask(at("a", 1), { ...noWish, priority: 0 })).rejects.toMatchObject({
    problem: { reason: "REVISION_CONFLICT", taskId: "a", revision: 2 },
  });
  expect(await rooms.read("a")).toMatchObject({ priority: 9, revision: 2 });
  await rooms.close();
});

test("a running task and an ended one are not changed, and a running one is not deleted", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  const worker = await rooms.worker();
  const lease = await worker.takeOne();
  const change = () => rooms.broker.editTask(at("a"), { ...noWish, priority: 9 });
  await expect(change()).rejects.toMatchObject({ problem: { reason: "TASK_NOT_WAITING", state: "leased" } });
  await expect(rooms.broker.deleteTask(at("a"))).rejects.toMatchObject({
    problem: { reason: "TASK_RUNNING" },
  });
  await worker.succeed(lease);
  await expect(change()).rejects.toMatchObject({
    problem: { reason: "TASK_NOT_WAITING", state: "succeeded" },
  });
  expect(await rooms.broker.deleteTask(at("a"))).toBe("succeeded");
  await expect(rooms.read("a")).rejects.toMatchObject({ problem: { reason: "TASK_UNKNOWN" } });
  await rooms.close();
});

test("tasks are moved by filter, in pages, and a worker of the new queue wakes", async () => {
  const rooms = await openRooms({ limits: { batchTasksMax: 3 } });
  const ids = Array.from({ length: 10 }, (_, i) => `a-${i}`);
  await rooms.enqueue(...ids.map((id) => ({ id, tags: ["bulk"] })), { id: "other" });
  const worker = await rooms.worker({ queues: ["slow"] });
  const taken = worker.take();
  const wish = { ...noWish, queue: queueNameOf("slow") };
  const dry = await rooms.broker.editTasks({ ...batch({ tag: "bulk" }), dryRun: true }, wish);
  expect(dry).toEqual({ matched: 10, changed: 10, cursor: undefined });
  const first = await rooms.broker.editTasks(batch({ tag: "bulk" }, 4), wish);
  expect(first).toMatchObject({ matched: 4, changed: 4 });
  const rest = await rooms.broker.editTasks({ ...batch({ tag: "bulk" }), after: first.cursor }, wish);
  expect(rest).toEqual({ matched: 6, changed: 6, cursor: undefined });
  expect((await taken).length).toBeGreaterThan(0);
  expect((await rooms.broker.getQueue(queueRefOf())).depth).toMatchObject({ ready: 1, scheduled: 0 });
  await rooms.close();
});

test("by filter, what is deleted or cancelled is what matches, and running tasks are skipped", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "running" }, { id: "a" }, { id: "b", start: { delayMs: 1000 } });
  const worker = await rooms.worker({ credit: 1 });
  const lease = await worker.takeOne();
  const ids = ["running", "a", "gone"].map(taskIdOf);
  expect(await rooms.broker.deleteTasks(batch({ ids }))).toEqual({
    ...{ matched: 2, changed: 1, cursor: undefined },
  });
  await expect(rooms.read("a")).rejects.toMatchObject({ problem: { reason: "TASK_UNKNOWN" } });
  expect(await rooms.broker.cancelTasks(batch(), { reason: "off" })).toMatchObject({
    matched: 2,
    changed: 2,
  });
  expect(await rooms.broker.cancelTasks(batch(), { reason: "off" })).toMatchObject({
    matched: 1,
    changed: 0,
  });
  expect(await rooms.read("b")).toMatchObject({ state: "cancelled", cancel: { reason: "off" } });
  expect(worker.cancels).toEqual([{ token: lease.token, reason: "off" }]);
  await rooms.close();
});

test("an operator changes the arguments of a waiting task, and its handler gets the new ones", async () => {
  const add = defineTask<[a: number, b: number], number>({ name: "math.add" });
  const { stem, work } = await startStem();
  const handle = await stem.enqueue(add, [2, 3], { id: "sum", delayMs: 3_600_000, queue: "sums" });
  expect(
    await stem.tasks.update("sum", { args: [20, 30], priority: 9 }, { expectedRevision: 1 }),
  ).toMatchObject({ ...{ priority: 9, revision: 2, state: "scheduled" } });
  await work({ tasks: [implement(add, (_, a, b) => a + b)], queues: ["sums"] });
  expect(await stem.tasks.runNow("sum")).toMatchObject({ state: "ready" });
  expect(await handle.result()).toBe(50);
  expect(
    (await stem.enqueue(add, [2, 3], { id: "sum", delayMs: 3_600_000, queue: "sums" })).deduplicated,
  ).toBe(true);
});
