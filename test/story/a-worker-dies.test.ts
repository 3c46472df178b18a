import { expect, test } from "vitest";
import { openRooms } from "../support/rooms.ts";

test("a worker that dies costs one lease, and no attempt", async () => {
  const rooms = await openRooms();
  const { clock, defaults } = rooms;
  await rooms.enqueue({});
  const doomed = await rooms.worker({ name: "doomed" });
  const lost = await doomed.takeOne();
  doomed.lose();

  const other = await rooms.worker({ name: "other" });
  let again: typeof lost | undefined;
  const taken = other.takeOne().then((lease) => {
    again = lease;
  });
  await clock.advance(defaults.leaseMs + defaults.leaseGraceMs);
  expect(again, "the worker may be alive behind a cut").toBeUndefined();
  await clock.advance(defaults.reapIntervalMs);
  await taken;
  expect(again).toMatchObject({ taskId: lost.taskId, attempt: 1, delivery: 2 });

  expect(await doomed.succeed(lost), "a late settlement changes nothing").toEqual({
    kind: "lost",
    state: "leased",
    why: "superseded",
  });
  await rooms.close();
});

test("a worker that heartbeats keeps its task for as long as it takes", async () => {
  const rooms = await openRooms();
  const [id = ""] = await rooms.enqueue({});
  const worker = await rooms.worker();
  const lease = await worker.takeOne();
  for (let minute = 0; minute < 60; minute += 5) {
    await rooms.clock.advance(5000);
    expect(await worker.heartbeat()).toEqual([]);
  }
  expect(await rooms.read(id)).toMatchObject({ state: "leased", deliveries: 1 });
  expect(await worker.succeed(lease)).toEqual({ kind: "accepted", state: "succeeded" });
  await rooms.close();
});

test("a completion that comes late, but before anybody else got the task, counts", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({});
  const slow = await rooms.worker();
  const lease = await slow.takeOne();
  await rooms.clock.advance(60_000);
  expect(await slow.succeed(lease)).toEqual({ kind: "accepted", state: "succeeded" });
  await rooms.close();
});

test("a heartbeat after the lease's end tells what is lost, once", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" }, { id: "b" });
  const frozen = await rooms.worker({ name: "frozen" });
  const [a, b] = await frozen.take(2);
  await rooms.clock.advance(30_000);
  const other = await rooms.worker({ name: "other" });
  await other.takeOne();

  expect(await frozen.heartbeat()).toEqual([
    { token: a?.token, held: false, state: "leased", why: "superseded" },
  ]);
  expect(await frozen.heartbeat()).toEqual([]);
  expect(
    await frozen.session.settle([{ token: b?.token ?? new Uint8Array(), outcome: { kind: "released" } }]),
  ).toEqual([{ kind: "accepted", state: "ready" }]);
  await rooms.close();
});
