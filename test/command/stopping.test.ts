import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { connect, defineTask } from "@stem/sdk";
import { createWorker, implement, type Worker } from "@stem/worker";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { callJson } from "../support/connect-json.ts";
import { freePort } from "../support/free-port.ts";
import { endInsistently, startServerProcess } from "../support/server-process.ts";

let folder = "";
let files = 0;
const workers: Worker[] = [];
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "stem-stopping-"));
});
afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.stop({ graceMs: 0 }))));
afterAll(() => rmSync(folder, { recursive: true }));

function freshStore(): string {
  files += 1;
  return `sqlite:${path.join(folder, `${files}.db`)}`;
}

const work = defineTask<[], string>({ name: "work" });

/** A task in the hands of a worker, which ends when `finish` is called. */
async function runningTask(url: string) {
  const begun = Promise.withResolvers<void>();
  const finished = Promise.withResolvers<string>();
  const handler = implement(work, () => {
    begun.resolve();
    return finished.promise;
  });
  const worker = createWorker({ url, tasks: [handler], graceMs: 0 });
  workers.push(worker);
  await worker.start();
  const client = connect({ url, publishRetry: false });
  const { id } = await client.enqueue(work);
  await client.close();
  await begun.promise;
  return { id, finish: () => finished.resolve("done") };
}

async function stateOf(url: string, taskId: string): Promise<string> {
  const { task } = await callJson<{ task: { state: string } }>(url, "TaskService/GetTask", { taskId });
  return task.state;
}

test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
  "an idle server ends with 0 at once on %s",
  async (signal) => {
    const server = await startServerProcess(["--store", freshStore(), "--drain-ms", "600000"]);
    expect(await server.end(signal)).toEqual({ code: 0, signal: null });
    expect(server.lines.at(-1)).toContain('"msg":"stopped"');
  },
);

test("a stopping server refuses new tasks, takes the settlement of what is out, and ends then", async () => {
  const store = freshStore();
  const server = await startServerProcess(["--store", store, "--drain-ms", "600000"]);
  const { id, finish } = await runningTask(server.url);
  server.child.kill("SIGTERM");
  await server.line(/"msg":"draining/);
  await expect(callJson(server.url, "TaskService/EnqueueTask", { name: "late" })).rejects.toThrow(
    /answered 503: .*going away/,
  );
  finish();
  expect(await server.exited).toEqual({ code: 0, signal: null });
  expect(server.lines.join("\n")).not.toContain("work is still out");

  const next = await startServerProcess(["--store", store]);
  expect(await stateOf(next.url, id)).toBe("TASK_STATE_SUCCEEDED");
  await next.end("SIGTERM");
});

test("what is still out after drainMs is kept for its worker, which settles it after the restart", async () => {
  const port = String(await freePort());
  const args = ["--store", freshStore(), "--port", port, "--drain-ms", "50"];
  const server = await startServerProcess(args);
  const { id, finish } = await runningTask(server.url);
  expect(await server.end("SIGTERM")).toEqual({ code: 0, signal: null });
  expect(server.lines.join("\n")).toContain("work is still out");

  finish();
  const next = await startServerProcess(args);
  const client = connect(next.url);
  const handle = client.handle(work, id);
  expect(await handle.result({ timeoutMs: 50_000 })).toBe("done");
  expect(await handle.status()).toMatchObject({ attempt: 1, deliveries: 1 });
  await client.close();
  await next.end("SIGTERM");
});

test("signals that follow at once are the same wish, a later one ends a draining server", async () => {
  const server = await startServerProcess(["--store", freshStore(), "--drain-ms", "600000"]);
  await runningTask(server.url);
  const begun = performance.now();
  // npm and the launcher hand on what the terminal has sent already: within half a second it is one wish.
  const exit = await endInsistently(server, "SIGTERM");
  expect(exit).toEqual({ code: 143, signal: null });
  expect(performance.now() - begun).toBeGreaterThan(500);
});
