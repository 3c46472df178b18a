import { expect, test } from "vitest";
import { instantOf } from "../../server/src/model/ids.ts";
import { bytesOf } from "../support/new-task.ts";
import { openRooms, taskRefOf } from "../support/rooms.ts";

test("a task that nobody starts in time expires, with an event", async () => {
  const rooms = await openRooms();
  const [id = ""] = await rooms.enqueue({ expiry: { afterMs: 5000 } });
  await rooms.clock.advance(4999);
  expect((await rooms.read(id)).state).toBe("ready");
  await rooms.clock.advance(1100);
  expect(await rooms.read(id)).toMatchObject({ state: "expired", reason: undefined });
  const { events } = await rooms.store.readEvents(undefined, 100);
  expect(events.map(({ kind }) => kind)).toEqual(["accepted", "expired"]);
  await rooms.close();
});

test("a task that has expired is not handed out, however soon a worker asks", async () => {
  const rooms = await openRooms();
  const at = instantOf(rooms.clock.now() - 1);
  await rooms.enqueue({ id: "past", expiry: { at } }, { id: "fine" });
  const worker = await rooms.worker();
  expect((await worker.take()).map(({ taskId }) => taskId)).toEqual(["fine"]);
  expect((await rooms.read("past")).state).toBe("expired");
  await rooms.close();
});

test("a task that runs when its expiry comes ends as it ends; one that would be tried again has expired", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a", expiry: { afterMs: 5000 } }, { id: "b", expiry: { afterMs: 5000 } });
  const worker = await rooms.worker();
  const [a, b] = await worker.take();
  if (!a || !b) throw new Error("two tasks were expected");
  await rooms.clock.advance(6000);
  expect(await worker.succeed(a)).toEqual({ kind: "accepted", state: "succeeded" });
  expect(await worker.fail(b, "no connection")).toEqual({ kind: "accepted", state: "expired" });
  expect(await rooms.read("b")).toMatchObject({ failure: bytesOf("no connection"), attempt: 1 });
  await rooms.close();
});

test("a task that waits too long for a worker expires with a reason of its own, and its delay does not count", async () => {
  const rooms = await openRooms();
  const [id = ""] = await rooms.enqueue({ start: { delayMs: 60_000 }, policy: { startWithinMs: 3000 } });
  await rooms.clock.advance(62_000);
  expect((await rooms.read(id)).state).toBe("ready");
  await rooms.clock.advance(2500);
  expect(await rooms.read(id)).toMatchObject({ state: "expired", reason: "start_overdue" });
  await rooms.close();
});

test("an expired task can be replayed, and its time begins anew", async () => {
  const rooms = await openRooms();
  const [id = ""] = await rooms.enqueue({ expiry: { afterMs: 1000 } });
  await rooms.clock.advance(2100);
  const { taskId } = await rooms.broker.replay(taskRefOf(id), undefined);
  const worker = await rooms.worker();
  expect(await worker.takeOne()).toMatchObject({ taskId });
  await rooms.close();
});
