import { expect, test } from "vitest";
import type { ProducerSettings } from "./processes/producer.ts";
import type { StreamWorkerSettings } from "./processes/stream-worker.ts";
import type { UnaryWorkerSettings } from "./processes/unary-worker.ts";
import { type ChaosServer, startChaosRun } from "./support/chaos-run.ts";
import { pass } from "./support/pass.ts";
import { shortLeases } from "./support/server-flags.ts";

const isSoak = Boolean(process.env["STEM_SOAK"]);
const kills = isSoak ? 200 : 26;
const killsInFlightMin = 20;
/** How long a server lives: sometimes shorter than a lease, sometimes long enough for one to expire. */
const lifeMs = [100, 2000] as const;

test("a server that is killed twenty times under load loses nothing and ends nothing twice", {
  timeout: isSoak ? 1_800_000 : 240_000,
}, async () => {
  await using run = startChaosRun(import.meta.filename);
  let server: ChaosServer = await run.startServer(shortLeases);
  const { url } = server;
  const producer = { url, lanes: 12, pauseMs: 40, workMs: 60, giveUpShare: 0.1 };
  const unary = { url, lanes: 6, overdueShare: 0.25, overdueFactor: 3 };
  const producers = await Promise.all([
    run.start<ProducerSettings>("producer", { ...producer, proc: "producer-1" }),
    run.start<ProducerSettings>("producer", { ...producer, proc: "producer-2" }),
  ]);
  const workers = await Promise.all([
    run.start<StreamWorkerSettings>("stream-worker", { url, proc: "worker-1", concurrency: 10 }),
    run.start<StreamWorkerSettings>("stream-worker", { url, proc: "worker-2", concurrency: 10 }),
    run.start<UnaryWorkerSettings>("unary-worker", { ...unary, proc: "unary-1" }),
  ]);

  for (let kill = 0; kill < kills; kill += 1) {
    await pass(run.random.between(...lifeMs));
    await server.kill();
    server = await run.startServer(shortLeases);
  }
  // Undisturbed at last: what is out comes back, and everything that was accepted must end.
  for (const each of producers) each.term();
  await Promise.all(producers.map(({ exited }) => exited));
  await run.drained(server, 60_000);
  for (const each of workers) each.term();
  await Promise.all(workers.map(({ exited }) => exited));
  server.term();
  await server.exited;

  const coverage = await run.judge();
  expect(coverage.killsInFlight, "kills that fell while calls were open").toBeGreaterThanOrEqual(
    killsInFlightMin,
  );
  for (const [what, count] of Object.entries(coverage)) expect(count, what).toBeGreaterThan(0);
});
