import {
  type CanvasNode,
  chain,
  chord,
  chunks,
  connect,
  defineCodec,
  defineTask,
  group,
  map,
  type ParentFailure,
  starmap,
} from "@stem/sdk";
import type { ConfigInput } from "@stem/server";
import { implement } from "@stem/worker";
import { expect, onTestFinished, test } from "vitest";
import { startStem } from "../../support/whole-stem.ts";

const add = defineTask<[a: number, b: number], number>({ name: "add" });
const sum = defineTask<[numbers: readonly number[]], number>({ name: "sum" });
const say = defineTask<{ greeting: string; result?: unknown; name?: string }, string>({ name: "say" });
const fail = defineTask<[message: string], number>({ name: "fail", options: { maxAttempts: 1 } });
const note = defineTask<[what: unknown], void>({ name: "note" });

/** A server with a worker, and what its `note` was told. */
async function startNoting(input: ConfigInput = {}) {
  const all = await startStem(input);
  const notes: unknown[] = [];
  await all.work({
    concurrency: 8,
    tasks: [
      implement(add, (_, a, b) => a + b),
      implement(sum, (_, numbers) => numbers.reduce((total, each) => total + each, 0)),
      implement(say, (_, { greeting, name, result }) => `${greeting} ${name ?? JSON.stringify(result)}`),
      implement(fail, (_, message) => {
        throw new RangeError(message);
      }),
      implement(note, (_, what) => void notes.push(what)),
    ],
  });
  return { ...all, notes };
}

test("a chain hands each result on, as the last argument or a named one", async () => {
  const { stem } = await startNoting();
  const handle = await stem.submit(chain(add.signature([1, 2]), add.s([10]), say.s({ greeting: "hello" })), {
    id: "c-1",
    name: "greeting",
    tags: ["a"],
  });
  expect(await handle.result({ timeoutMs: 50_000 })).toBe("hello 13");
  expect(await handle.get()).toMatchObject({ id: "c-1", name: "greeting", tags: ["a"], state: "succeeded" });
  const named = chain(say.signature({ greeting: "a", name: "b" }), say.s({ greeting: "c" }).as("name"));
  expect(await (await stem.submit(named)).result({ timeoutMs: 50_000 })).toBe("c a b");
  const again = chain(add.signature([1, 2]), add.s([10]), say.s({ greeting: "hello" }));
  expect(await stem.submit(again, { id: "c-1", name: "greeting", tags: ["a"] })).toMatchObject({
    deduplicated: true,
  });
  await expect(stem.submit(add.signature([1, 2]), { id: "c-1" })).rejects.toMatchObject({
    reason: "CANVAS_EXISTS",
  });
});

test("groups, chords, maps, starmaps and chunks leave what their types say", async () => {
  const { stem } = await startNoting();
  const inner = group(add.signature([1, 1]), say.signature({ greeting: "x", name: "y" }));
  const rows = [
    [group(add.signature([1, 2]), inner), [3, 2, "x y"]],
    [group(add.signature([1, 2]), inner.link(note.s())), [3, [2, "x y"]]],
    [chord(group(add.signature([1, 2]), add.signature([3, 4])), sum.s()), 10],
    [chord(map(add.s([1]), [1, 2, 3]), sum.s()), 9],
    [
      starmap(add, [
        [1, 2],
        [3, 4],
      ]),
      [3, 7],
    ],
    [chunks(sum, [1, 2, 3, 4, 5], 2), [3, 7, 5]],
    [group(), []],
    [chain(add.signature([1, 2]), group(add.s([1]), add.signature([5, 5])), sum.s()), 14],
    [chain(group(add.signature([1, 2])), sum.s(), add.s([1])), 4],
    [note.signature([1]), undefined],
  ] as const;
  for (const [canvas, result] of rows)
    expect(await (await stem.submit(canvas as (typeof rows)[0][0])).result({ timeoutMs: 50_000 })).toEqual(
      result,
    );
});

test("what does not succeed is told as it began", async () => {
  const { stem, notes } = await startNoting();
  const failing = await stem.submit(chain(fail.signature(["no"]), add.s([1])).linkError(note.s()));
  await expect(failing.result({ timeoutMs: 50_000 })).rejects.toMatchObject({
    name: "CanvasFailedError",
    why: {
      state: "failed",
      reason: "max_attempts",
      failure: { taskName: "fail", failure: { message: "no" } },
    },
    cause: { name: "RangeError", message: "no" },
  });
  const carrying = await stem.batch([add.signature([1, 2]), fail.signature(["no"])], {
    onMemberFailure: "carry_on",
  });
  const [three, failure] = await carrying.result({ timeoutMs: 50_000 });
  expect(three).toBe(3);
  expect(failure).toMatchObject({ taskName: "fail", attempt: 1, failure: { type: "RangeError" } });
  expect(notes).toMatchObject([{ taskName: "fail" }]);
  const waiting = await stem.submit(chain(add.signature([1, 2], { delayMs: 3_600_000 })));
  await expect(waiting.result({ timeoutMs: 1 })).rejects.toMatchObject({ name: "CanvasTimeoutError" });
  expect(await waiting.explain()).toMatchObject({
    waits: [{ task: { name: "add" }, causes: [{ kind: "scheduled" }] }],
  });
  expect(await waiting.cancel("enough")).toBe("cancelled");
  await expect(waiting.result()).rejects.toMatchObject({ name: "CanvasCancelledError" });
  await expect(stem.canvas("never").get()).rejects.toMatchObject({ reason: "CANVAS_UNKNOWN" });
});

