import { expect, test } from "vitest";
import { canvasViolations } from "./checker/canvas-rules.ts";
import type { CanvasWorkerSettings } from "./processes/canvas-worker.ts";
import { createCanvasLoad } from "./support/canvas-load.ts";
import { type ChaosServer, startChaosRun } from "./support/chaos-run.ts";
import { pass } from "./support/pass.ts";
import { shortLeases } from "./support/server-flags.ts";

const isSoak = Boolean(process.env["STEM_SOAK"]);
const loadMs = isSoak ? 600_000 : 15_000;
/** On a machine so busy that a start takes longer than the load. */
const killsMin = 3;
const lanes = ["a", "b"];
/** How long a server lives. */
const lifeMs = [200, 1500] as const;

test("chords in chords under kills of server and workers: each body is made once, in order, and not too early", {
  timeout: isSoak ? 1_800_000 : 300_000,
}, async () => {
  await using run = startChaosRun(import.meta.filename);
  let server: ChaosServer = await run.startServer(shortLeases);
  const { url } = server;
  let started = 0;
  const startWorker = () => {
    started += 1;
    return run.start<CanvasWorkerSettings>("canvas-worker", {
      url,
      proc: `worker-${started}`,
      concurrency: 8,
    });
  };
  const workers = await Promise.all([startWorker(), startWorker()]);
  const load = createCanvasLoad(url, run.random);
  const enough = new AbortController();
  const submitting = Promise.all(lanes.map((lane) => load.submit(lane, enough.signal)));

  const until = performance.now() + loadMs;
  for (let kill = 0; kill < killsMin || performance.now() < until; kill += 1) {
    await pass(run.random.between(...lifeMs));
    const [killed, restarting] = [kill % 2 === 0 ? workers.shift() : undefined, server.kill()];
    await Promise.all([killed?.kill(), restarting]);
    server = await run.startServer(shortLeases);
    if (killed !== undefined) workers.push(await startWorker());
  }
  enough.abort();
  await submitting;
  await load.ended(60_000);

  const violations: string[] = [];
  const states = new Set<string>();
  for (const [id, plan] of load.accepted) {
    const found = await load.found(id);
    states.add(found.state);
    violations.push(...canvasViolations(id, plan, found));
  }
  for (const each of workers) each.term();
  await Promise.all(workers.map(({ exited }) => exited));
  server.term();
  await server.exited;
  expect(violations).toEqual([]);
  expect(load.accepted.size).toBeGreaterThan(killsMin);
  expect([...states].toSorted()).toEqual(["failed", "succeeded"]);
  run.accept();
});
