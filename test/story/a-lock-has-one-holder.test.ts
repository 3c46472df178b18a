import { expect, test } from "vitest";
import { defaultNamespace, lockKeyOf } from "../../server/src/model/ids.ts";
import type { Limits } from "../../server/src/model/limits.ts";
import { openRooms } from "../support/rooms.ts";

const door = { namespace: defaultNamespace, key: lockKeyOf("door") };

/** A server on a clock that stands still, and callers who say in which order they got the lock. */
async function openDoor(limits: Partial<Limits> = {}) {
  const { locks, clock, close } = await openRooms({ limits });
  const heard: string[] = [];
  const take = (owner: string, waitMs = 0, ttlMs = 1000) =>
    locks.acquire({ ...door, owner, ttlMs, waitMs }, new AbortController().signal);

  /** Wants the lock, and does not keep the test waiting for it. */
  function want(owner: string, waitMs: number, leaving = new AbortController()) {
    locks.acquire({ ...door, owner, ttlMs: 1000, waitMs }, leaving.signal).then(
      ({ waitedMs, renewed }) => heard.push(`${owner} after ${waitedMs}${renewed ? ", again" : ""}`),
      (error) => heard.push(`${owner}: ${error.problem.reason}`),
    );
    return leaving;
  }
  return { locks, clock, close, heard, take, want };
}

test("those who wait for a lock get it in the order they came, as each before them lets go", async () => {
  const { locks, clock, close, heard, take, want } = await openDoor();
  const { lock } = await take("ann");
  want("bob", 5000);
  await clock.advance(10);
  want("cid", 5000);
  await clock.advance(10);
  want("dan", 5000);
  await clock.advance(100);
  expect(heard).toEqual([]);
  await locks.release(lock);
  await clock.advance(0);
  expect(heard).toEqual(["bob after 120"]);
  const bob = await locks.get(door);
  expect(bob?.fence).toBeGreaterThan(lock.fence);
  await locks.release(bob ?? lock);
  await clock.advance(0);
  expect(heard).toEqual(["bob after 120", "cid after 110"]);
  await close();
});

test("a holder that dies keeps the others waiting no longer than its lock lasts", async () => {
  const { clock, close, heard, take, want } = await openDoor();
  await take("ann");
  want("bob", 5000);
  await clock.advance(999);
  expect(heard).toEqual([]);
  await clock.advance(1);
  expect(heard).toEqual(["bob after 1000"]);
  await close();
});

test("a wait ends with who holds the lock, and the next in line is not forgotten", async () => {
  const { locks, clock, close, heard, take, want } = await openDoor();
  const { lock } = await take("ann", 0, 60_000);
  want("bob", 500);
  want("cid", 5000);
  await clock.advance(500);
  expect(heard).toEqual(["bob: LOCK_HELD"]);
  await expect(take("eve")).rejects.toMatchObject({
    problem: { reason: "LOCK_HELD", key: "door", owner: "ann", expiresInMs: 59_500 },
  });
  await locks.release(lock);
  await clock.advance(0);
  expect(heard).toEqual(["bob: LOCK_HELD", "cid after 500"]);
  await close();
});

test("who goes away while it waits takes no lock with it", async () => {
  const { locks, clock, close, heard, take, want } = await openDoor();
  const { lock } = await take("ann");
  const bob = want("bob", 5000);
  want("cid", 5000);
  await clock.advance(0);
  // In the same turn: the store has been asked for bob when bob goes.
  const released = locks.release(lock);
  await Promise.resolve().then(() => bob.abort());
  await released;
  await clock.advance(0);
  expect(heard.toSorted()).toEqual(["bob: DRAINING", "cid after 0"]);
  expect(await locks.get(door)).toMatchObject({ owner: "cid" });
  await close();
});

test("a holder that asks again renews, also while others wait, and keeps its fence", async () => {
  const { clock, close, heard, take, want } = await openDoor();
  const { lock } = await take("ann");
  want("bob", 5000);
  await clock.advance(600);
  expect(await take("ann", 5000)).toMatchObject({ renewed: true, lock: { fence: lock.fence } });
  await clock.advance(999);
  expect(heard).toEqual([]);
  await clock.advance(1);
  expect(heard).toEqual(["bob after 1600"]);
  await close();
});

test("repeats of one call that wait in line get the same lock", async () => {
  const { locks, clock, close, heard, take, want } = await openDoor();
  const { lock } = await take("ann");
  for (const owner of ["bob", "cid", "bob"]) want(owner, 5000);
  await clock.advance(0);
  await locks.release(lock);
  await clock.advance(0);
  expect(heard).toEqual(["bob after 0", "bob after 0, again"]);
  await close();
});

test("a lock that is no longer held is neither renewed nor released, and says why", async () => {
  const { locks, clock, close, take } = await openDoor();
  const { lock } = await take("ann");
  await expect(locks.renew({ ...lock, owner: "bob" }, 1000)).rejects.toMatchObject({
    problem: { reason: "LOCK_LOST", key: "door", lostReason: "ann holds it" },
  });
  await clock.advance(1000);
  await expect(locks.renew(lock, 1000)).rejects.toMatchObject({
    problem: { reason: "LOCK_LOST", lostReason: "it ended, or was released" },
  });
  await take("ann");
  await expect(locks.release(lock)).rejects.toMatchObject({
    problem: { lostReason: `this owner holds it under another fence than ${lock.fence}` },
  });
  await close();
});

test("waiters and locks have a bound with a name", async () => {
  const { locks, clock, close, heard, take, want } = await openDoor({ lockWaitersMax: 1, locksMax: 1 });
  await take("ann");
  want("bob", 500);
  await clock.advance(0);
  await expect(take("cid", 500)).rejects.toMatchObject({
    problem: { reason: "CONCURRENCY_LIMIT_REACHED", limit: "lockWaitersMax", max: 1 },
  });
  const window = { ...door, key: lockKeyOf("window"), owner: "ann", ttlMs: 1000, waitMs: 0 };
  await expect(locks.acquire(window, new AbortController().signal)).rejects.toMatchObject({
    problem: { reason: "CONCURRENCY_LIMIT_REACHED", limit: "locksMax", max: 1 },
  });
  await clock.advance(500);
  expect(heard).toEqual(["bob: LOCK_HELD"]);
  want("dan", 1000);
  await clock.advance(500);
  expect(heard).toEqual(["bob: LOCK_HELD", "dan after 500"]);
  await close();
});

test("locks that ended are forgotten in time", async () => {
  const { clock, close, take, locks } = await openDoor({ locksMax: 1 });
  await take("ann");
  await clock.advance(20_000);
  const window = { ...door, key: lockKeyOf("window"), owner: "ann", ttlMs: 1000, waitMs: 0 };
  expect((await locks.acquire(window, new AbortController().signal)).lock.owner).toBe("ann");
  await close();
});
