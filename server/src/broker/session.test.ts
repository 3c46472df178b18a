import { expect, test } from "vitest";
import { openRooms, taskRefOf } from "../../../test/support/rooms.ts";
import { connectWorker, usualTraits } from "../../../test/support/scripted-worker.ts";

const forever = new AbortController().signal;
const progress = { percent: 50, message: "half", data: undefined };

test("a session never hands out more than its credit", async () => {
  const rooms = await openRooms();
  await rooms.enqueue(...Array.from({ length: 10 }, (_, index) => ({ id: `t${index}` })));
  const { session } = await rooms.worker({ credit: 3 });
  expect(await session.next(100, forever)).toHaveLength(3);
  let more = 0;
  const waiting = session.next(100, forever).then((leases) => {
    more = leases.length;
  });
  await rooms.clock.advance(10_000);
  expect(more).toBe(0);
  session.credit(3, 2);
  await waiting;
  expect(more).toBe(2);
  expect(session.lastSeq).toBe(5);
  await rooms.close();
});

test("at most `limit` leases come at a time, and one call of next at a time", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" }, { id: "b" });
  const { session } = await rooms.worker();
  expect(await session.next(1, forever)).toHaveLength(1);
  expect(await session.next(1, forever)).toHaveLength(1);
  const first = session.next(1, AbortSignal.abort());
  await expect(session.next(1, forever)).rejects.toThrow("under way");
  expect(await first).toEqual([]);
  await rooms.close();
});

test("a heartbeat extends what the worker has seen, and nothing that it has not", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "seen" }, { id: "unseen" });
  const { session } = await rooms.worker();
  await session.next(2, forever);
  await rooms.clock.advance(15_000);
  expect(await session.heartbeat(1)).toEqual([]);
  await rooms.clock.advance(10_000);
  expect(await rooms.read("seen")).toMatchObject({ state: "leased" });
  expect(await rooms.read("unseen")).toMatchObject({ state: "ready", reason: "lease_expired" });
  await rooms.close();
});

test("a task that comes back to the same session ends its older lease, and the heartbeat says so", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  const worker = await rooms.worker();
  const older = await worker.takeOne();
  const again = worker.takeOne();
  await rooms.clock.advance(25_000);
  const newer = await again;
  expect(await worker.heartbeat()).toEqual([
    { token: older.token, held: false, state: "leased", why: "superseded" },
  ]);
  expect(await worker.heartbeat()).toEqual([]);
  expect(await worker.succeed(older)).toMatchObject({ kind: "lost", why: "superseded" });
  expect(await worker.succeed(newer)).toEqual({ kind: "accepted", state: "succeeded" });
  await rooms.close();
});

test("progress is passed on for live leases of this session only", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  const worker = await rooms.worker();
  const other = await rooms.worker({ name: "other" });
  const lease = await worker.takeOne();
  expect(other.session.progress(lease.token, progress), "another session's").toBe("dropped");
  expect(worker.session.progress(Buffer.from("garbage"), progress)).toBe("forged");
  expect(worker.session.progress(lease.token, progress)).toBe("shown");
  expect((await rooms.backend.get(taskRefOf("a"))).progress).toEqual(progress);
  await worker.succeed(lease);
  expect(worker.session.progress(lease.token, progress), "it is over").toBe("dropped");
  await rooms.close();
});

test("a cancel is not told before the stream was heard of", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  const before = await rooms.worker();
  const lease = await before.takeOne();
  before.lose();
  await rooms.broker.cancel(taskRefOf("a"), { reason: "stop" });
  const told: string[] = [];
  const resume = { sessionId: before.session.id, held: [lease.token], seenSeq: 1 };
  const session = await rooms.broker.openSession(
    {
      ...taskRefOf(""),
      worker: "w",
      subscriptions: [],
      traits: usualTraits,
      paused: [],
      definitions: [],
      resume,
    },
    {
      frameSeq: () => 0n,
      onCancel: (_, reason) => told.push(reason),
      onCommand: () => true,
      onSuperseded: () => undefined,
    },
  );
  expect(told).toEqual([]);
  await session.heartbeat(1);
  expect(told).toEqual(["stop"]);
  await rooms.close();
});

