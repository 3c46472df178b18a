import { connect } from "@stem/sdk";
import { expect, test } from "vitest";
import type { HistoryLine } from "./history.ts";
import type { ProducerSettings } from "./processes/producer.ts";
import type { StreamWorkerSettings } from "./processes/stream-worker.ts";
import { type ChaosRun, startChaosRun } from "./support/chaos-run.ts";
import { enqueueOne } from "./support/enqueue-one.ts";
import { pass } from "./support/pass.ts";
import { shortLeases } from "./support/server-flags.ts";

const isSoak = Boolean(process.env["STEM_SOAK"]);
const kills = isSoak ? 200 : 20;
/** How long a worker lives: long enough to have work in its hands, mostly too short to end all of it. */
const lifeMs = [300, 900] as const;

/** What the server promises for a lost worker at its default settings. */
const startsElsewhereWithinMs = 25_000;

test("a task whose worker is killed starts elsewhere within 25 s, at default settings", {
  timeout: 60_000,
}, async () => {
  await using run = startChaosRun(import.meta.filename);
  const server = await run.startServer();
  const { url } = server;
  const first = await startWorker(run, url, "worker-1");
  await using client = connect({ url });
  await enqueueOne(run, client, { id: "t1", kind: "quick", ms: 3000 });
  const begun = await run.line((line) => line.op === "run" && line.proc === "worker-1", "a first run");
  const second = await startWorker(run, url, "worker-2");
  await first.kill();
  const killed = run.history().findLast((line) => line.op === "kill");
  const again = await run.line(
    (line) => line.op === "run" && line.proc === "worker-2",
    "a second run",
    startsElsewhereWithinMs + 5000,
  );
  expect(killed?.t).toBeGreaterThan(begun.t);
  expect(again.t - (killed?.t ?? 0)).toBeLessThan(startsElsewhereWithinMs);
  // Not before the lease was over: the first worker might have been alive.
  expect(again.t - begun.t).toBeGreaterThan(20_000);

  await run.drained(server, 60_000);
  for (const each of [second, server]) {
    each.term();
    await each.exited;
  }
  expect(await run.judge()).toMatchObject({ leasesExpired: 1, redelivered: 1, succeeded: 1 });
});

test("workers that are killed twenty times under load lose nothing, and end nothing twice", {
  timeout: isSoak ? 1_800_000 : 240_000,
}, async () => {
  await using run = startChaosRun(import.meta.filename);
  const server = await run.startServer(shortLeases);
  const { url } = server;
  const producer = await run.start<ProducerSettings>("producer", {
    ...{ url, proc: "producer-1", lanes: 8, pauseMs: 200, workMs: 200, giveUpShare: 0 },
  });
  const staying = await startWorker(run, url, "worker-0", 10);
  let killedAtWork = 0;
  for (let kill = 1; kill <= kills; kill += 1) {
    const proc = `worker-${kill}`;
    const worker = await startWorker(run, url, proc, 10);
    await pass(run.random.between(...lifeMs));
    await worker.kill();
    if (runsLeftOpen(run.history(), proc) > 0) killedAtWork += 1;
  }
  producer.term();
  await producer.exited;
  await run.drained(server, 60_000);
  for (const each of [staying, server]) {
    each.term();
    await each.exited;
  }

  const coverage = await run.judge();
  expect(killedAtWork, "kills in the middle of a handler").toBeGreaterThanOrEqual(kills * 0.75);
  for (const what of ["leasesExpired", "redelivered", "succeeded", "failed"] as const)
    expect(coverage[what], what).toBeGreaterThan(0);
});

const startWorker = (run: ChaosRun, url: string, proc: string, concurrency = 1) =>
  run.start<StreamWorkerSettings>("stream-worker", { url, proc, concurrency });

/** How many runs a process began and did not end. */
function runsLeftOpen(history: readonly HistoryLine[], proc: string): number {
  const runs = history.filter((line) => line.op === "run" && line.proc === proc);
  const begun = runs.filter(({ phase }) => phase === "invoke").length;
  return 2 * begun - runs.length;
}
