import type { CanvasNode } from "@stem/sdk";
import { chainOf, chordOf, groupOf, leaf, leaves, shapeRate } from "../support/canvases.ts";
import { type Benchmark, type Sample, sideBySide } from "../support/measure.ts";
import { type BenchServer, drainWith, fillStem, withStem } from "../support/stem.ts";

/** What a task costs as a member of a chord, and how many canvases of four shapes end in a second. */
export const canvas: Benchmark = {
  name: "canvas",
  work: "a chord of 10,000 no-ops, submitted and run, against as many plain ones, enqueued and run, both warmed up by three times as many before; beside it canvases/s of four shapes",
  unit: "tasks/s",
  bound: 1.2,
  isCost: true,
  async run(plan) {
    const count = 10_000 * plan.scale;
    const measured = await sideBySide(
      plan,
      () => chord(count),
      () => plain(count),
    );
    const times = 100 * plan.scale;
    const extra = {
      chordOf1000PerSecond: await shape({ root: chordOf(leaves(1000), leaf(0)), tasks: 1001, count: times }),
      chainOf100PerSecond: await shape({ root: chainOf(leaves(100)), tasks: 100, count: times }),
      groupOf1000PerSecond: await shape({ root: groupOf(leaves(1000)), tasks: 1000, count: times }),
      nineNestedChordsPerSecond: await shape({ ...nested(9), count: times }),
    };
    return { ...measured, ratio: 1 / measured.ratio, extra };
  },
};

const shape = (wanted: Parameters<typeof shapeRate>[1]): Promise<number> =>
  withStem((server) => shapeRate(server, wanted));

const chord = (count: number): Promise<Sample> =>
  withStem((server) => warm(server, count, () => server.client.submit(chordOf(leaves(count - 1), leaf(0)))));

const plain = (count: number): Promise<Sample> =>
  withStem((server) => warm(server, count, () => fillStem(server, count)));

/** Brings tasks in and runs them four times, and measures the last one. */
async function warm(server: BenchServer, count: number, bringIn: () => Promise<unknown>): Promise<Sample> {
  const rounds = 3;
  for (let round = 0; round < rounds; round += 1) {
    await bringIn();
    await drainWith(server, count, round * count);
  }
  const seconds = await timed(bringIn);
  return together(seconds, await drainWith(server, count, rounds * count), count);
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await run();
  return (performance.now() - startedAt) / 1000;
}

/** Tasks per second of bringing them in and of running them. */
const together = (seconds: number, { value, delivered }: Sample, count: number): Sample => ({
  value: count / (seconds + count / value),
  delivered,
});

/** Chords in chords: the header of each has the next one in it. */
function nested(depth: number): { readonly root: CanvasNode; readonly tasks: number } {
  const inner = depth > 1 ? nested(depth - 1) : { root: leaf(1), tasks: 1 };
  return { root: chordOf([leaf(0), inner.root], leaf(2)), tasks: inner.tasks + 2 };
}
