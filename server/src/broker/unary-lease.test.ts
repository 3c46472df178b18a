import { expect, test } from "vitest";
import { openRooms, type Rooms } from "../../../test/support/rooms.ts";
import { defaultNamespace, queueNameOf } from "../model/ids.ts";
import { defaults } from "../model/limits.ts";
import type { UnaryLease } from "./broker.ts";
import { claimedSessionOf } from "./token.ts";

const wants = (wish: Partial<UnaryLease> = {}): UnaryLease => ({
  namespace: defaultNamespace,
  queues: [queueNameOf(defaults.queue)],
  limit: 10,
  worker: "shell",
  waitMs: 0,
  ...wish,
});
const forever = new AbortController().signal;

/** Leases without a stream; what this comes to. */
const lease = async (rooms: Rooms, wish: Partial<UnaryLease> = {}, signal = forever) =>
  (await rooms.broker.lease(wants(wish), signal)).leases;

test("without waiting, what is there is leased, and none is an answer", async () => {
  const rooms = await openRooms();
  const { broker } = rooms;
  expect(await lease(rooms)).toEqual([]);
  await rooms.enqueue({ id: "a" }, { id: "b" }, { id: "c" });
  expect((await lease(rooms, { limit: 2 })).map(({ taskId }) => taskId)).toEqual(["a", "b"]);
  const [c] = await lease(rooms);
  expect(c).toMatchObject({ taskId: "c", attempt: 1, delivery: 1, maxAttempts: defaults.maxAttempts });
  expect(await rooms.read("c")).toMatchObject({ state: "leased", worker: "shell" });
  const token = c?.token ?? new Uint8Array();
  const settlement = { token, outcome: { kind: "succeeded", result: undefined } } as const;
  expect(await broker.settle(defaultNamespace, [settlement])).toEqual([
    { kind: "accepted", state: "succeeded" },
  ]);
  await rooms.close();
});

test("what one call leases is of one session, and of no other call's", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" }, { id: "b" }, { id: "c" });
  const leases = [
    ...(await rooms.broker.lease(wants({ limit: 2 }), forever)).leases,
    ...(await rooms.broker.lease(wants(), forever)).leases,
  ];
  const [a, b, c] = leases.map(({ token }) => claimedSessionOf(token));
  expect(b).toEqual(a);
  expect(c).not.toEqual(a);
  await rooms.close();
});

test("tasks that no hint told of are found by whoever asks", async () => {
  const rooms = await openRooms();
  const idle = await rooms.worker({ credit: 0 });
  void idle.take();
  await rooms.clock.advance(0);
  await rooms.enqueue({ id: "a" });
  expect(await lease(rooms)).toHaveLength(1);
  await rooms.close();
});

test("a call that waits gets the first task that comes", async () => {
  const rooms = await openRooms();
  const waiting = lease(rooms, { waitMs: 30_000 });
  await rooms.clock.advance(5000);
  await rooms.enqueue({ id: "a" });
  expect((await waiting).map(({ taskId }) => taskId)).toEqual(["a"]);
  await rooms.close();
});

test("the answer tells how long the call had waited when the lease began, and never too much", async () => {
  const rooms = await openRooms();
  const waiting = rooms.broker.lease(wants({ waitMs: 30_000 }), forever);
  await rooms.clock.advance(25_000);
  await rooms.enqueue({ id: "a" });
  const { leases, waitedMs } = await waiting;
  // A millisecond less, because a clock of whole ones may have made one up.
  expect([leases.length, waitedMs]).toEqual([1, 24_999]);

  // Longer than a lease of 20 s after the call; the worker that counts from `waited` may still rely on it.
  const { leaseMs, leaseGraceMs } = defaults;
  await rooms.clock.advance(leaseMs + leaseGraceMs - 1);
  expect(await rooms.read("a")).toMatchObject({ state: "leased" });

  await rooms.enqueue({ id: "b" });
  expect(await rooms.broker.lease(wants({ waitMs: 30_000 }), forever), "it was there").toMatchObject({
    waitedMs: 0,
  });
  await rooms.close();
});

test("a call waits as long as it said, and leaves nothing behind", async () => {
  const rooms = await openRooms();
  const timers = rooms.clock.timerCount;
  let answer: readonly unknown[] | undefined;
  const waiting = lease(rooms, { waitMs: 5000 }).then((leases) => {
    answer = leases;
  });
  await rooms.clock.advance(4999);
  expect(answer).toBeUndefined();
  await rooms.clock.advance(1);
  await waiting;
  expect(answer).toEqual([]);
  expect(rooms.clock.timerCount).toBe(timers);
  await rooms.enqueue({ id: "a" });
  expect(await rooms.read("a"), "nobody waits any more").toMatchObject({ state: "ready", deliveries: 0 });
  await rooms.close();
});

test("a caller that is gone gets nothing, and what was claimed for it goes back free of charge", async () => {
  const rooms = await openRooms();
  const gone = new AbortController();
  await rooms.enqueue({ id: "a" });
  const claiming = lease(rooms, {}, gone.signal);
  gone.abort();
  expect(await claiming).toEqual([]);
  expect(await rooms.read("a")).toMatchObject({ state: "ready", reason: "released", deliveries: 0 });

  const waiting = lease(rooms, { queues: [queueNameOf("empty")], waitMs: 30_000 }, gone.signal);
  expect(await waiting).toEqual([]);
  await rooms.close();
});
