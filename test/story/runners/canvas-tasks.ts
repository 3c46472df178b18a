import {
  CanvasFailedError,
  CanvasTimeoutError,
  chain,
  chord,
  defineTask,
  group,
  StemProblem,
} from "@stem/sdk";
import { implement, type TaskContext, type TaskPlace } from "@stem/worker";

/** Handlers that submit canvases and change their own, and return what came of it. */

const add = defineTask<[a: number, b: number], number>({ name: "canvas-add" });
const total = defineTask<[numbers: readonly number[]], number>({ name: "canvas-total" });
const show = defineTask<[given: unknown], unknown>({ name: "canvas-show" });
/** A task of a canvas, and whose child it is. */
type Placed = TaskPlace & Pick<TaskContext, "id">;

const placed = defineTask<[before: readonly Placed[]], readonly Placed[]>({ name: "canvas-placed" });
const countdown = defineTask<[from: number], number>({ name: "canvas-countdown" });
const spread = defineTask<[from: number], number>({ name: "canvas-spread" });
const both = defineTask<[], number>({ name: "canvas-both", options: { maxAttempts: 1 } });

const soon = { timeoutMs: 50_000 };

async function thrownBy(call: () => Promise<unknown>): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Who it comes from, as a task of its canvas is told. */
async function familyOf(ctx: TaskContext): Promise<unknown> {
  const handle = await ctx.submit(add.signature([1, 1], { id: `member-of-${ctx.id}` }));
  await handle.result(soon);
  return handle.deduplicated;
}

/** The parts of the canvases below. */
export const canvasParts = [
  // What was before it, if anything was, and where it is itself.
  implement(placed, async (ctx, before) => {
    const place = await ctx.place();
    return place === undefined ? before : [...before, { ...place, id: ctx.id }];
  }),
  implement(show, (_, given) => given),
  implement(add, (_, a, b) => a + b),
  // Beyond three of them they come by reference.
  implement(total, (_, numbers) => numbers.reduce((sum, each) => sum + each, 0)),
  implement(countdown, (ctx, from) => (from > 0 ? ctx.replace(countdown.signature([from - 1])) : 100)),
  implement(spread, (ctx, from) => {
    if (from > 0) ctx.addToGroup(spread.signature([from - 1]));
    return from;
  }),
  implement(both, (ctx) => {
    ctx.addToGroup(both.signature());
    return ctx.replace(add.signature([1, 1]));
  }),
];

export const canvasTasks = [
  implement(defineTask<[], unknown>({ name: "submit" }), async (ctx) => {
    const sum = await ctx.submit(chain(add.signature([1, 2]), add.s([3])), {
      id: `sum-of-${ctx.id}`,
      tags: ["a"],
    });
    const result = await sum.result(soon);
    const { state, tags } = await sum.get();
    const states: string[] = [];
    for await (const seen of ctx.canvas(sum.id).watch()) states.push(seen.state);
    const batch = await ctx.batch([add.signature([1, 1])], { open: true });
    const late = await thrownBy(() => batch.result({ timeoutMs: 1 }));
    await batch.add(add.signature([2, 2]));
    await batch.seal();
    const wrong = await thrownBy(() => ctx.submit(add.signature([1, 2], { priority: 99 })));
    return {
      ...{ result, state, tags, last: states.at(-1), batch: await batch.result(soon) },
      late: late instanceof CanvasTimeoutError && late.timeoutMs,
      wrong: wrong instanceof StemProblem && wrong.reason,
      isNew: (await familyOf(ctx)) === false,
    };
  }),
  implement(defineTask<[], unknown>({ name: "take-results" }), async (ctx) => {
    const numbers = Array.from({ length: 20 }, (_, at) => at);
    const members = group(numbers.map((each) => add.signature([each, 1])));
    const summed = await ctx.submit(chord(members, total.s()));
    const listed = await ctx.submit(members);
    const { groups } = await listed.get();
    // It names what is there, and stays what it is all the same.
    const look = { "stem.results": { canvasId: listed.id, groupId: groups[0]?.id ?? "", count: 20 } };
    const shown = await ctx.submit(show.signature([look]));
    const isAsItWas = JSON.stringify(await shown.result(soon)) === JSON.stringify(look);
    return [await summed.result(soon), (await listed.result(soon)).length, isAsItWas];
  }),
  implement(defineTask<[], unknown>({ name: "place" }), async (ctx) => {
    const { id, ...handle } = await ctx.submit(chain(placed.signature([[]]), group(placed.s(), placed.s())));
    const places = (await handle.result(soon)).flat();
    const { groups } = await handle.get();
    const wordOf = (groupId: string) =>
      groupId === id ? "canvas" : `group ${groups.findIndex((each) => each.id === groupId)}`;
    const said = places.map(({ canvasId, groupId, index, step }) => [
      canvasId === id,
      wordOf(groupId),
      index,
      step ?? null,
    ]);
    const [first, second] = places;
    const parents = [first?.parentId === ctx.id, second?.parentId === first?.id];
    const isFamily = places.every(({ rootId }) => rootId === ctx.rootId);
    return { own: (await ctx.place()) ?? "nowhere", said, parents, isFamily };
  }),
  implement(defineTask<[], unknown>({ name: "replace" }), async (ctx) => {
    const replaced = await ctx.submit(chain(countdown.signature([2]), add.s([1])));
    const wrong = await ctx.submit(both.signature());
    const refused = await thrownBy(() => wrong.result(soon));
    return [
      await replaced.result(soon),
      refused instanceof CanvasFailedError && refused.why?.failure?.failure?.type,
    ];
  }),
  implement(defineTask<[], unknown>({ name: "add-to-group" }), async (ctx) => {
    const spreading = await ctx.submit(group(spread.signature([2]), add.signature([1, 1])));
    return spreading.result(soon);
  }),
];
