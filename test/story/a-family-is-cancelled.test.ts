import { expect, onTestFinished, test } from "vitest";
import { taskIdOf } from "../../server/src/model/ids.ts";
import { linking, linkOn } from "../support/new-link.ts";
import { newTask } from "../support/new-task.ts";
import { openRooms, taskRefOf } from "../support/rooms.ts";

const message = { reason: "not needed" };
const child = (id: string, parentId: string, rootId = "root") => ({
  id,
  lineage: { parentId: taskIdOf(parentId), rootId: taskIdOf(rootId) },
});

async function open() {
  const rooms = await openRooms();
  onTestFinished(rooms.close);
  const stateOf = async (id: string) => (await rooms.read(id)).state;
  return { ...rooms, statesOf: (...ids: readonly string[]) => Promise.all(ids.map(stateOf)) };
}

test("a task is cancelled with all that descends from it: what waits at once, and what runs is told", async () => {
  const { enqueue, broker, worker, statesOf } = await open();
  await enqueue({ id: "root" }, child("runs", "root"), child("waits", "root"), child("below", "runs"));
  const hands = await worker({ credit: 2 });
  const [root, runs] = await hands.take();
  const verdict = await broker.cancelFamily(taskRefOf("root"), message);
  expect(verdict).toEqual({ kind: "requested", state: "leased", count: 3, isMore: false });
  expect(await statesOf("waits", "below")).toEqual(["cancelled", "cancelled"]);
  expect(hands.cancels.map(({ reason }) => reason)).toEqual(["not needed", "not needed"]);
  for (const lease of [root, runs]) if (lease) await hands.settle(lease, { kind: "released" });
  expect(await statesOf("root", "runs")).toEqual(["cancelled", "cancelled"]);
});

test("only what is below the task is cancelled, whoever has ended in between", async () => {
  const { enqueue, broker, worker, statesOf } = await open();
  const hands = await worker();
  await enqueue({ id: "root" }, child("middle", "root"));
  for (const lease of await hands.take()) await hands.succeed(lease);
  await enqueue(child("below", "middle"), child("beside", "root"), child("deep", "below"), {
    id: "stranger",
  });
  expect(await broker.cancelFamily(taskRefOf("middle"), message)).toEqual({
    ...{ kind: "already_terminal", state: "succeeded", count: 2, isMore: false },
  });
  const states = await statesOf("below", "deep", "beside", "stranger");
  expect(states).toEqual(["cancelled", "cancelled", "ready", "ready"]);
  expect(await broker.cancelFamily(taskRefOf("middle"), message)).toMatchObject({ count: 0 });
});

test("what a cancelled task would have made is not made, though its handler may come to its end", async () => {
  const { broker, store, worker, clock, read } = await open();
  const links = linking(linkOn("succeeded", { ownId: taskIdOf("next") }), linkOn("failed"));
  await store.accept({ tasks: [newTask("root", links)], now: clock.now(), atomic: false });
  const hands = await worker();
  const lease = await hands.takeOne();
  await broker.cancelFamily(taskRefOf("root"), message);
  await hands.succeed(lease);
  expect(await read("root")).toMatchObject({ state: "succeeded", cancel: message });
  await expect(read("next")).rejects.toMatchObject({ problem: { reason: "TASK_UNKNOWN" } });
});

test("a family that is larger than what one call works through is cancelled call by call", async () => {
  const rooms = await openRooms({ limits: { operationTasksMax: 20, batchTasksMax: 10 } });
  onTestFinished(rooms.close);
  await rooms.enqueue({ id: "root" });
  for (let batch = 0; batch < 5; batch += 1)
    await rooms.enqueue(...Array.from({ length: 10 }, (_, at) => child(`c${batch}-${at}`, "root")));
  const counts: number[] = [];
  for (let isMore = true; isMore; ) {
    const verdict = await rooms.broker.cancelFamily(taskRefOf("root"), message);
    counts.push(verdict.count);
    isMore = verdict.isMore;
  }
  expect(counts).toEqual([20, 20, 10]);
});

test("producers that make a circle of their families hold up nobody", async () => {
  const { enqueue, broker, statesOf } = await open();
  await enqueue(child("a", "b"), child("b", "a"), { id: "root" }, child("below", "root"));
  const verdict = await broker.cancelFamily(taskRefOf("below"), message);
  expect(verdict).toMatchObject({ kind: "cancelled", count: 0 });
  expect(await broker.cancelFamily(taskRefOf("a"), message)).toMatchObject({ kind: "cancelled", count: 1 });
  expect(await statesOf("a", "b", "root")).toEqual(["cancelled", "cancelled", "ready"]);
});
