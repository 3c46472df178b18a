import { connect, defineTask, type TaskCall } from "@stem/sdk";
import { createWorker, implement } from "@stem/worker";
import { expect, onTestFinished } from "vitest";
import { pass } from "../chaos/support/pass.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { until } from "../support/until.ts";
import { type Database, onEachDatabase } from "./databases.ts";
import { startFleet } from "./servers.ts";

const isSoak = Boolean(process.env["STEM_SOAK"]);
const perSecond = isSoak ? Number(process.env["STEM_SOAK_RATE"] ?? 100) : 300;
const stepMs = 100;
const retentionMs = isSoak ? 60_000 : 1000;
const loadMs = isSoak ? 600_000 : 3000;
/**
 * From when on it is judged. A record and its tombstone take two minutes, and the room of the first ones is used again once Postgres has
 * vacuumed, which it does once a minute: by then that has gone round once.
 */
const settledMs = 240_000;
/** What is compared with what: the mean of so long then, and at the end. Whole minutes, as Postgres vacuums once a minute. */
const windowMs = 180_000;
const sampleMs = 5000;

/** Nothing that tasks leave is kept for longer than this. */
const flags = [
  ...["--default", `retentionMs=${retentionMs}`, "--default", `deadLetterRetentionMs=${retentionMs}`],
  ...["--limit", `tombstoneMs=${retentionMs}`, "--limit", `eventRetentionMs=${retentionMs}`],
];

type Sample = { readonly ms: number } & Readonly<Record<string, number>>;

const work = defineTask<[n: number], string>({ name: "work", options: { maxAttempts: 2 } });

/** How many tasks there are to one of each kind. */
const mix = 40;

/** One of forty has a limit's key of its own, one a unique key, one an order, one a turn, one fails once, one comes later. */
function callOf(n: number): TaskCall {
  const own = `key-${n}`;
  const options = [
    ...[{ limitKey: own }, { unique: { key: own } }, { orderingKey: own }, { fairnessKey: own }],
    ...[{ retry: { delaysMs: [50] } }, { delayMs: 200 }],
  ];
  return work.call([n], options[n % mix] ?? {});
}

/** Enqueues so many a second, through each client in turn, and says how many. What comes late is made up for. */
async function load(urls: readonly string[], look: (ms: number) => Promise<void>): Promise<number> {
  const clients = urls.map((url) => connect({ url }));
  const startedAt = performance.now();
  let count = 0;
  for (let step = 0; step * stepMs < loadMs; step += 1) {
    const due = Math.floor(((step + 1) * stepMs * perSecond) / 1000);
    const calls = Array.from({ length: due - count }, (_, i) => callOf(count + i));
    count = due;
    await clients[step % clients.length]?.enqueueMany(calls);
    await look(performance.now() - startedAt);
    await pass(Math.max(0, startedAt + (step + 1) * stepMs - performance.now()));
  }
  await Promise.all(clients.map((client) => client.close()));
  return count;
}

onEachDatabase((test) => {
  test(
    "what a steady load leaves behind is dropped as fast as it comes",
    loadMs + 2 * retentionMs + 120_000,
    async (database) => {
      const servers = await startFleet(database.url, { flags });
      const urls = servers.map(({ url }) => url);
      const before = await database.entries();
      let ended = 0;
      const ran = implement(work, (ctx, n) => {
        if (n % mix === 4 && ctx.attempt === 1) throw new Error("once more");
        ended += 1;
        return `done ${n}`;
      });
      for (const url of urls) {
        const worker = createWorker({ url, tasks: [ran], concurrency: 50, log: createRecordingLog() });
        onTestFinished(() => worker.stop());
        await worker.start();
      }
      const samples: Sample[] = [];
      const count = await load(urls, async (ms) => {
        if (ms < samples.length * sampleMs) return;
        samples.push({ ms, ended, ...(await database.size()) });
        if (isSoak) process.stdout.write(`flat: ${JSON.stringify(samples.at(-1))}\n`);
      });
      await until(() => ended >= count, { deadlineMs: 50_000, what: "the end of all tasks" });
      if (isSoak) expectFlat(samples);
      await expectNothingLeft(database, before);
      expect(ended).toBe(count);
      expect(servers.flatMap((server) => server.complaints())).toEqual([]);
    },
  );
});

/** That what there is at the end is, within 5 %, what there was when it had settled. */
function expectFlat(samples: readonly Sample[]): void {
  const from = (startMs: number) => samples.filter(({ ms }) => ms >= startMs && ms < startMs + windowMs);
  const windows = [from(settledMs), from(loadMs - windowMs)] as const;
  const notJudged = new Set(["ms", "ended", "vacuumedAgo"]);
  for (const what of Object.keys(samples[0] ?? {}).filter((name) => !notJudged.has(name))) {
    const [before = 0, after = 0] = windows.map((window) => figureOf(window, what));
    process.stdout.write(`flat: ${what} ${Math.round(before)} → ${Math.round(after)}\n`);
    expect.soft(after / before, what).toBeLessThan(1.05);
  }
}

/**
 * The mean of what there is; of dead rows, how many came a second since they were last cleared away. Their number goes from nothing to
 * some fifty thousand and back once a minute: a vacuum that is ten seconds late makes more of a difference to its mean than what is
 * judged here. What a vacuum could not clear away counts in both.
 */
function figureOf(window: readonly Sample[], what: string): number {
  const meanOf = (name: string) => mean(window.map((sample) => sample[name] ?? Number.NaN));
  return what === "deadRows" ? meanOf(what) / meanOf("vacuumedAgo") : meanOf(what);
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, each) => sum + each, 0) / values.length;

/** That once all is old there is no more of anything than before the first task, but for a few rows a queue has for good. */
async function expectNothingLeft(database: Database, before: Readonly<Record<string, number>>) {
  let left: string[] = [];
  await until(
    async () => {
      const now = await database.entries();
      left = Object.entries(now).flatMap(([name, count]) =>
        count - (before[name] ?? 0) > keptMax ? [`${name}: ${count}`] : [],
      );
      return left.length === 0;
    },
    { deadlineMs: 2 * retentionMs + 60_000, what: "the last record to be dropped", everyMs: 500 },
  ).catch((cause: unknown) => {
    throw new Error(`left: ${left.join(", ")}`, { cause });
  });
}

/** A row for each server, a queue, a definition and the like. */
const keptMax = 20;
