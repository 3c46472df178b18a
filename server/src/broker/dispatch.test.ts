import { expect, test } from "vitest";
import { createManualClock, rest } from "../../../test/support/manual-clock.ts";
import { defaultPolicy } from "../../../test/support/new-task.ts";
import { createRecordingLog } from "../../../test/support/recording-log.ts";
import { defaultNamespace, instantOf, queueNameOf, taskIdOf } from "../model/ids.ts";
import type { Claimed } from "../ports/task-store.ts";
import { createDispatch } from "./dispatch.ts";

type Claim = { readonly worker: string; readonly limit: number; readonly count: number };

/** A dispatch over a shelf of tasks by queue. Claims are noted, and can be held up or made to fail. */
function aShop(tasks: Readonly<Record<string, number>> = {}) {
  const shelf = new Map(Object.entries(tasks));
  const claims: Claim[] = [];
  const returned: Claimed[] = [];
  const log = createRecordingLog();
  const state = { gate: undefined as Promise<void> | undefined, isBroken: false };
  let made = 0;

  function pick(queue: string): Claimed {
    shelf.set(queue, (shelf.get(queue) ?? 0) - 1);
    made += 1;
    return {
      id: taskIdOf(`task-${made}`),
      queue: queueNameOf(queue),
      fence: { epoch: 1, seq: made },
      createdAt: instantOf(0),
      content: Buffer.of(1),
      policy: defaultPolicy,
      attempt: 1,
      deliveries: 1,
    };
  }

  const dispatch = createDispatch({
    log,
    now: createManualClock().now,
    isLast: (claimed, { limit }) => claimed.length < limit,
    async giveBack(_namespace, some) {
      returned.push(...some);
    },
    async claim({ queues, worker }, { limit }) {
      const claimed: Claimed[] = [];
      if (state.isBroken) throw new Error("the store is gone");
      for (const queue of queues)
        while (claimed.length < limit && (shelf.get(queue) ?? 0) > 0) claimed.push(pick(queue));
      claims.push({ worker, limit, count: claimed.length });
      await state.gate;
      return claimed;
    },
  });

  return {
    ...{ dispatch, claims, returned, log, state },
    put(queue: string, count: number, hinted = count): void {
      shelf.set(queue, (shelf.get(queue) ?? 0) + count);
      dispatch.ready({ namespace: defaultNamespace, queue: queueNameOf(queue) }, hinted);
    },
    /** A worker that takes and takes, `room` tasks at a time, until it is stopped. */
    join(worker: string, { room = 100, queues = ["q"], rounds = Number.POSITIVE_INFINITY } = {}) {
      const got: number[] = [];
      const stop = new AbortController();
      const wants = {
        namespace: defaultNamespace,
        queues: queues.map(queueNameOf),
        worker,
        room: () => me.room,
      };
      const taker = dispatch.join(wants);
      const me = { room, got, stop, taker, done: Promise.resolve() };
      me.done = (async () => {
        for (let round = 0; round < rounds; round++) {
          const tasks = await taker.next(1000, stop.signal);
          if (tasks.length === 0) return;
          got.push(tasks.length);
        }
      })();
      return me;
    },
  };
}

test("whoever joins takes what is there, and sleeps when there is no more", async () => {
  const shop = aShop({ q: 250 });
  const worker = shop.join("a");
  await rest();
  expect(worker.got).toEqual([100, 100, 50]);
  expect(shop.claims, "the short claim told that nothing is left").toHaveLength(3);
});

test("a task wakes one worker of many, and each in turn", async () => {
  const shop = aShop();
  const workers = ["a", "b", "c"].map((name) => shop.join(name));
  await rest();
  shop.claims.length = 0;
  for (let task = 0; task < 6; task++) {
    shop.put("q", 1);
    await rest();
  }
  expect(shop.claims.map(({ worker }) => worker)).toEqual(["a", "b", "c", "a", "b", "c"]);
  expect(workers.map(({ got }) => got)).toEqual([
    [1, 1],
    [1, 1],
    [1, 1],
  ]);
});

test("a batch wakes as many workers as it takes to carry it", async () => {
  const shop = aShop();
  for (const name of ["a", "b", "c", "d"]) shop.join(name, { room: 10 });
  await rest();
  shop.claims.length = 0;
  shop.put("q", 15);
  await rest();
  expect(shop.claims.map(({ worker, count }) => [worker, count])).toEqual([
    ["a", 10],
    ["b", 5],
  ]);
});

test("what the woken do not carry is carried by whoever comes back", async () => {
  const shop = aShop();
  const a = shop.join("a", { room: 3 });
  await rest();
  shop.put("q", 10);
  await rest();
  expect(a.got).toEqual([3, 3, 3, 1]);
});

