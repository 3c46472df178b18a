import { defineTask, type ParentFailure, withInput, withInputAs } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, test } from "vitest";
import { startStem, type WholeStem } from "../../support/whole-stem.ts";

const add = defineTask<[a: number, b: number], number>({ name: "add" });
const fail = defineTask<[], number>({ name: "fail", options: { retry: { delaysMs: [0] }, maxAttempts: 2 } });
const say = defineTask<[word: string, sum: number], string>({ name: "say" });
const publish = defineTask<{ album: string; sum: number }, string>({ name: "publish" });
const alarm = defineTask<[whom: string, what: ParentFailure], string>({ name: "alarm" });
const note = defineTask<[text: string], string>({ name: "note" });

const timeoutMs = 8000;
const tasks = [
  implement(add, (_ctx, a, b) => a + b),
  implement(fail, () => {
    throw new RangeError("too far");
  }),
  implement(say, (ctx, word, sum) => JSON.stringify([word, sum, ctx.parentId, ctx.rootId])),
  implement(publish, (_ctx, { album, sum }) => `${album}: ${sum}`),
  implement(alarm, (_ctx, whom, { taskId, taskName, attempt, reason, failure }) =>
    JSON.stringify([whom, taskId, taskName, attempt, reason, failure?.type, failure?.message]),
  ),
  implement(note, (ctx, text) => `${text} after ${ctx.parentId}`),
];

/** What is made by an end is there as soon as that is known. */
const resultOf = ({ stem }: WholeStem, id: string): Promise<unknown> =>
  stem.handle(say, id).result({ timeoutMs });

test("what follows a success has its result, as its last argument, by name, or not at all", async () => {
  const all = await startStem();
  await all.work({ tasks });
  const first = await all.stem.enqueue(add, [2, 3], {
    link: [
      withInput(say, ["sum"], { id: "last" }),
      withInputAs(publish, "sum", { album: "holiday" }, { id: "named" }),
      note.call(["done"], { id: "plain" }),
    ],
    linkError: [withInput(alarm, ["ada"], { id: "never" })],
  });
  expect(await first.result({ timeoutMs })).toBe(5);
  expect(JSON.parse(String(await resultOf(all, "last")))).toEqual(["sum", 5, first.id, first.id]);
  expect(await resultOf(all, "named")).toBe("holiday: 5");
  expect(await resultOf(all, "plain")).toBe(`done after ${first.id}`);
  await expect(all.stem.handle(alarm, "never").status()).rejects.toMatchObject({ reason: "TASK_UNKNOWN" });
});

test("what follows a failure is told of it, once no attempt is left", async () => {
  const all = await startStem();
  await all.work({ tasks });
  const first = await all.stem.enqueue(fail, [], {
    link: [withInput(say, ["sum"], { id: "never" })],
    linkError: [withInput(alarm, ["ada"], { id: "alarm" })],
  });
  await expect(first.result({ timeoutMs })).rejects.toMatchObject({ name: "TaskFailedError" });
  expect(JSON.parse(String(await resultOf(all, "alarm")))).toEqual([
    "ada",
    first.id,
    "fail",
    2,
    "max_attempts",
    "RangeError",
    "too far",
  ]);
  await expect(all.stem.handle(say, "never").status()).rejects.toMatchObject({ reason: "TASK_UNKNOWN" });
});

test("what follows may itself be followed, all of one family", async () => {
  const all = await startStem();
  await all.work({ tasks });
  const first = await all.stem.enqueue(add, [1, 1], {
    link: [
      withInput(add, [10], {
        id: "second",
        link: [withInput(add, [100], { id: "third", link: [withInput(say, ["end"], { id: "fourth" })] })],
      }),
    ],
  });
  for (const id of [first.id, "second", "third"]) await resultOf(all, id);
  expect(JSON.parse(String(await resultOf(all, "fourth")))).toEqual(["end", 112, "third", first.id]);
  expect(await all.stem.handle(add, "third").status()).toMatchObject({
    parentId: "second",
    rootId: first.id,
  });
});

test("who begins a family of its own is not of its handler's", async () => {
  const all = await startStem();
  const own = defineTask<[], string>({ name: "own" });
  await all.work({
    tasks: [
      ...tasks,
      implement(own, async (ctx) => {
        const child = await ctx.enqueue(note, ["child"], { id: "child" });
        const [free] = await ctx.enqueueMany([note.call(["free"], { id: "free" })], { addToParent: false });
        await ctx.enqueue(note, ["alone"], { id: "alone", addToParent: false });
        return [child.id, free.id].join();
      }),
    ],
  });
  const first = await all.stem.enqueue(own);
  expect(await first.result({ timeoutMs })).toBe("child,free");
  const parentOf = async (id: string) => (await all.stem.handle(note, id).status()).parentId;
  expect(await Promise.all(["child", "free", "alone"].map(parentOf))).toEqual([
    first.id,
    undefined,
    undefined,
  ]);
});
