import { expect, test } from "vitest";
import { defaultNamespace, taskIdOf } from "../../server/src/model/ids.ts";
import { openRooms, taskRefOf } from "../support/rooms.ts";

test("a task that waits is cancelled, and nobody gets it", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "cancelled" }, { id: "other" }, { id: "later", start: { delayMs: 60_000 } });
  const { broker } = rooms;
  const ready = taskRefOf("cancelled");
  expect(await broker.cancel(ready, { reason: "changed our mind" })).toEqual({
    kind: "cancelled",
    state: "cancelled",
  });
  expect(await broker.cancel(taskRefOf("later"), { reason: "too late" })).toEqual({
    kind: "cancelled",
    state: "cancelled",
  });
  expect(await broker.cancel(ready, { reason: "again" })).toEqual({
    kind: "already_terminal",
    state: "cancelled",
  });
  const worker = await rooms.worker();
  expect(await worker.takeOne()).toMatchObject({ taskId: "other" });
  expect(await rooms.read("cancelled")).toMatchObject({ cancel: { reason: "changed our mind" } });
  await rooms.close();
});

test("a cancelled running task tells the truth: its worker is told, and its failure becomes cancelled", async () => {
  const rooms = await openRooms();
  const [id = ""] = await rooms.enqueue({});
  const worker = await rooms.worker();
  const lease = await worker.takeOne();
  const verdict = await rooms.broker.cancel(taskRefOf(id), { reason: "too expensive" });
  expect(verdict).toEqual({ kind: "requested", state: "leased" });
  expect(worker.cancels).toEqual([{ token: lease.token, reason: "too expensive" }]);

  expect(await rooms.broker.cancel(taskRefOf(id), { reason: "I said so" })).toEqual({
    kind: "requested",
    state: "leased",
  });
  await worker.heartbeat();
  expect(worker.cancels, "asked once is told once").toHaveLength(1);

  expect(await worker.fail(lease, "aborted")).toEqual({ kind: "accepted", state: "cancelled" });
  expect(await rooms.read(id)).toMatchObject({ state: "cancelled", cancel: { reason: "too expensive" } });
  await rooms.close();
});

test("a handler that succeeds in spite of the request has succeeded", async () => {
  const rooms = await openRooms();
  const [id = ""] = await rooms.enqueue({});
  const worker = await rooms.worker();
  const lease = await worker.takeOne();
  await rooms.broker.cancel(taskRefOf(id), { reason: "too late" });
  expect(await worker.succeed(lease)).toEqual({ kind: "accepted", state: "succeeded" });
  const after = await rooms.broker.cancel(taskRefOf(id), { reason: "still" });
  expect(after).toEqual({ kind: "already_terminal", state: "succeeded" });
  await rooms.close();
});

test("a worker that was away hears of the cancel when it comes back", async () => {
  const rooms = await openRooms();
  const [id = ""] = await rooms.enqueue({});
  const before = await rooms.worker();
  const lease = await before.takeOne();
  before.lose();
  await rooms.broker.cancel(taskRefOf(id), { reason: "meanwhile" });
  const { session } = before;
  const after = await rooms.worker({
    resume: { sessionId: session.id, held: [lease.token], seenSeq: session.lastSeq },
  });
  expect(after.cancels).toEqual([{ token: lease.token, reason: "meanwhile" }]);
  expect(before.cancels).toEqual([]);
  await rooms.close();
});

test("a cancelled task whose worker died is cancelled when the lease ends", async () => {
  const rooms = await openRooms();
  const [id = ""] = await rooms.enqueue({});
  const worker = await rooms.worker();
  await worker.takeOne();
  worker.lose();
  await rooms.broker.cancel(taskRefOf(id), { reason: "gone anyway" });
  await rooms.clock.advance(23_000);
  expect(await rooms.read(id)).toMatchObject({ state: "cancelled", reason: "cancel_requested" });
  await rooms.close();
});

test("a revoked id that does not come in time is an id like any other", async () => {
  const rooms = await openRooms();
  const revoked = await rooms.broker.revoke(defaultNamespace, [taskIdOf("in-time"), taskIdOf("too-late")], {
    reason: "withdrawn",
    ttlMs: 60_000,
  });
  expect(revoked.map(({ kind }) => kind)).toEqual(["noted", "noted"]);
  await rooms.enqueue({ id: "in-time" });
  await rooms.clock.advance(60_000);
  await rooms.enqueue({ id: "too-late" });
  expect(await rooms.read("in-time")).toMatchObject({ state: "cancelled", cancel: { reason: "withdrawn" } });
  const worker = await rooms.worker();
  expect(await worker.takeOne()).toMatchObject({ taskId: "too-late" });
  await rooms.close();
});
