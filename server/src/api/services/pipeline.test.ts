import { expect, test } from "vitest";
import { pipeline } from "./pipeline.ts";

/** Work that ends when the test says so. */
function gated() {
  const gates = new Map<number, PromiseWithResolvers<string>>();
  const work = (item: number): Promise<string> => {
    const gate = Promise.withResolvers<string>();
    gates.set(item, gate);
    return gate.promise;
  };
  const finish = (item: number): void => gates.get(item)?.resolve(`answer ${item}`);
  const fail = (item: number): void => gates.get(item)?.reject(new Error(`failure ${item}`));
  return { work, finish, fail, started: () => [...gates.keys()] };
}

/** An endless source that tells how far it was read. */
function counting() {
  const source = { read: 0, wasReturned: false };
  async function* items() {
    try {
      for (;;) yield ++source.read;
    } finally {
      source.wasReturned = true;
    }
  }
  return { source, items: items() };
}

const settle = () => new Promise(setImmediate);

test("items are worked on at once, up to the bound, and answered in their order", async () => {
  const { work, finish, started } = gated();
  const { source, items } = counting();
  const answers = pipeline(items, work, 3)[Symbol.asyncIterator]();
  const first = answers.next();
  await settle();
  expect(started()).toEqual([1, 2, 3]);
  expect(source.read).toBe(3);
  finish(3);
  finish(2);
  await settle();
  expect(started()).toEqual([1, 2, 3]);
  finish(1);
  expect((await first).value).toBe("answer 1");
  expect((await answers.next()).value).toBe("answer 2");
  expect((await answers.next()).value).toBe("answer 3");
  const fourth = answers.next();
  await settle();
  expect(started()).toEqual([1, 2, 3, 4, 5, 6]);
  finish(4);
  await fourth;
  await answers.return?.();
  expect(source.wasReturned).toBe(true);
});

test("what is under way when the items end is still answered", async () => {
  const answers = pipeline(
    (async function* () {
      yield* [1, 2, 3];
    })(),
    async (item) => item * 2,
    2,
  );
  expect(await Array.fromAsync(answers)).toEqual([2, 4, 6]);
});

test("no items, no answers", async () => {
  const none = pipeline(ReadableStream.from<number>([]), async (item) => item, 2);
  expect(await Array.fromAsync(none)).toEqual([]);
});

test("work that fails ends it in its turn, after the answers before it", async () => {
  const { work, finish, fail } = gated();
  const { source, items } = counting();
  const answers = pipeline(items, work, 3)[Symbol.asyncIterator]();
  const first = answers.next();
  await settle();
  fail(2);
  await settle();
  finish(1);
  expect((await first).value).toBe("answer 1");
  await expect(answers.next()).rejects.toThrow("failure 2");
  expect(source.wasReturned).toBe(true);
});
