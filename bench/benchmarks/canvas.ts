import type { CanvasNode } from "@stem/sdk";
import { chainOf, chordOf, groupOf, leaf, leaves, shapeRate } from "../support/canvases.ts";
import { type Benchmark, median, type Sample, sideBySide } from "../support/measure.ts";
import { type BenchServer, drainWith, fillStem, withStem } from "../support/stem.ts";

/** What a task costs as a member of a chord, and how many canvases of four shapes end in a second. */
export const canvas: Benchmark = {
  name: "canvas",
  work: "a chord of 10,000 no-ops, submitted and run, against as many plain ones, enqueued and run, in turn, nine rounds after three; beside it canvases/s of four shapes",
  unit: "tasks/s",
  bound: 1.2,
  isCost: true,
  async run(plan) {
    const count = 10_000 * plan.scale;
    const measured = await sideBySide(plan, () => sidesInTurn(count));
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

/** How often both are done before it counts, and while it does. */
const [warmUps, rounds] = [3, 9];

/** Both servers are there, and turns change in every round: a machine may become twice as fast or slow within a second. */
function sidesInTurn(count: number): Promise<{ readonly ours: Sample; readonly peer: Sample }> {
  return withStem((server) =>
    withStem(async (other) => {
      const found = { ours: [] as Sample[], peer: [] as Sample[] };
      for (let round = 0; round < warmUps + rounds; round += 1) {
        const chord = () => server.client.submit(chordOf(leaves(count - 1), leaf(0)));
        found.ours.push(await timed(server, { count, before: round * count, bringIn: chord }));
        const plain = () => fillStem(other, count);
        found.peer.push(await timed(other, { count, before: round * count, bringIn: plain }));
      }
      return { ours: middle(found.ours), peer: middle(found.peer) };
    }),
  );
}

type Round = { readonly count: number; readonly before: number; readonly bringIn: () => Promise<unknown> };

/** Tasks per second of bringing them in and of running them. */
async function timed(server: BenchServer, { count, before, bringIn }: Round): Promise<Sample> {
  const startedAt = performance.now();
  await bringIn();
  const seconds = (performance.now() - startedAt) / 1000;
  const { value, delivered } = await drainWith(server, count, before);
  return { value: count / (seconds + count / value), delivered };
}

const middle = (samples: readonly Sample[]): Sample => ({
  value: median(samples.slice(warmUps).map(({ value }) => value)),
  delivered: samples.every(({ delivered }) => delivered),
});

/** Chords in chords: the header of each has the next one in it. */
function nested(depth: number): { readonly root: CanvasNode; readonly tasks: number } {
  const inner = depth > 1 ? nested(depth - 1) : { root: leaf(1), tasks: 1 };
  return { root: chordOf([leaf(0), inner.root], leaf(2)), tasks: inner.tasks + 2 };
}
