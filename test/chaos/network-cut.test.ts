import { connect } from "@stem/sdk";
import { expect, test } from "vitest";
import type { HistoryLine } from "./history.ts";
import type { StreamWorkerSettings } from "./processes/stream-worker.ts";
import { type ChaosRun, startChaosRun } from "./support/chaos-run.ts";
import { enqueueOne } from "./support/enqueue-one.ts";
import { pass } from "./support/pass.ts";
import { shortLeases } from "./support/server-flags.ts";
import { startTcpProxy } from "./support/tcp-proxy.ts";

const leaseMs = 1000;
/** What a busy machine may add to a timer. */
const lagMs = 400;

test.each([
  ["late frames come through", { reset: false }],
  ["every connection is reset", { reset: true }],
] as const)(
  "a worker that is cut off stops in time, its work goes on elsewhere, and it comes back when %s",
  {
    timeout: 60_000,
  },
  async (_, heal) => {
    await using run = startChaosRun(import.meta.filename);
    const server = await run.startServer(shortLeases);
    const { url } = server;
    await using cleanup = new AsyncDisposableStack();
    const proxy = await startTcpProxy(server.port);
    cleanup.defer(() => proxy.close());
    const cutOff = await startWorker(run, `http://127.0.0.1:${proxy.port}`, "worker-1");
    await using client = connect({ url });
    const handles = await Promise.all(
      ["t1", "t2"].map((id) => enqueueOne(run, client, { id, kind: "quick", ms: 3000 })),
    );
    await run.line(is("run", "worker-1", "t1"), "a first run");
    await run.line(is("run", "worker-1", "t2"), "a second run");
    const elsewhere = await startWorker(run, url, "worker-2");

    run.journal.write({ op: "cut", phase: "ok", target: "worker-1" });
    proxy.cut();
    for (const handle of handles) expect((await handle.result({ timeoutMs: 50_000 })).by).toBe("worker-2");
    expectStoppedInTime(run.history());
    // Longer than the lease in any case: both ends have long given the other up.
    await pass(2 * leaseMs);
    expect(proxy.withheldBytes).toBeGreaterThan(0);
    const before = proxy.connections;
    proxy.heal(heal);
    run.journal.write({ op: "heal", phase: "ok", target: "worker-1" });

    // Only the one that was cut off is left to do what comes now.
    elsewhere.term();
    await elsewhere.exited;
    const next = await enqueueOne(run, client, { id: "t3", kind: "quick", ms: 10 });
    expect((await next.result({ timeoutMs: 50_000 })).by).toBe("worker-1");
    if (heal.reset) expect(proxy.connections).toBeGreaterThan(before);
    for (const each of [cutOff, server]) {
      each.term();
      expect((await each.exited).code, `exit code of ${each.name}`).toBe(0);
    }
    expect(await run.judge()).toMatchObject({ leasesExpired: 2, redelivered: 2, succeeded: 3 });
  },
);

const startWorker = (run: ChaosRun, url: string, proc: string) =>
  run.start<StreamWorkerSettings>("stream-worker", { url, proc, concurrency: 2 });

const is =
  (op: HistoryLine["op"], proc: string, task: string) =>
  (line: HistoryLine): boolean =>
    line.op === op && line.proc === proc && "task" in line && line.task === task;

/** The handlers that were cut off were told to stop at 80 % of the lease at the latest, and before the task ran elsewhere. */
function expectStoppedInTime(history: readonly HistoryLine[]): void {
  const cutAt = history.find(({ op }) => op === "cut")?.t ?? Number.NaN;
  for (const task of ["t1", "t2"]) {
    const stopped = history.find(is("abort", "worker-1", task));
    const elsewhere = history.find(is("run", "worker-2", task));
    expect(stopped?.t, `${task} was told to stop`).toBeLessThan(cutAt + 0.8 * leaseMs + lagMs);
    expect(elsewhere?.t, `${task} ran elsewhere`).toBeGreaterThan(stopped?.t ?? Number.NaN);
  }
}
