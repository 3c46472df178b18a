import { chain, chord, defineTask, group } from "@stem/sdk";
import { implement } from "@stem/worker";
import { expect, test } from "vitest";
import { startStem } from "../../support/whole-stem.ts";

const add = defineTask<[number, number], number>({ name: "sums.add" });
const sum = defineTask<[readonly number[]], number>({ name: "sums.all" });
const guarded = defineTask<[], number>({ name: "sleep.guarded", options: { softTimeLimitMs: 50 } });
const paired = defineTask<[number], readonly number[]>({ name: "sums.paired" });
const growing = defineTask<[readonly number[]], number>({ name: "sums.growing" });

const handlers = [
  implement(add, (_, a, b) => a + b),
  implement(sum, (_, all) => all.reduce((total, each) => total + each, 0)),
  implement(
    guarded,
    ({ softSignal }) =>
      new Promise<number>((resolve) => softSignal.addEventListener("abort", () => resolve(0))),
  ),
  implement(paired, (ctx, of) => ctx.replace(group(add.signature([of, 1]), add.signature([of, 2])))),
  implement(growing, (ctx, more) => {
    ctx.addToGroup(...more.map((each) => add.signature([each, 0])));
    return 0;
  }),
];

async function open() {
  const whole = await startStem();
  await whole.work({ tasks: handlers, concurrency: 4 });
  return whole.stem;
}

// 11
test("a member that was told its time is over ends well, and the body has its value", async () => {
  const stem = await open();
  const handle = await stem.submit(chord(group(add.signature([1, 2]), guarded.signature([])), sum.s()));
  expect(await handle.result()).toBe(3);
});

test("a handler puts a group in its task's place, and another one adds members to its own", async () => {
  const stem = await open();
  const replaced = await stem.submit(chain(add.signature([1, 1]), paired.s(), sum.s()));
  expect(await replaced.result()).toBe(3 + 4);
  const grown = await stem.submit(chord(group(growing.signature([[5, 6, 7]])), sum.s()));
  expect(await grown.result()).toBe(18);
});
