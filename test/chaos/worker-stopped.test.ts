import { connect } from "@stem/sdk";
import { expect, test } from "vitest";
import type { StreamWorkerSettings } from "./processes/stream-worker.ts";
import type { UnaryWorkerSettings } from "./processes/unary-worker.ts";
import type { ChaosProcess } from "./support/chaos-process.ts";
import { type ChaosRun, startChaosRun } from "./support/chaos-run.ts";
import { enqueueOne } from "./support/enqueue-one.ts";
import { shortLeases } from "./support/server-flags.ts";

test("a worker that was frozen beyond its lease is refused when it settles; the other's outcome stands", {
  timeout: 60_000,
}, async () => {
  await using run = startChaosRun(import.meta.filename);
  const server = await run.startServer(shortLeases);
  const { url } = server;
  const first = await startUnary(run, url, "unary-1");
  await using client = connect({ url });
  const handle = await enqueueOne(run, client, { id: "t1", kind: "quick", ms: 500 });
  await run.line((line) => line.op === "run" && line.proc === "unary-1", "a first run");
  first.stop();
  const second = await startUnary(run, url, "unary-2");
  const result = await handle.result({ timeoutMs: 50_000 });
  expect(result.by).toBe("unary-2");
  first.continue();
  const late = await run.line(
    (line) => isAnswer(line.op, line.phase) && line.proc === "unary-1",
    "an answer",
  );
  expect(late).toMatchObject({ phase: "fail", code: "LEASE_LOST", state: "succeeded" });
  expect(await handle.result({ timeoutMs: 5000 })).toEqual(result);

  await endAll([first, second, server]);
  expect(await run.judge()).toMatchObject({ leasesExpired: 1, settlementsRefused: 1, succeeded: 1 });
});

test("a frozen worker on a stream tells its handler to stop once it is awake, and goes on with other work", {
  timeout: 60_000,
}, async () => {
  await using run = startChaosRun(import.meta.filename);
  const server = await run.startServer(shortLeases);
  const { url } = server;
  const first = await startStream(run, url, "worker-1");
  await using client = connect({ url });
  const handle = await enqueueOne(run, client, { id: "t1", kind: "stubborn", ms: 1500 });
  await run.line((line) => line.op === "run" && line.proc === "worker-1", "a first run");
  first.stop();
  const second = await startStream(run, url, "worker-2");
  expect((await handle.result({ timeoutMs: 50_000 })).by).toBe("worker-2");
  first.continue();
  await run.line((line) => line.op === "abort" && line.proc === "worker-1", "the order to stop");
  await run.line((line) => isEnd(line.op, line.phase) && line.proc === "worker-1", "the late end");

  await endAll([second]);
  const next = await enqueueOne(run, client, { id: "t2", kind: "quick", ms: 10 });
  expect((await next.result({ timeoutMs: 50_000 })).by).toBe("worker-1");
  await endAll([first, server]);
  expect(await run.judge()).toMatchObject({ leasesExpired: 1, succeeded: 2 });
});

const startUnary = (run: ChaosRun, url: string, proc: string) =>
  run.start<UnaryWorkerSettings>("unary-worker", { url, proc, lanes: 1, overdueShare: 0, overdueFactor: 0 });

const startStream = (run: ChaosRun, url: string, proc: string) =>
  run.start<StreamWorkerSettings>("stream-worker", { url, proc, concurrency: 1 });

const isAnswer = (op: string, phase: string): boolean => op === "settle" && phase !== "invoke";
const isEnd = (op: string, phase: string): boolean => op === "run" && phase !== "invoke";

/** Asks each to end, in order, and waits until it has. */
async function endAll(processes: readonly ChaosProcess[]): Promise<void> {
  for (const each of processes) {
    each.term();
    expect((await each.exited).code, `exit code of ${each.name}`).toBe(0);
  }
}