test("a batch is added to until it is sealed, and counted", async () => {
  const { stem } = await startNoting();
  const batch = await stem.batch([add.signature([1, 2])], { open: true });
  expect(await batch.add(fail.signature(["no"]), add.signature([2, 2]))).toBe(1);
  await batch.seal();
  await batch.seal();
  await expect(batch.add(add.signature([1, 1]))).rejects.toMatchObject({ reason: "CANVAS_GROUP_CLOSED" });
  await expect(batch.result({ timeoutMs: 50_000 })).rejects.toMatchObject({ name: "CanvasFailedError" });
  const counts = await batch.inspect();
  expect(counts).toMatchObject({
    ...{ state: "failed", isSealed: true, size: 3, open: 0 },
    ended: { succeeded: 2, failed: 1, cancelled: 0, expired: 0 },
  });
  const members = await Array.fromAsync(batch.members());
  expect(members).toMatchObject([
    { index: 0, state: "succeeded", result: 3 },
    { index: 1, state: "failed", taskId: counts.failedIds[0], failure: { taskName: "fail" } },
    { index: 2, state: "succeeded", result: 4 },
  ]);
  const states = await Array.fromAsync(batch.watch());
  expect(states.at(-1)).toMatchObject({ state: "failed" });
});

test("what exceeds a call is sent in pages, from arrays, generators and maps", async () => {
  const { stem } = await startNoting();
  const many = Array.from({ length: 2500 }, (_, at) => at);
  const total = many.reduce((sum_, each) => sum_ + each + 1, 0);
  async function* members() {
    for (const each of many) yield add.signature([each, 1]);
  }
  const chords = [
    chord(group(members()), sum.s()),
    chord(group(many.map((each) => add.signature([each, 1]))), sum.s()),
    chord(map(add.s([1]), many), sum.s()),
  ];
  for (const canvas of chords)
    expect(await (await stem.submit(canvas)).result({ timeoutMs: 30_000 })).toBe(total);
  const open = await stem.batch(members(), { open: true });
  expect(await open.inspect()).toMatchObject({ size: 2500, isSealed: false });
});

test("the type of a batch that carries on has failures in it", async () => {
  const { stem } = await startNoting();
  const batch = await stem.batch([add.signature([1, 2])], { onMemberFailure: "carry_on" });
  const results: (number | ParentFailure)[] = await batch.result({ timeoutMs: 50_000 });
  expect(results).toEqual([3]);
});

test("a task of a canvas says where it is, and its canvas is found by its id in another client", async () => {
  const { stem, url } = await startNoting();
  const canvas = chain(add.signature([1, 2], { id: "first" }), group(add.s([1], { id: "second" })));
  const handle = await stem.submit(canvas);
  const other = connect(url);
  onTestFinished(() => other.close());
  expect(await other.canvas<number[]>(handle.id).result({ timeoutMs: 50_000 })).toEqual([4]);
  const [{ id: groupId } = { id: "" }] = (await handle.get()).groups;
  const whole = { canvasId: handle.id, groupId: handle.id, index: 0, step: 0 };
  expect((await stem.handle(add, "first").status()).canvas).toEqual(whole);
  expect((await stem.handle(add, "second").status()).canvas).toEqual({
    ...{ canvasId: handle.id, groupId, index: 0, step: undefined },
  });
  expect(await handle.resultOf(groupId)).toEqual([4]);
});

test("what a canvas leaves that is too large for one answer is put together from its members", async () => {
  const { stem } = await startNoting({ limits: { canvasInputItemsMax: 3 } });
  const inner = group(add.signature([1, 1]), add.signature([2, 2])).link(note.s());
  const canvas = group(inner, add.signature([3, 3]), chain(add.signature([1, 1]), add.s([1])).link(note.s()));
  expect(await (await stem.submit(canvas)).result({ timeoutMs: 50_000 })).toEqual([[2, 4], 6, 3]);
});

test("whoever waits gives up when they like, and a closed client waits no more", async () => {
  const { stem } = await startNoting();
  const handle = await stem.submit(add.signature([1, 2], { delayMs: 3_600_000 }));
  const signal = AbortSignal.abort(new RangeError("enough"));
  await expect(handle.result({ signal })).rejects.toThrow("enough");
  const waiting = expect(handle.result()).rejects.toMatchObject({ name: "ClientClosedError" });
  await stem.close();
  await waiting;
  await expect(stem.submit(add.signature([1, 2]))).rejects.toMatchObject({ name: "ClientClosedError" });
});