test("a hint that comes while a claim is under way is not lost with the claim's empty answer", async () => {
  const shop = aShop();
  const gate = Promise.withResolvers<void>();
  shop.state.gate = gate.promise;
  const a = shop.join("a");
  await rest();
  shop.state.gate = undefined;
  shop.put("q", 1);
  gate.resolve();
  await rest();
  expect(a.got).toEqual([1]);
});

test("a worker that does not come back holds nobody up", async () => {
  const shop = aShop();
  shop.join("slow", { room: 1, rounds: 1 });
  const quick = shop.join("quick", { room: 1 });
  await rest();
  for (let task = 0; task < 5; task++) {
    shop.put("q", 1);
    await rest();
  }
  expect(quick.got).toHaveLength(4);
});

test("a worker without room is not woken, and looks for itself once it has room", async () => {
  const shop = aShop();
  const full = shop.join("full", { room: 0 });
  const free = shop.join("free");
  await rest();
  shop.put("q", 1);
  await rest();
  expect(free.got).toEqual([1]);
  free.stop.abort();
  await rest();
  shop.put("q", 2);
  await rest();
  expect(full.got).toEqual([]);
  full.room = 5;
  full.taker.wake();
  await rest();
  expect(full.got).toEqual([2]);
});

test("a woken worker that leaves instead passes the news on", async () => {
  const shop = aShop();
  const leaving = shop.join("leaving");
  const staying = shop.join("staying");
  await rest();
  shop.put("q", 1);
  leaving.stop.abort();
  leaving.taker.leave();
  await rest();
  expect([leaving.got, staying.got]).toEqual([[], [1]]);
});

test("a woken worker that lost its room passes the news on", async () => {
  const shop = aShop();
  const shrinking = shop.join("shrinking");
  const staying = shop.join("staying");
  await rest();
  shop.put("q", 1);
  shrinking.room = 0;
  await rest();
  expect([shrinking.got, staying.got]).toEqual([[], [1]]);
});

test("tasks that nobody hinted at are found by the next rescan, all of them, by all who have room", async () => {
  const shop = aShop();
  const workers = ["a", "b", "c"].map((name) => shop.join(name, { room: 1, rounds: 2 }));
  await rest();
  shop.put("q", 5, 0);
  await rest();
  expect(workers.flatMap(({ got }) => got)).toEqual([]);
  shop.dispatch.rescan();
  await rest();
  expect(workers.flatMap(({ got }) => got)).toEqual([1, 1, 1, 1, 1]);
});

test("a rescan of an empty queue costs one claim, however many wait there", async () => {
  const shop = aShop();
  for (const name of ["a", "b", "c"]) shop.join(name);
  await rest();
  shop.claims.length = 0;
  shop.dispatch.rescan();
  await rest();
  expect(shop.claims).toHaveLength(1);
});

test("a hint that promised too much costs one empty claim", async () => {
  const shop = aShop();
  const a = shop.join("a");
  await rest();
  shop.claims.length = 0;
  shop.put("q", 0, 50);
  await rest();
  expect(shop.claims).toHaveLength(1);
  expect(a.got).toEqual([]);
});

test("several queues are watched as one", async () => {
  const shop = aShop();
  const both = shop.join("both", { queues: ["x", "y"] });
  const onlyY = shop.join("only-y", { queues: ["y"] });
  await rest();
  shop.put("x", 1);
  await rest();
  shop.put("y", 1);
  await rest();
  shop.put("y", 1);
  await rest();
  shop.put("z", 1);
  await rest();
  expect([both.got.length + onlyY.got.length, onlyY.got.length]).toEqual([3, 1]);
});

test("a store that fails is left in peace until the next hint or rescan", async () => {
  const shop = aShop({ q: 1 });
  shop.state.isBroken = true;
  const a = shop.join("a");
  await rest();
  expect(shop.log.lines).toHaveLength(1);
  shop.dispatch.rescan();
  await rest();
  expect(shop.log.lines).toHaveLength(2);
  shop.state.isBroken = false;
  shop.dispatch.rescan();
  await rest();
  expect(a.got).toEqual([1]);
});

test("what was claimed for somebody who left meanwhile goes back", async () => {
  const shop = aShop({ q: 2 });
  const gate = Promise.withResolvers<void>();
  shop.state.gate = gate.promise;
  const a = shop.join("a");
  await rest();
  a.taker.leave();
  gate.resolve();
  await a.done;
  expect(a.got).toEqual([]);
  expect(shop.returned).toHaveLength(2);
});

test("after the drain nothing is claimed, and all who wait are sent away", async () => {
  const shop = aShop();
  const workers = ["a", "b"].map((name) => shop.join(name));
  await rest();
  shop.dispatch.drain();
  await Promise.all(workers.map(({ done }) => done));
  shop.claims.length = 0;
  shop.put("q", 5);
  const late = shop.join("late");
  await late.done;
  expect(shop.claims).toEqual([]);
});
