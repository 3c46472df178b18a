import { expect, test } from "vitest";
import { heldLeaseOf } from "../../test/support/held-lease.ts";
import { createManualClock, rest } from "../../test/support/manual-clock.ts";
import { LeaseLost, TimeLimitExceeded } from "./errors.ts";
import type { HeldLease } from "./lease.ts";
import { failed, type Outcome, succeeded } from "./settlement.ts";
import { Slots } from "./slots.ts";

function setUp(concurrency: number) {
  const running = new Map<string, (outcome?: Outcome) => Promise<void>>();
  const started: string[] = [];
  const ended: string[] = [];
  const watched: number[] = [];
  const slots = new Slots(concurrency, {
    clock: createManualClock(0),
    runner: {
      run(lease) {
        const { promise, resolve } = Promise.withResolvers<Outcome>();
        started.push(lease.grant.taskId);
        running.set(lease.grant.taskId, async (outcome = succeeded(undefined)) => {
          resolve(outcome);
          await rest();
        });
        return promise;
      },
    },
    watch: (time) => void watched.push(time),
    onEnded: (lease, outcome) => void ended.push(`${lease.grant.taskId} ${outcome?.case ?? "nothing"}`),
  });
  const offer = (...ids: string[]): HeldLease[] => {
    const leases = ids.map((taskId) => heldLeaseOf({ taskId }));
    slots.offer(leases);
    return leases;
  };
  const end = (id: string, outcome?: Outcome) => running.get(id)?.(outcome);
  return { slots, offer, end, started, ended, watched };
}

test("tasks start in order, never more at once than there are slots", async () => {
  const { slots, offer, end, started } = setUp(2);
  expect(slots.free).toBe(2);
  offer("a", "b", "c");
  expect([started.join(), slots.free]).toEqual(["a,b", -1]);
  offer("d");
  await end("b");
  expect([started.join(), slots.free]).toEqual(["a,b,c", -1]);
  await end("a");
  await end("c");
  expect([started.join(), slots.free]).toEqual(["a,b,c,d", 1]);
});

test("a task that waits can be taken out; one that runs cannot", async () => {
  const { slots, offer, end, started } = setUp(1);
  const [a, b] = offer("a", "b", "c");
  if (!a || !b) throw new Error("two leases were offered");
  expect([slots.withdraw(a), slots.withdraw(b), slots.withdraw(b)]).toEqual([false, true, false]);
  await end("a");
  expect(started).toEqual(["a", "c"]);
});

test("closed slots start nothing more, and give back what waited", async () => {
  const { slots, offer, end, started, ended } = setUp(1);
  offer("a", "b", "c");
  expect(slots.close().map(({ grant }) => grant.taskId)).toEqual(["b", "c"]);
  let isIdle = false;
  void slots.idle().then(() => {
    isIdle = true;
  });
  await rest();
  expect(isIdle).toBe(false);
  await end("a");
  expect([started.join(), ended.join(), isIdle]).toEqual(["a", "a succeeded", true]);
});

test("a handler that ends after its lease was lost has nothing to say, and frees its slot", async () => {
  const { slots, offer, end, ended } = setUp(1);
  const [a] = offer("a");
  a?.abort(new LeaseLost(true));
  await end("a");
  expect(ended).toEqual(["a nothing"]);
  expect(slots.free).toBe(1);
});

test("a handler that ends after its outcome was settled over its head has nothing more to say", async () => {
  const { offer, end, ended } = setUp(1);
  const [a] = offer("a");
  if (a) a.phase = "settling";
  await end("a", failed(new Error("too late")));
  expect(ended).toEqual(["a nothing"]);
});

test("a time limit is watched from the start of the handler", () => {
  const { slots, watched } = setUp(1);
  slots.offer([heldLeaseOf({ timeLimitMs: 250 })]);
  expect(watched).toEqual([250]);
});

test("a handler beyond its time limit has failed by it, whatever it returns", async () => {
  const { offer, end, ended } = setUp(1);
  const [a] = offer("a");
  a?.abort(new TimeLimitExceeded(5));
  await end("a");
  expect(ended).toEqual(["a failed"]);
});

test("tasks that end at once leave room for other things after every 256", async () => {
  const started: string[] = [];
  const slots = new Slots(10, {
    clock: createManualClock(0),
    runner: {
      run: (lease) => {
        started.push(lease.grant.taskId);
        return Promise.resolve(succeeded(undefined));
      },
    },
    watch: () => undefined,
    onEnded: () => undefined,
  });
  const turnOver = new Promise((resolve) => setImmediate(resolve));
  slots.offer(Array.from({ length: 600 }, (_, n) => heldLeaseOf({ taskId: `${n}` })));
  await turnOver;
  expect(started).toHaveLength(256);
  await rest();
  await rest();
  expect([started.length, slots.free]).toEqual([600, 10]);
});
