import { expect, test } from "vitest";
import { limits } from "../../server/src/model/limits.ts";
import { createMemoryStore } from "../../server/src/storage/memory/memory.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { openRooms } from "../support/rooms.ts";

test("a lost stream loses nothing: the worker goes on where it was", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" }, { id: "b" });
  const before = await rooms.worker();
  const [a, b] = await before.take(2);
  const held = [a?.token ?? new Uint8Array(), b?.token ?? new Uint8Array()];
  const { session } = before;
  before.lose();
  await rooms.clock.advance(15_000);

  const after = await rooms.worker({ resume: { sessionId: session.id, held, seenSeq: 2 } });
  expect(after.session.id).toEqual(session.id);
  expect(after.session.resumed).toEqual(held.map((token) => ({ token, held: true })));
  expect(after.session.lastSeq).toBe(2);
  await rooms.clock.advance(15_000);
  expect(await after.heartbeat(), "coming back was a heartbeat").toEqual([]);
  if (a === undefined || b === undefined) throw new Error("two tasks were there");
  expect(await after.succeed(a)).toEqual({ kind: "accepted", state: "succeeded" });
  expect(await after.succeed(a), "said again, because the answer was lost").toEqual({
    kind: "duplicate",
    state: "succeeded",
  });
  expect(await after.succeed(a, "something else")).toEqual({
    kind: "lost",
    state: "succeeded",
    why: "settled",
  });
  expect(await after.succeed(b)).toEqual({ kind: "accepted", state: "succeeded" });
  await rooms.close();
});

test("a grant that never arrived goes back at once and costs nothing", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "arrived" }, { id: "lost" });
  const before = await rooms.worker();
  const [arrived] = await before.take(2);
  before.lose();
  const sessionId = before.session.id;
  const held = [arrived?.token ?? new Uint8Array()];
  const after = await rooms.worker({ resume: { sessionId, held, seenSeq: 1 } });
  expect(await after.takeOne()).toMatchObject({ taskId: "lost", attempt: 1, delivery: 1 });
  await rooms.close();
});

test("a second stream takes the session over, and the first grants nothing more", async () => {
  const rooms = await openRooms();
  const first = await rooms.worker();
  const waiting = first.take();
  const second = await rooms.worker({ resume: { sessionId: first.session.id, held: [], seenSeq: 0 } });
  expect(first.wasSuperseded).toBe(true);
  expect(await waiting).toEqual([]);
  await rooms.enqueue({ id: "a" });
  expect(await second.takeOne()).toMatchObject({ taskId: "a" });
  first.lose();
  expect(second.wasSuperseded, "the old stream's end is none of the new one's business").toBe(false);
  await rooms.enqueue({ id: "b" });
  expect(await second.takeOne()).toMatchObject({ taskId: "b" });
  await rooms.close();
});

test("after a restart of the server the worker goes on with what it holds", async () => {
  const clock = createManualClock();
  const store = createMemoryStore({ limits });
  const before = await openRooms({ clock, store, seed: 1 });
  await before.enqueue({ id: "a" });
  const worker = await before.worker();
  const lease = await worker.takeOne();
  await before.close();

  const after = await openRooms({ clock, store, seed: 2 });
  const resume = { sessionId: worker.session.id, held: [lease.token], seenSeq: worker.session.lastSeq };
  const back = await after.worker({ resume });
  expect(back.session.id).toEqual(worker.session.id);
  expect(back.session.resumed).toEqual([{ token: lease.token, held: true }]);
  await clock.advance(15_000);
  expect(await back.heartbeat()).toEqual([]);
  await clock.advance(15_000);
  expect(await after.read("a"), "the heartbeat extended it").toMatchObject({
    state: "leased",
    deliveries: 1,
  });
  expect(await back.succeed(lease)).toEqual({ kind: "accepted", state: "succeeded" });
  await after.enqueue({ id: "b" });
  await back.takeOne();
  expect(back.session.lastSeq, "the count goes on").toBe(2);
  await after.close();
  await store.close();
});

test("a worker that says goodbye gives everything back at once, free of charge", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" }, { id: "b" });
  const leaving = await rooms.worker();
  await leaving.take(2);
  await leaving.session.goodbye();
  const other = await rooms.worker();
  const again = await other.take(2);
  expect(again.map(({ taskId, attempt, delivery }) => [taskId, attempt, delivery])).toEqual([
    ["a", 1, 1],
    ["b", 1, 1],
  ]);
  await rooms.close();
});