test("a session whose stream is lost is remembered as long as its leases last", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a", policy: { leaseMs: 60_000 } }, { id: "b" });
  const worker = await rooms.worker();
  await worker.take(2);
  worker.lose();
  await rooms.clock.advance(60_000);
  const resume = { sessionId: worker.session.id, held: [], seenSeq: 2 };
  const back = await rooms.worker({ resume });
  expect(back.session.id, "the long lease kept it").toEqual(worker.session.id);
  back.lose();

  await rooms.clock.advance(90_000);
  const late = await rooms.worker({ resume });
  expect(late.session.id).not.toEqual(worker.session.id);
  expect(late.session.lastSeq, "its count goes on").toBe(2);
  await rooms.close();
});

test("an id that nobody proves is not taken over", async () => {
  const rooms = await openRooms();
  const sessionId = Buffer.alloc(16, 9);
  const held = [Buffer.alloc(60, 1)];
  const worker = await rooms.worker({ resume: { sessionId, held, seenSeq: Number.MAX_VALUE } });
  expect(worker.session.id).not.toEqual(sessionId);
  expect(worker.session.lastSeq).toBe(0);
  expect(worker.session.resumed).toMatchObject([{ held: false, why: "token_invalid" }]);
  expect(worker.session.forgedHeld).toBe(1);
  for (const odd of [Buffer.alloc(0), Buffer.alloc(15), Buffer.alloc(64)])
    await rooms.worker({ resume: { sessionId: odd, held: [], seenSeq: 0 } });
  await rooms.close();
});

test("tokens of a session that a restart forgot are strange, but no forgeries; others beside them are", async () => {
  const before = await openRooms({ seed: 1 });
  await before.enqueue({ id: "a" });
  const worker = await before.worker();
  const lease = await worker.takeOne();
  await before.close();

  // A memory store begins anew, with other keys.
  const after = await openRooms({ seed: 2 });
  const { id: sessionId } = worker.session;
  const { session } = await after.worker({
    resume: { sessionId, held: [lease.token, Buffer.alloc(60, 1)], seenSeq: 1 },
  });
  expect(session.resumed).toMatchObject([{ why: "token_invalid" }, { why: "token_invalid" }]);
  expect(session.forgedHeld).toBe(1);
  await after.close();
});

test("a worker keeps its tokens over a change of keys, and is told of its leases by them", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a", policy: { leaseMs: 3_600_000 } }, { id: "b" });
  const worker = await rooms.worker();
  const [a] = await worker.take(1);
  await worker.take(1);
  if (a === undefined) throw new Error("a task was there");
  await rooms.clock.jump(8 * 86_400_000);
  const { namespace } = taskRefOf("a");
  expect(await rooms.broker.extend(namespace, [a.token], undefined)).toEqual([
    { token: a.token, held: true },
  ]);
  await rooms.broker.cancel(taskRefOf("a"), { reason: "stop" });
  expect(worker.cancels).toEqual([{ token: a.token, reason: "stop" }]);
  const later = await worker.takeOne();
  expect(await worker.succeed(a)).toEqual({ kind: "accepted", state: "succeeded" });
  await rooms.clock.jump(8 * 86_400_000);
  expect(await worker.succeed(a), "its key is gone").toMatchObject({ kind: "lost", why: "token_invalid" });
  expect(await worker.succeed(later), "its key was new").toEqual({ kind: "accepted", state: "succeeded" });
  await rooms.close();
});

test("a session that is full goes on as soon as it settles", async () => {
  const rooms = await openRooms({ limits: { heldLeasesMax: 2 } });
  await rooms.enqueue({ id: "a" }, { id: "b" }, { id: "c" });
  const worker = await rooms.worker();
  const [a] = await worker.take();
  if (a === undefined) throw new Error("a task was there");
  const waiting = worker.take();
  await rooms.clock.advance(0);
  await worker.succeed(a);
  expect((await waiting).map(({ taskId }) => taskId)).toEqual(["c"]);
  await rooms.close();
});

test("a session that nobody can come back to is forgotten at once", async () => {
  const rooms = await openRooms();
  const worker = await rooms.worker();
  worker.lose();
  const back = await rooms.worker({ resume: { sessionId: worker.session.id, held: [], seenSeq: 0 } });
  expect(back.session.id).not.toEqual(worker.session.id);
  await rooms.close();
});

test("a greeting that the store fails leaves the session for the next one", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  const worker = await rooms.worker();
  const lease = await worker.takeOne();
  const resume = { sessionId: worker.session.id, held: [lease.token], seenSeq: 1 };
  await rooms.store.close();
  await expect(connectWorker(rooms.broker, { resume })).rejects.toMatchObject({
    problem: { reason: "STORE_UNAVAILABLE" },
  });
  expect(worker.wasSuperseded).toBe(true);
  await rooms.close();
});
