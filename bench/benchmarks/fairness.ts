import { setTimeout as sleep } from "node:timers/promises";
import { startChild } from "../support/child.ts";
import { type Benchmark, median, type Sample } from "../support/measure.ts";
import { type BenchServer, noops, withStem } from "../support/stem.ts";
import { machineMs, timed } from "../support/tasks.ts";

/** What a tenant with a million waiting tasks costs another that enqueues one now and then. */
export const fairness: Benchmark = {
  name: "fairness",
  work: "pick-up time of a tenant with 10 tasks/s for 20 s beside 1,000,000 waiting of another, each of 50 ms in 100 slots, against the tenant alone; the ratio is of the p99, at most three times as long",
  unit: "ms (p99)",
  bound: 1 / 3,
  run: async (plan) => {
    const found = { ours: [] as Picked[], peer: [] as Picked[] };
    for (let run = 1; run <= plan.runs; run += 1) {
      found.ours.push(await pickUp(1_000_000 * plan.scale));
      found.peer.push(await pickUp(0));
      plan.say(
        `run ${run} of ${plan.runs}: beside ${text(found.ours.at(-1))}, alone ${text(found.peer.at(-1))}`,
      );
    }
    const [ours, peer] = [found.ours, found.peer].map((side) => side.map(({ value }) => value));
    return {
      ours: ours ?? [],
      peer: peer ?? [],
      ratio: median(peer ?? []) / median(ours ?? []),
      delivered: [...found.ours, ...found.peer].every(({ delivered }) => delivered),
      extra: {
        p50Ms: median(found.ours.map(({ p50 }) => p50)),
        peerP50Ms: median(found.peer.map(({ p50 }) => p50)),
      },
    };
  },
};

const [perSecond, seconds, warmUp] = [10, 20, 20];

type Picked = Sample & { readonly p50: number };

const text = (picked: Picked | undefined): string =>
  `p50 ${picked?.p50.toFixed(2)} p99 ${picked?.value.toFixed(2)} ms`;

const pickUp = (waiting: number): Promise<Picked> =>
  withStem(async (server) => {
    await fillFor("large", server, waiting);
    const count = perSecond * seconds;
    const child = startChild("../processes/stem-timed-worker.ts", {
      url: server.url,
      count,
      warmUp,
      noopMs: 50,
    });
    await child.next<{ ready: true }>();
    for (let sent = 0; sent < warmUp + count; sent += 1) {
      void server.client.enqueue(timed, [machineMs()], { fairnessKey: "small" });
      await sleep(1000 / perSecond);
    }
    const { p50, p99, handled } = await child.next<{ p50: number; p99: number; handled: number }>();
    await child.end();
    return { value: p99, p50, delivered: handled === count };
  });

async function fillFor(fairnessKey: string, { client }: BenchServer, count: number): Promise<void> {
  const starts = Array.from({ length: Math.ceil(count / 1000) }, (_, i) => i * 1000).values();
  const lane = async (): Promise<void> => {
    for (const start of starts)
      await client.enqueueMany(noops(start, Math.min(1000, count - start), { fairnessKey }));
  };
  await Promise.all(Array.from({ length: 4 }, lane));
}
