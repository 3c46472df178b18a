import { expect, test } from "vitest";
import { createManualClock } from "../../../test/support/manual-clock.ts";
import { limits } from "../model/limits.ts";
import { createMemoryStore } from "../storage/memory/memory.ts";
import { createLeader } from "./leader.ts";

/** Two servers of one store. */
function twoServers(locksMax: number = limits.locksMax) {
  const clock = createManualClock();
  const store = createMemoryStore({ limits: { ...limits, locksMax } });
  let asked = 0;
  const counting: typeof store = {
    ...store,
    acquireLock(wish) {
      asked += 1;
      return store.acquireLock(wish);
    },
  };
  const leader = (owner: string) => createLeader({ store: counting, clock, owner, limits });
  return { clock, one: leader("one"), other: leader("other"), asked: () => asked };
}

test("one of two leads, and asks the store now and then", async () => {
  const { clock, one, other, asked } = twoServers();
  expect([await one.leads(), await other.leads()]).toEqual([true, false]);
  for (let seconds = 0; seconds < 60; seconds += 1) {
    await clock.advance(1000);
    expect(await one.leads()).toBe(true);
  }
  expect(asked()).toBe(2 + 30);
  expect(await other.leads()).toBe(false);
});

test("a leader that has died is replaced when its lease is over", async () => {
  const { clock, one, other } = twoServers();
  await one.leads();
  await clock.advance(4999);
  expect(await other.leads()).toBe(false);
  await clock.advance(1);
  expect(await other.leads()).toBe(true);
  expect(await one.leads()).toBe(false);
});

test("a leader that resigns is replaced at once", async () => {
  const { one, other } = twoServers();
  await one.leads();
  await other.resign();
  expect(await other.leads()).toBe(false);
  await one.resign();
  expect(await other.leads()).toBe(true);
});

test("with no lock to be had everybody leads", async () => {
  const { one, other } = twoServers(0);
  expect([await one.leads(), await other.leads()]).toEqual([true, true]);
});
