import { expect, test } from "vitest";
import { openRooms } from "../support/rooms.ts";

const once = { policy: { ackEarly: true } };

test("a task that counts as taken when it is handed out is never handed out again: a lost worker ends it", async () => {
  const rooms = await openRooms();
  const [id = ""] = await rooms.enqueue(once);
  const worker = await rooms.worker();
  await worker.takeOne();
  worker.lose();
  await rooms.clock.advance(25_000);
  expect(await rooms.read(id)).toMatchObject({ state: "failed", reason: "worker_lost", deliveries: 1 });
  await rooms.close();
});

test("it has no second attempt: a failure ends it, and so does a handler that asks for another", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a", ...once }, { id: "b", ...once }, { id: "c", ...once });
  const worker = await rooms.worker();
  const [a, b, c] = await worker.take();
  if (!a || !b || !c) throw new Error("three tasks were expected");
  expect(await worker.fail(a)).toEqual({ kind: "accepted", state: "failed" });
  const again = { kind: "retry", delayMs: 0, failure: undefined } as const;
  expect(await worker.settle(b, again)).toEqual({ kind: "accepted", state: "failed" });
  expect(await worker.settle(c, { kind: "released" })).toEqual({ kind: "accepted", state: "failed" });
  expect(await rooms.read("c")).toMatchObject({ reason: "at_most_once" });
  await rooms.close();
});

test("what its worker gives back before it began is handed out as if nothing had been", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a", ...once });
  const worker = await rooms.worker();
  await worker.settle(await worker.takeOne(), { kind: "released", unstarted: true });
  expect(await worker.takeOne()).toMatchObject({ taskId: "a", attempt: 1, delivery: 1 });
  await rooms.close();
});

test("a task that counts as taken at its end is handed out again when its worker is lost", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  const worker = await rooms.worker();
  await worker.takeOne();
  worker.lose();
  await rooms.clock.advance(25_000);
  const other = await rooms.worker({ name: "other" });
  expect(await other.takeOne()).toMatchObject({ taskId: "a", delivery: 2 });
  await rooms.close();
});
