import {
  type AnyNode,
  type CanvasNode,
  chain,
  chord,
  chunks,
  defineTask,
  group,
  map,
  type ParentFailure,
  starmap,
} from "@stem/sdk";
import { createFakeClient, NoAnswerError, NoServerError } from "@stem/sdk/testing";
import { implement, type TaskContext } from "@stem/worker";
import { runTask } from "@stem/worker/testing";
import { expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { startStem } from "../../support/whole-stem.ts";

const add = defineTask<[a: number, b: number], number>({ name: "add" });
const sum = defineTask<[numbers: readonly number[]], number>({ name: "sum" });
const mail = defineTask<{ to: string; result?: unknown; body?: unknown }, string>({ name: "mail" });
const fail = defineTask<[message: string], number>({ name: "fail", options: { maxAttempts: 1 } });
const count = defineTask<[from: number], number>({ name: "count" });
const bytes = defineTask<[], Uint8Array>({ name: "bytes" });
const told = defineTask<[what: unknown], void>({ name: "told" });

const answers = {
  add: (a: number, b: number) => a + b,
  sum: (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0),
  mail: ({ to, result, body }: { to: string; result?: unknown; body?: unknown }) =>
    `${to}: ${JSON.stringify(body ?? result)}`,
  fail(message: string): number {
    throw new RangeError(message);
  },
  /** What takes its place; undefined: nothing does. */
  count: (from: number): CanvasNode<number> | undefined =>
    from > 0 ? chain(count.signature([from - 1]), add.s([1])) : undefined,
};

const two = group(add.signature([1, 1]), add.signature([2, 2]));

/** Canvases, and what each of them leaves, or how it fails. */
const rows: readonly (readonly [what: string, canvas: AnyNode])[] = [
  ["a chain", chain(add.signature([1, 2]), add.s([3]), mail.s({ to: "a" }))],
  ["a named argument", chain(add.signature([1, 2]), mail.s({ to: "a" }).as("body"))],
  ["a group in a group", group(two, add.signature([1, 2]), two.gather({ onMemberFailure: "fail_fast" }))],
  ["a chord of a map", chord(map(add.s([1]), [1, 2, 3]), sum.s())],
  [
    "a starmap and chunks",
    group(starmap(add, [[1, 2]]).link(told.s()), chunks(sum, [1, 2, 3], 2).link(told.s())),
  ],
  ["a group behind a task", chain(add.signature([1, 2]), group(add.s([1]), add.signature([9, 9])), sum.s())],
  ["a chain that fails", chain(fail.signature(["no"]), add.s([1])).linkError(told.s())],
  [
    "a group that carries on",
    group(fail.signature(["no"]), add.signature([1, 1])).gather({ onMemberFailure: "carry_on" }),
  ],
  [
    "links of all kinds",
    chain(add.signature([1, 1]).link(told.s(), told.signature(["own"])), add.s([1])).link(told.s()),
  ],
  ["a task that is replaced", chain(count.signature([3]), add.s([10]))],
  [
    "a result that is no JSON",
    group(chain(bytes.signature(), mail.s({ to: "a" })), add.signature([1, 1])).gather({
      onMemberFailure: "carry_on",
    }),
  ],
  [
    "a group that fails and tells of its end",
    group(fail.signature(["no"]), add.signature([1, 1]))
      .gather({ linkCompleted: [told.s()] })
      .linkError(told.s()),
  ],
  [
    "a group that is told of its end",
    two.gather({ linkCompleted: [told.s()], linkAttempted: [told.signature(["tried"])] }),
  ],
];

/** What came of it, without what differs from run to run. */
const shown = (value: unknown): string =>
  JSON.stringify(value, (key, each: unknown) => (unlike.includes(key) ? "" : each)) ?? "nothing";

const unlike = ["stack", "taskId", "message", "ancestors"];

const endOf = (result: Promise<unknown>): Promise<string> =>
  result.then(shown, ({ name, why }: { name: string; why?: { reason: string; failure?: ParentFailure } }) =>
    shown([name, why?.reason, why?.failure?.failure?.type ?? null]),
  );

test.each(rows)("%s comes to the same on a fake client and on a server", async (_, canvas) => {
  const client = createFakeClient();
  client.answer(add, answers.add);
  client.answer(sum, answers.sum);
  client.answer(mail, answers.mail);
  client.answer(fail, answers.fail);
  client.answer(count, (from) => answers.count(from) ?? 0);
  client.answer(bytes, new Uint8Array([1]));
  client.answer(told, undefined);
  const fake = await client.submit(canvas as CanvasNode);
  const byFake = await endOf(fake.result());
  await client.drain();

  const notes: string[] = [];
  const { stem, work } = await startStem();
  await work({
    tasks: [
      implement(add, (__, a, b) => answers.add(a, b)),
      implement(sum, (__, numbers) => answers.sum(numbers)),
      implement(mail, (__, args) => answers.mail(args)),
      implement(fail, (__, message) => answers.fail(message)),
      implement(count, (ctx, from) => {
        const node = answers.count(from);
        return node ? ctx.replace(node) : 0;
      }),
      implement(bytes, () => new Uint8Array([1])),
      implement(told, (__, what) => void notes.push(shown(what))),
    ],
  });
  const byServer = await endOf((await stem.submit(canvas as CanvasNode)).result({ timeoutMs: 50_000 }));
  expect(byServer).toBe(byFake);
  const faked = client.argsOf(told).map(([what]) => shown(what));
  await until(() => notes.length >= faked.length, { deadlineMs: 50_000, what: `${faked.length} notes` });
  expect(notes.toSorted()).toEqual(faked.toSorted());
});

test("a fake client records canvases, knows them again, and goes on as far as there are answers", async () => {
  const client = createFakeClient();
  const canvas = chain(add.signature([1, 2]), add.s([3]));
  const handle = await client.submit(canvas, { id: "c-1", name: "sum" });
  expect(await client.submit(canvas, { id: "c-1", name: "sum" })).toMatchObject({
    id: "c-1",
    deduplicated: true,
  });
  await expect(client.submit(add.signature([1, 1]), { id: "c-1" })).rejects.toMatchObject({
    reason: "CANVAS_EXISTS",
  });
  expect(client.submitted).toMatchObject([{ id: "c-1", options: { name: "sum" } }]);
  await expect(handle.result()).rejects.toThrow(NoAnswerError);
  expect(client.enqueued).toMatchObject([{ name: "add", args: [1, 2] }]);
  client.answer(add, answers.add);
  expect((await client.drain()).map(({ args }) => args)).toEqual([
    [1, 2],
    [3, 3],
  ]);
  expect(await handle.result()).toBe(6);
  expect(await client.canvas("c-1").get()).toMatchObject({ state: "succeeded", name: "sum" });
  await expect(handle.explain()).rejects.toThrow(NoServerError);
  await expect(Array.fromAsync(handle.members())).rejects.toThrow(NoServerError);
  expect(() => client.canvas("never")).toThrow("CANVAS_UNKNOWN");
});

test("a fake batch is added to until it is sealed, or cancelled", async () => {
  const client = createFakeClient();
  client.answer(add, answers.add);
  const batch = await client.batch(
    (function* () {
      yield add.signature([1, 1]);
    })(),
    { open: true },
  );
  await expect(batch.result()).rejects.toThrow("is open");
  expect(await batch.add(add.signature([2, 2]))).toBe(1);
  await batch.seal();
  await expect(batch.add(add.signature([2, 2]))).rejects.toMatchObject({ reason: "CANVAS_GROUP_CLOSED" });
  expect(await batch.result()).toEqual([2, 4]);
  const other = await client.submit(add.signature([1, 1]));
  expect(await other.cancel()).toBe("cancelled");
  await expect(other.result()).rejects.toMatchObject({ name: "CanvasCancelledError" });
});

test("a handler that is run alone shows what it did to its canvas", async () => {
  const replacing = implement(count, (ctx, from) => {
    if (from > 1) ctx.addToGroup(count.signature([from]));
    return from > 1 ? 5 : ctx.replace(add.signature([from, 1]));
  });
  const replaced = await runTask(replacing, [1]);
  expect(replaced).toMatchObject({ outcome: "replaced", error: undefined, isFinal: true, result: undefined });
  expect(replaced.replacement).toMatchObject({ task: add, args: [1, 1] });
  const grown = await runTask(replacing, [2]);
  expect(grown).toMatchObject({
    outcome: "succeeded",
    result: 5,
    added: [{ args: [2] }],
    replacement: undefined,
  });
  const submitting = implement(told, async (ctx: TaskContext) => void (await ctx.submit(two, { id: "c-1" })));
  const { submitted } = await runTask(submitting, [1], { id: "t-1" });
  expect(submitted).toMatchObject([{ id: "c-1", options: { parentId: "t-1", rootId: "t-1" } }]);
});
