import { connect, defineTask, type LimitBounds, type StemClient, type TaskCall } from "@stem/sdk";
import { createWorker, implement } from "@stem/worker";
import { expect, onTestFinished } from "vitest";
import { pass } from "../chaos/support/pass.ts";
import { exportStore } from "../chaos/support/store-export.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { until } from "../support/until.ts";
import { onEachDatabase } from "./databases.ts";
import { startFleet } from "./servers.ts";

const isSoak = Boolean(process.env["STEM_SOAK"]);
const count = isSoak ? 100_000 : 2000;
const timeoutMs = isSoak ? 1_500_000 : 120_000;

/** How many tasks of a key may run at once. */
const lanes: Readonly<Record<string, number>> = { "lane-1": 1, "lane-3": 3, "lane-7": 7 };
/** How fast tasks of a key may begin. */
const paces: Readonly<Record<string, Required<NonNullable<LimitBounds["rate"]>>>> = {
  "pace-100": { count: 100, periodMs: 1000, burst: 1 },
  "pace-300": { count: 30, periodMs: 100, burst: 10 },
};
/** Of whose keys the tasks are, in turn. */
const keys = [
  "lane-1",
  "lane-3",
  "lane-3",
  "lane-7",
  "lane-7",
  "lane-7",
  "lane-7",
  "pace-100",
  "pace-300",
  "pace-300",
];
const keyOf = (n: number): string => keys[n % keys.length] ?? "";
const idOf = (n: number): string => `${keyOf(n)}.${n}`;

const work = defineTask<[key: string], string>({ name: "work" });
const callOf = (n: number): TaskCall => work.call([keyOf(n)], { id: idOf(n), limitKey: keyOf(n) });

/** What handlers see: how many of a key ran at once at most, and how often each task ran. */
function createWitness() {
  const running = new Map<string, number>();
  const most = new Map<string, number>();
  const runs = new Map<string, number>();
  return {
    most,
    runs,
    async run(id: string, key: string): Promise<string> {
      const now = (running.get(key) ?? 0) + 1;
      running.set(key, now);
      most.set(key, Math.max(now, most.get(key) ?? 0));
      runs.set(id, (runs.get(id) ?? 0) + 1);
      await pass(2);
      running.set(key, (running.get(key) ?? 0) - 1);
      return key;
    },
  };
}

/** Enqueues all through both, a thousand at a time. */
async function enqueueAll(clients: readonly StemClient[]): Promise<void> {
  for (let from = 0; from < count; from += 1000) {
    const calls = Array.from({ length: Math.min(1000, count - from) }, (_, i) => callOf(from + i));
    await clients[(from / 1000) % clients.length]?.enqueueMany(calls);
  }
}

onEachDatabase((test) => {
  test(
    "with two servers no limit and no rate of a key is exceeded once",
    timeoutMs,
    async ({ url: storeUrl }) => {
      const servers = await startFleet(storeUrl);
      const clients = servers.map(({ url }) => connect({ url }));
      onTestFinished(async () => void (await Promise.all(clients.map((client) => client.close()))));
      for (const [key, concurrency] of Object.entries(lanes))
        await clients[0]?.limits.put({ key }, { concurrency });
      for (const [key, rate] of Object.entries(paces)) await clients[1]?.limits.put({ key }, { rate });
      const witness = createWitness();
      const ran = implement(work, (ctx, key) => witness.run(ctx.id, key));
      for (const { url } of servers) {
        const worker = createWorker({ url, tasks: [ran], concurrency: 40, log: createRecordingLog() });
        onTestFinished(() => worker.stop());
        await worker.start();
      }
      await enqueueAll(clients);
      const deadlineMs = timeoutMs - 30_000;
      await until(() => witness.runs.size === count, { deadlineMs, what: "the last task" });
      await until(async () => (await clients[0]?.queues.get("default"))?.depth.leased === 0, {
        ...{ deadlineMs: 50_000, what: "the last settlement" },
      });
      for (const [key, bound] of Object.entries(lanes)) expect(witness.most.get(key), key).toBe(bound);
      expect(Math.max(...witness.runs.values())).toBe(1);
      await Promise.all(servers.map((server) => server.end("SIGTERM")));
      const { events } = await exportStore(storeUrl);
      const leased = events.filter(({ kind }) => kind === "leased");
      // More than ran, where a worker took more than it could begin at once, and gave it back.
      expect(leased.length).toBeGreaterThanOrEqual(count);
      for (const [key, rate] of Object.entries(paces)) {
        const starts = leased.filter(({ task }) => task.startsWith(`${key}.`)).map(({ at }) => at);
        expectPaced(starts, rate);
      }
    },
  );
});

/**
 * That however a window is laid over the starts, by the store's clock, no more are in it than the rate brings in that time and one burst.
 * The clock counts whole milliseconds. A rate that was never needed proves nothing.
 */
function expectPaced(
  starts: readonly number[],
  { count: perPeriod, periodMs, burst }: (typeof paces)[string],
): void {
  const intervalMs = periodMs / perPeriod;
  let dueAt = Number.NEGATIVE_INFINITY;
  let furthestAheadMs = 0;
  for (const at of starts.toSorted((a, b) => a - b)) {
    dueAt = Math.max(dueAt, at) + intervalMs;
    furthestAheadMs = Math.max(furthestAheadMs, dueAt - at);
  }
  expect(furthestAheadMs).toBeLessThanOrEqual(burst * intervalMs + 1);
  expect(furthestAheadMs).toBeGreaterThan(burst * intervalMs - intervalMs / 2);
}
