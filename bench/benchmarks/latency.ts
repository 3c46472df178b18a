import { setTimeout as sleep } from "node:timers/promises";
import { withBullmq } from "../support/bullmq.ts";
import { startChild } from "../support/child.ts";
import { type Benchmark, median, type Sample } from "../support/measure.ts";
import { withStem } from "../support/stem.ts";
import { syncTimes } from "../support/sync-times.ts";
import { machineMs, timed } from "../support/tasks.ts";

/** From the call that enqueues to the start of the handler, at a steady rate that no backlog slows. */
export const latency: Benchmark = {
  name: "latency",
  work: "pick-up time of 1,000 tasks/s for 10 s, open loop, after 3 s to warm up; our p50 at most 2 ms, our p99 at most 15 ms; the ratio is of the p99, and has no bound",
  unit: "ms (p99)",
  bound: 0,
  run: async (plan) => {
    const found = { ours: [] as Picked[], unsynced: [] as Picked[], peer: [] as Picked[] };
    const disk: ReturnType<typeof syncTimes>[] = [];
    const count = 10_000 * plan.scale;
    for (let run = 1; run <= plan.runs; run += 1) {
      disk.push(syncTimes());
      found.ours.push(await ours(count));
      found.unsynced.push(await ours(count, "memory:"));
      found.peer.push(await peer(count));
      plan.say(
        `run ${run} of ${plan.runs}: ours ${text(found.ours.at(-1))}, in memory ${text(found.unsynced.at(-1))}, peer ${text(found.peer.at(-1))}, one sync p50 ${disk.at(-1)?.p50.toFixed(2)}`,
      );
    }
    const p50 = median(found.ours.map((picked) => picked.p50));
    const p99 = median(found.ours.map((picked) => picked.value));
    const peerP99 = median(found.peer.map((picked) => picked.value));
    return {
      ours: found.ours.map((picked) => picked.value),
      peer: found.peer.map((picked) => picked.value),
      ratio: peerP99 / p99,
      delivered: [...found.ours, ...found.unsynced, ...found.peer].every((picked) => picked.delivered),
      alsoPass: p50 <= 2 && p99 <= 15,
      extra: {
        p50Ms: p50,
        p99Ms: p99,
        peerP50Ms: median(found.peer.map((picked) => picked.p50)),
        peerP99Ms: peerP99,
        inMemoryP50Ms: median(found.unsynced.map((picked) => picked.p50)),
        inMemoryP99Ms: median(found.unsynced.map((picked) => picked.value)),
        syncP50Ms: median(disk.map((sync) => sync.p50)),
        syncP99Ms: median(disk.map((sync) => sync.p99)),
      },
    };
  },
};

/** The first seconds are those of the compilers at both ends, and of no steady rate. */
const warmUp = 3000;

type Picked = Sample & { readonly p50: number };

const text = (picked: Picked | undefined): string =>
  `p50 ${picked?.p50.toFixed(2)} p99 ${picked?.value.toFixed(2)}`;

/** Starts one task a millisecond, whatever became of the earlier ones. */
async function openLoop(count: number, enqueue: () => Promise<unknown>): Promise<void> {
  const startedAt = performance.now();
  const open: Promise<unknown>[] = [];
  while (open.length < count) {
    const due = Math.min(count, Math.floor(performance.now() - startedAt));
    while (open.length < due) open.push(enqueue());
    await sleep(1);
  }
  await Promise.all(open);
}

async function picked(name: string, worker: object, enqueueAll: () => Promise<void>): Promise<Picked> {
  const child = startChild(name, { ...worker, warmUp });
  await child.next<{ ready: true }>();
  await enqueueAll();
  const { p50, p99, handled, count } = await child.next<{
    p50: number;
    p99: number;
    handled: number;
    count: number;
  }>();
  await child.end();
  return { value: p99, p50, delivered: handled === count };
}

/** In memory it shows what is ours, and not the disk's. */
const ours = (count: number, store?: "memory:"): Promise<Picked> =>
  withStem(
    ({ client, url }) =>
      picked("../processes/stem-timed-worker.ts", { url, count }, () =>
        openLoop(warmUp + count, () => client.enqueue(timed, [machineMs()])),
      ),
    store,
  );

const peer = (count: number): Promise<Picked> =>
  withBullmq((queue, port) =>
    picked("../processes/bullmq-timed-worker.ts", { port, count }, () =>
      openLoop(warmUp + count, () => queue.add("timed", machineMs())),
    ),
  );
