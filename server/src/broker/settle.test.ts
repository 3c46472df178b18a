import { expect, test } from "vitest";
import { openRooms, taskRefOf } from "../../../test/support/rooms.ts";
import { type Bytes, defaultNamespace, namespaceOf } from "../model/ids.ts";
import { limits } from "../model/limits.ts";
import type { Outcome } from "../model/outcome.ts";
import { StemProblem } from "../model/problem.ts";
import type { Store } from "../ports/store.ts";
import { createMemoryStore } from "../storage/memory/memory.ts";

const done = (token: Bytes, result = "done") => ({
  token,
  outcome: { kind: "succeeded", result: Buffer.from(result) } satisfies Outcome,
});
const accepted = { kind: "accepted", state: "succeeded" };
const invalid = { kind: "lost", state: undefined, why: "token_invalid" };

/** A memory store that counts reads of heads, and can refuse to settle. */
function aWatchedStore() {
  const store = createMemoryStore({ limits });
  const seen = { headReads: 0, isBroken: false };
  const watched: Store = {
    ...store,
    readHeads(refs) {
      seen.headReads += 1;
      return store.readHeads(refs);
    },
    settle(settlements) {
      if (seen.isBroken) return Promise.reject(new StemProblem({ reason: "STORE_UNAVAILABLE" }));
      return store.settle(settlements);
    },
  };
  return { seen, store: watched };
}

test("a session settles from what it knows, without reading", async () => {
  const { store, seen } = aWatchedStore();
  const rooms = await openRooms({ store });
  await rooms.enqueue({ id: "a" }, { id: "b" });
  const worker = await rooms.worker();
  const leases = await worker.take(2);
  expect(await worker.session.settle(leases.map(({ token }) => done(token)))).toEqual([accepted, accepted]);
  expect(seen.headReads).toBe(0);
  await rooms.close();
});

test("leases that nobody here remembers are settled after one read for all of them", async () => {
  const { store, seen } = aWatchedStore();
  const before = await openRooms({ store, seed: 1 });
  await before.enqueue({ id: "a" }, { id: "b", policy: { maxAttempts: 1 } });
  const [a, b] = await (await before.worker()).take(2);
  await before.close();

  const after = await openRooms({ store, seed: 2 });
  if (a === undefined || b === undefined) throw new Error("two tasks were there");
  const failed: Outcome = { kind: "failed", failure: Buffer.from("no"), nonRetryable: false };
  const verdicts = await after.broker.settle(defaultNamespace, [
    done(a.token),
    { token: b.token, outcome: failed },
  ]);
  expect(verdicts).toEqual([accepted, { kind: "accepted", state: "failed" }]);
  expect(seen.headReads).toBe(1);
  await after.close();
});

test("anybody who has a token may settle it without a stream, and its session lets go of the lease", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  const worker = await rooms.worker();
  const { token } = await worker.takeOne();
  expect(await rooms.broker.settle(defaultNamespace, [done(token)])).toEqual([accepted]);
  expect(await worker.heartbeat(), "it is not lost, it is settled").toEqual([]);
  expect(await rooms.read("a")).toMatchObject({
    state: "succeeded",
    result: new Uint8Array(Buffer.from("done")),
  });
  await rooms.close();
});

test("forged, foreign and broken tokens are refused one by one, and harm nobody else's", async () => {
  const rooms = await openRooms();
  const { broker } = rooms;
  await rooms.enqueue({ id: "a" }, { id: "b" });
  const worker = await rooms.worker();
  const other = await rooms.worker({ name: "other" });
  const mine = await worker.takeOne();
  const theirs = await other.takeOne();
  const flipped = Buffer.from(mine.token);
  flipped.writeUInt8(flipped.readUInt8(20) ^ 1, 20);

  const verdicts = await worker.session.settle([
    done(flipped),
    done(Buffer.from("garbage")),
    done(Buffer.alloc(0)),
    done(theirs.token),
    done(mine.token),
  ]);
  expect(verdicts).toEqual([invalid, invalid, invalid, { ...invalid, why: "other_session" }, accepted]);
  expect(await broker.settle(namespaceOf("other"), [done(theirs.token)])).toEqual([invalid]);
  expect(await other.succeed(theirs), "still its own").toEqual(accepted);
  await rooms.close();
});

test("a settlement said twice in one batch is applied once", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  const worker = await rooms.worker();
  const { token } = await worker.takeOne();
  const verdicts = await worker.session.settle([done(token), done(token), done(token, "else")]);
  expect(verdicts).toEqual([
    accepted,
    { kind: "duplicate", state: "succeeded" },
    { kind: "lost", state: "succeeded", why: "settled" },
  ]);
  await rooms.close();
});

test("a settlement that the store did not take is kept open, and may be said again", async () => {
  const { store, seen } = aWatchedStore();
  const rooms = await openRooms({ store });
  await rooms.enqueue({ id: "a" });
  const worker = await rooms.worker();
  const lease = await worker.takeOne();
  seen.isBroken = true;
  await expect(worker.succeed(lease)).rejects.toMatchObject({ problem: { reason: "STORE_UNAVAILABLE" } });
  seen.isBroken = false;
  await rooms.clock.advance(15_000);
  await worker.heartbeat();
  await rooms.clock.advance(15_000);
  expect(await rooms.read("a"), "the heartbeat extended it").toMatchObject({
    state: "leased",
    deliveries: 1,
  });
  expect(await worker.succeed(lease)).toEqual(accepted);
  await rooms.close();
});

test("the settlement of a task that is gone altogether is lost", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a", policy: { retentionMs: 0 } });
  const worker = await rooms.worker();
  const lease = await worker.takeOne();
  await worker.succeed(lease);
  await rooms.clock.advance(10_000);
  await expect(rooms.backend.get(taskRefOf("a"))).rejects.toMatchObject({
    problem: { reason: "TASK_UNKNOWN" },
  });
  expect(await worker.succeed(lease)).toEqual({ kind: "lost", state: undefined, why: "task_unknown" });
  await rooms.close();
});

test("a released task is there at once for the next one who waits, in its old place", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "a" });
  const one = await rooms.worker({ name: "one" });
  const lease = await one.takeOne();
  const two = await rooms.worker({ name: "two" });
  const waiting = two.takeOne();
  expect(await one.settle(lease, { kind: "released" })).toEqual({ kind: "accepted", state: "ready" });
  expect(await waiting).toMatchObject({ taskId: "a", attempt: 1, delivery: 1 });
  await rooms.close();
});