test("what did not succeed runs again as a new canvas, typed as the old one", async () => {
  const { stem, work } = await startStem();
  let isMended = false;
  const runs: string[] = [];
  await work({
    tasks: [
      implement(add, (_, a, b) => {
        runs.push(`${a}+${b}`);
        return a + b;
      }),
      implement(fail, (_, message) => {
        if (!isMended) throw new RangeError(message);
        return 10;
      }),
      implement(sum, (_, numbers) => numbers.reduce((total, each) => total + each, 0)),
    ],
  });
  const members = group(add.signature([1, 2]), fail.signature(["no"])).gather({ onMemberFailure: "wait" });
  const old = await stem.submit(chord(members, sum.s()));
  await expect(old.result({ timeoutMs: 50_000 })).rejects.toThrow("no");
  isMended = true;
  const again = await old.retry();
  expect(await again.result({ timeoutMs: 50_000 })).toBe(13);
  expect(await again.get()).toMatchObject({ retryOf: old.id, state: "succeeded" });
  expect(await old.retry()).toMatchObject({ id: again.id, deduplicated: true });
  expect(runs).toEqual(["1+2"]);
  await expect(again.retry()).rejects.toMatchObject({ reason: "CANVAS_NOT_FAILED" });
});

test("each result is read as its task's definition says, wherever it stands", async () => {
  const { stem, work } = await startStem();
  const at = (name: string, factor: number) =>
    defineTask<[number: number], number>({
      name,
      resultCodec: defineCodec({
        id: `times-${factor}`,
        encode: (value) => new Uint8Array([Number(value) * factor]),
        decode: (bytes) => (bytes[0] ?? 0) / factor,
      }),
    });
  const [two, three] = [at("two", 2), at("three", 3)];
  await work({ tasks: [implement(two, (_, number) => number), implement(three, (_, number) => number)] });
  function* threes() {
    yield* [three.signature([1]), three.signature([2])];
  }
  const rows = [
    [
      group(two.signature([7]), group(three.signature([8]), two.signature([9])), three.signature([5])),
      [7, 8, 9, 5],
    ],
    [group(threes()), [1, 2]],
    [group(two.signature([7]), group(threes()).link(add.signature([1, 1]))), [7, [1, 2]]],
    [chain(two.signature([7]), group(three.signature([4]), two.signature([6]))), [4, 6]],
  ] as const;
  for (const [canvas, result] of rows)
    expect(await (await stem.submit(canvas as CanvasNode)).result({ timeoutMs: 50_000 })).toEqual(result);
});

test("a page that comes too late for its canvas is not missed", async () => {
  const { stem } = await startNoting();
  async function* members() {
    for (let at = 0; at < 1500; at += 1) {
      // By the time the second page is full the first one has failed.
      if (at === 1400) await expect(stem.canvas("c").result({ timeoutMs: 50_000 })).rejects.toThrow("no");
      yield at === 0 ? fail.signature(["no"]) : add.signature([at, 1], { delayMs: 3_600_000 });
    }
  }
  const handle = await stem.submit(group(members()).gather({ onMemberFailure: "fail_fast" }), { id: "c" });
  await expect(handle.result({ timeoutMs: 50_000 })).rejects.toMatchObject({ name: "CanvasFailedError" });
});

test("canvases are listed, the newest first, over as many pages as there are, by state, name and tag", async () => {
  const { stem } = await startNoting();
  const ids = Array.from({ length: 130 }, (_, at) => `listed-${at}`);
  for (const [at, id] of ids.entries())
    await stem.submit(group(), { id, name: at % 2 === 0 ? "even" : "odd", tags: [`t${at % 5}`] });
  const failed = await stem.submit(fail.signature(["no"]), { id: "bad", name: "even" });
  await failed.result({ timeoutMs: 50_000 }).catch(() => undefined);
  const list = async (...filter: Parameters<typeof stem.canvases.list>) =>
    (await Array.fromAsync(stem.canvases.list(...filter))).map(({ id }) => id);
  const newest = ids.toReversed();
  expect(await list()).toEqual(["bad", ...newest]);
  expect(await list({ states: ["succeeded", "open"] })).toEqual(newest);
  expect(await list({ name: "even", tag: "t4" })).toEqual(newest.filter((_, at) => (129 - at) % 10 === 4));
  expect(await list({ states: ["cancelled"] })).toEqual([]);
  const [bad] = await Array.fromAsync(stem.canvases.list({ states: ["failed"] }));
  expect(bad).toMatchObject({ id: "bad", name: "even", state: "failed", cause: { state: "failed" } });
  expect(bad).not.toHaveProperty("groups");
});
