import { beforeEach, describe, expect, test } from "vitest";
import { createManualClock } from "../../../test/support/manual-clock.ts";
import { createLimits } from "../broker/broker.ts";
import type { Bounds } from "../model/gate.ts";
import { type Namespace, namespaceOf, type QueueName, queueNameOf } from "../model/ids.ts";
import { limits } from "../model/limits.ts";
import type { Store } from "../ports/store.ts";
import { createMemoryStore } from "../storage/memory/memory.ts";
import { limitedKeyOf, readLimited } from "./kept-routing.ts";
import { createLimitKeeping } from "./queue-limits.ts";
import type { QueueLimits } from "./table.ts";

const namespace: Namespace = namespaceOf("a");
const limitsMax = 5;
const bounds = { ...limits, gateLimitsPerNamespaceMax: limitsMax };
const clock = createManualClock();

/** Queues with how many leases each may have. */
const textOf = (said: Readonly<Record<string, number>>): QueueLimits =>
  new Map(
    Object.entries(said).map(([queue, concurrency]) => [
      queueNameOf(queue),
      { concurrency, rate: undefined },
    ]),
  );

let store: Store;
/** What the store has as the text in force. */
let inForce: QueueLimits;
beforeEach(() => {
  store = createMemoryStore({ limits: bounds });
  inForce = textOf({});
});

const limitsOn = (own: Store) => createLimits({ store: own, clock, limits: bounds });

/** One server that applies a text which it knows, and sees by and by which one is in force. */
function serverOn(own: Store, known: QueueLimits = inForce) {
  const keeping = createLimitKeeping({ store: own, limitVerbs: limitsOn(own), limits: bounds });
  const ruled = {
    current: () => known,
    reread: async () => {
      known = inForce;
    },
  };
  return { ...keeping, run: () => keeping.apply(namespace, ruled) };
}

const putInForce = (text: QueueLimits): Promise<void> => {
  inForce = text;
  return serverOn(store).run();
};

const putByHand = (queue: string, more: Partial<Bounds> = {}): Promise<unknown> =>
  limitsOn(store).putLimit({
    ...{ namespace, kind: "queue", subject: queue, concurrency: 50, rate: undefined },
    ...more,
  });

async function limitsThere(): Promise<Readonly<Record<string, number | undefined>>> {
  const found = await store.listLimits(namespace, undefined, 100);
  return Object.fromEntries(found.map(({ subject, concurrency }) => [subject, concurrency]));
}

const remembered = async (): Promise<readonly QueueName[]> => [
  ...readLimited(await store.getMeta(limitedKeyOf(namespace))),
];

/** The store, where `before` is waited for ahead of each write, with its number. */
function watched(before: (no: number) => Promise<void>): Store {
  let no = 0;
  const writing =
    <Args extends readonly unknown[], Answer>(verb: (...args: Args) => Promise<Answer>) =>
    async (...args: Args): Promise<Answer> => {
      no += 1;
      await before(no);
      return verb(...args);
    };
  return {
    ...store,
    putLimit: writing(store.putLimit),
    deleteLimit: writing(store.deleteLimit),
    swapMeta: writing(store.swapMeta),
  };
}

async function countWrites(run: (own: Store) => Promise<void>): Promise<number> {
  let count = 0;
  await run(
    watched(async (no) => {
      count = no;
    }),
  );
  return count;
}

test("limits are put as the text says, those that it says no more are taken away, and others stay", async () => {
  await putByHand("own");
  await putInForce(textOf({ a: 1, b: 2 }));
  expect(await limitsThere()).toEqual({ a: 1, b: 2, own: 50 });
  await putInForce(textOf({ b: 3, c: 0 }));
  expect(await limitsThere()).toEqual({ b: 3, c: 0, own: 50 });
  expect(await remembered()).toEqual(["b", "c"]);
  await putInForce(textOf({}));
  expect(await limitsThere()).toEqual({ own: 50 });
  expect(await remembered()).toEqual([]);
});

test("a limit that was put by hand is replaced, and is not put back", async () => {
  await putByHand("a", { rate: { count: 1, periodMs: 1, burst: 1 } });
  await putInForce(textOf({ a: 1 }));
  expect(await limitsThere()).toEqual({ a: 1 });
  await putInForce(textOf({}));
  expect(await limitsThere()).toEqual({});
});

test("what is so already is not written again, and without limits nothing is", async () => {
  expect(await countWrites((own) => serverOn(own).run())).toBe(0);
  await putInForce(textOf({ a: 1 }));
  expect(await countWrites((own) => serverOn(own).run())).toBe(0);
  await putByHand("a");
  await serverOn(store).run();
  expect(await limitsThere()).toEqual({ a: 1 });
});

