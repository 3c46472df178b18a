import { connect } from "@stem/sdk";
import { expect, test } from "vitest";
import type { StreamWorkerSettings } from "./processes/stream-worker.ts";
import { type ChaosRun, startChaosRun } from "./support/chaos-run.ts";
import { enqueueOne } from "./support/enqueue-one.ts";

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

  await run.drained(server, 10_000);
  for (const each of [second, server]) {
    each.term();
    await each.exited;
  }
  expect(await run.judge()).toMatchObject({ leasesExpired: 1, redelivered: 1, succeeded: 1 });
});

const startWorker = (run: ChaosRun, url: string, proc: string) =>
  run.start<StreamWorkerSettings>("stream-worker", { url, proc, concurrency: 1 });
