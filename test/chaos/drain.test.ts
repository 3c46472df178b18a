import { connect } from "@stem/sdk";
import { expect, test } from "vitest";
import { type HistoryLine, monotonicMs } from "./history.ts";
import type { ProducerSettings } from "./processes/producer.ts";
import type { StreamWorkerSettings } from "./processes/stream-worker.ts";
import type { ChaosProcess } from "./support/chaos-process.ts";
import { type ChaosRun, startChaosRun } from "./support/chaos-run.ts";
import { enqueueOne } from "./support/enqueue-one.ts";
import { pass } from "./support/pass.ts";

test("a server that is asked to end under load settles what runs, loses nothing, and goes on where it was", {
  timeout: 60_000,
}, async () => {
  await using run = startChaosRun(import.meta.filename);
  const server = await run.startServer();
  const { url } = server;
  const settings = { url, lanes: 6, pauseMs: 120, workMs: 150, giveUpShare: 0 };
  const producer = await run.start<ProducerSettings>("producer", { ...settings, proc: "producer-1" });
  const workers = await Promise.all([startWorker(run, url, "worker-1"), startWorker(run, url, "worker-2")]);
  await pass(2000);
  const running = runningNow(run.history());
  expect(running.length, "runs under way").toBeGreaterThan(0);
  server.term();
  expect((await server.exited).code).toBe(0);
  const stored = await run.export();
  expect(stored.tasks.filter(({ state }) => state === "leased")).toEqual([]);

  const next = await run.startServer();
  // A worker goes while the load goes on: it ends what it runs and leaves the rest to the other.
  const [leaving, staying] = workers;
  const restartedAt = monotonicMs();
  await run.line((line) => line.op === "run" && line.t > restartedAt, "work after the restart", 60_000);
  leaving?.term();
  await pass(500);
  await endAll([producer]);
  await run.drained(next, 60_000);
  await endAll([leaving, staying, next]);
  const coverage = await run.judge();
  expect(coverage.leasesExpired).toBe(0);
  expect(coverage.succeeded).toBeGreaterThan(50);
});

test("a server that is killed while it drains loses nothing either: its workers come back with their leases", {
  timeout: 60_000,
}, async () => {
  await using run = startChaosRun(import.meta.filename);
  const server = await run.startServer();
  const { url } = server;
  const worker = await startWorker(run, url, "worker-1");
  await using client = connect({ url });
  const ids = ["t1", "t2", "t3", "t4"];
  const handles = await Promise.all(
    ids.map((id) => enqueueOne(run, client, { id, kind: "quick", ms: 3000 })),
  );
  for (const id of ids) await run.line((line) => line.op === "run" && line.task === id, `a run of ${id}`);
  server.term();
  await pass(500);
  expect(server.isRunning).toBe(true);
  await server.kill();

  const next = await run.startServer();
  for (const handle of handles) expect((await handle.result({ timeoutMs: 50_000 })).by).toBe("worker-1");
  await endAll([worker, next]);
  expect(await run.judge()).toMatchObject({ leasesExpired: 0, redelivered: 0, succeeded: 4 });
});

const startWorker = (run: ChaosRun, url: string, proc: string) =>
  run.start<StreamWorkerSettings>("stream-worker", { url, proc, concurrency: 8 });

/** Runs that have begun and not ended. */
function runningNow(history: readonly HistoryLine[]): string[] {
  const open = new Set<string>();
  for (const line of history) {
    if (line.op !== "run") continue;
    if (line.phase === "invoke") open.add(`${line.task} ${line.fence}`);
    else open.delete(`${line.task} ${line.fence}`);
  }
  return [...open];
}

/** Asks each to end, in order, and waits until it has, without a fault. */
async function endAll(processes: readonly (ChaosProcess | undefined)[]): Promise<void> {
  for (const each of processes) {
    each?.term();
    expect((await each?.exited)?.code, `exit code of ${each?.name}`).toBe(0);
  }
}