test("all concerned are remembered before one is put, and afterwards those of the text", async () => {
  await putInForce(textOf({ a: 1, b: 1 }));
  inForce = textOf({ b: 2, c: 2 });
  const seen: (readonly QueueName[])[] = [];
  const own = watched(async () => void seen.push(await remembered()));
  await serverOn(own).run();
  const all = ["a", "b", "c"];
  expect(seen).toEqual([["a", "b"], all, all, all, all]);
  expect(await remembered()).toEqual(["b", "c"]);
});

test("whichever write a crash comes before, the next start leaves what the text says by then", async () => {
  const crash = new Error("the server is gone");
  const dying = (last: number) =>
    watched(async (no) => {
      if (no >= last) throw crash;
    });
  for (const next of [textOf({ b: 2, c: 2 }), textOf({}), textOf({ a: 1, d: 4 })])
    for (let last = 1; ; last += 1) {
      store = createMemoryStore({ limits: bounds });
      await putByHand("own");
      await putInForce(textOf({ a: 1, b: 1 }));
      inForce = textOf({ b: 2, c: 2 });
      const died = await serverOn(dying(last))
        .run()
        .then(
          () => false,
          (error: unknown) => error === crash,
        );
      await putInForce(next);
      const wanted = Object.fromEntries([...next].map(([queue, { concurrency }]) => [queue, concurrency]));
      expect(await limitsThere(), `a crash before write ${last}`).toEqual({ own: 50, ...wanted });
      expect(await remembered()).toEqual([...next.keys()]);
      if (!died) break;
    }
});

describe("two servers at once", () => {
  const [first, older, newer] = [textOf({ a: 1, b: 1 }), textOf({ b: 2, c: 2 }), textOf({ a: 3, d: 3 })];

  /** One begins, and before its `at`th write the other one does all of its. Answers whether it came to that. */
  async function meet(at: number, begin: QueueLimits, between: () => Promise<void>): Promise<boolean> {
    store = createMemoryStore({ limits: bounds });
    await putInForce(first);
    inForce = begin;
    let isMet = false;
    const slow = watched(async (no) => {
      if (no !== at) return;
      isMet = true;
      await between();
    });
    await serverOn(slow).run();
    return isMet;
  }

  const replaceAndDie = async (): Promise<void> => {
    inForce = newer;
  };

  test.each([
    ["a server that puts an older one", older, () => putInForce(newer)],
    ["one that puts an older one, and one that dies before it puts any", older, replaceAndDie],
    ["the server that puts it, and another one puts an older one", newer, () => serverOn(store, older).run()],
  ])("the newer text holds, at whichever write of %s they meet", async (_, begin, between) => {
    let at = 1;
    for (; await meet(at, begin, between); at += 1) {
      expect(await limitsThere(), `before write ${at}`).toEqual({ a: 3, d: 3 });
      expect(await remembered()).toEqual(["a", "d"]);
    }
    expect(at).toBeGreaterThan(4);
  });

  test("two that put the same do not undo each other's", async () => {
    inForce = newer;
    await Promise.all([serverOn(store).run(), serverOn(store).run()]);
    expect(await limitsThere()).toEqual({ a: 3, d: 3 });
    expect(await remembered()).toEqual(["a", "d"]);
  });
});

test("a text is refused that would make too many, those counted that it takes the place of", async () => {
  for (const queue of ["own-1", "own-2"]) await putByHand(queue);
  await limitsOn(store).putLimit({ namespace, kind: "key", subject: "a", concurrency: 1, rate: undefined });
  await putInForce(textOf({ a: 1, b: 1 }));
  const { checkRoom } = serverOn(store);
  await expect(checkRoom(namespace, textOf({ a: 1, b: 1, c: 1 }))).rejects.toMatchObject({
    problem: { reason: "LIMIT_COUNT_REACHED", limitsMax },
  });
  for (const good of [{ c: 1, d: 1 }, { a: 2, c: 1 }, { a: 1, b: 1, "own-1": 1 }, {}])
    await checkRoom(namespace, textOf(good));
  await putInForce(textOf({ c: 1, d: 1 }));
  expect(await limitsThere()).toMatchObject({ c: 1, d: 1, "own-1": 50, "own-2": 50 });
});

test("of a namespace that is gone nothing is remembered", async () => {
  await putInForce(textOf({ a: 1 }));
  await serverOn(store).forget(namespace);
  expect(await remembered()).toEqual([]);
  expect(await countWrites((own) => serverOn(own).forget(namespace))).toBe(0);
});
