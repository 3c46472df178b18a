import { readFileSync } from "node:fs";
import { type Benchmark, median } from "../support/measure.ts";
import {
  type BenchServer,
  drainWith,
  fillStem,
  startStem,
  stemDrain,
  stopStem,
  withStem,
} from "../support/stem.ts";
import { noop, payload } from "../support/tasks.ts";

/** What a million waiting tasks cost: memory, speed, and time to start. */
export const backlog: Benchmark = {
  name: "backlog",
  work: "1,000,000 waiting: drain rate of 100,000 against an empty backlog, server memory at most 512 MB, restart at most 10 s",
  unit: "tasks/s",
  bound: 0.8,
  run: async (plan) => {
    const loaded: Loaded[] = [];
    const empty: number[] = [];
    let delivered = true;
    const count = 100_000 * plan.scale;
    for (let run = 1; run <= plan.runs; run += 1) {
      const one = await drainLoaded(1_000_000 * plan.scale, count);
      const other = await stemDrain(count);
      loaded.push(one);
      empty.push(other.value);
      delivered &&= one.delivered && other.delivered;
      plan.say(
        `run ${run} of ${plan.runs}: loaded ${Math.round(one.value)}, empty ${Math.round(other.value)} tasks/s, ` +
          `${Math.round(one.rssMb)} MB, restart ${Math.round(one.restartMs)} ms`,
      );
    }
    const rssMb = median(loaded.map((one) => one.rssMb));
    const restartMs = median(loaded.map((one) => one.restartMs));
    const ours = loaded.map((one) => one.value);
    return {
      ours,
      peer: empty,
      ratio: median(ours) / median(empty),
      delivered,
      alsoPass: rssMb <= 512 && restartMs <= 10_000,
      extra: { rssMb, restartMs },
    };
  },
};

type Loaded = {
  readonly value: number;
  readonly rssMb: number;
  readonly restartMs: number;
  readonly delivered: boolean;
};

const drainLoaded = (waiting: number, count: number): Promise<Loaded> =>
  withStem(async (server, store) => {
    await fillStem(server, waiting);
    const rssMb = rssMbOf(server);
    const drained = await drainWith(server, count);
    return { ...drained, rssMb: Math.max(rssMb, rssMbOf(server)), restartMs: await restartMs(server, store) };
  });

/** From kill -9 of the server to the first accepted task of its successor. */
async function restartMs(server: BenchServer, store: string): Promise<number> {
  await server.child.end("SIGKILL");
  const startedAt = performance.now();
  const again = await startStem(store);
  await again.client.enqueue(noop, [payload(0)]);
  const took = performance.now() - startedAt;
  await stopStem(again);
  return took;
}

function rssMbOf({ child }: BenchServer): number {
  const status = readFileSync(`/proc/${child.process.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}
