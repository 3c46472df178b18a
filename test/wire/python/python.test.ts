import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, onTestFinished } from "vitest";
import { makeCertificates } from "../../support/certificates.ts";
import { callJson } from "../../support/connect-json.ts";
import { adasToken, makeTokenFile } from "../../support/secure-stem.ts";
import { startCommand, startServerProcess, type TestProcess } from "../../support/server-process.ts";
import { testWithTool } from "../../support/test-with-tool.ts";
import { until } from "../../support/until.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const examples = path.join(root, "examples/python");
const timeoutMs = 60_000;

/** Leases of a second, so that a task of three needs its heartbeats. */
const shortLeases = ["leaseMs=1000", "heartbeatMs=250", "leaseGraceMs=100", "reapIntervalMs=50"].flatMap(
  (setting) => ["--default", setting],
);

let folder = "";
let generated: Promise<string> | undefined;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "stem-python-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

testWithTool("a Python producer and a Python worker add two numbers", {
  tool: "python-grpc",
  timeoutMs,
  run: async (python) => {
    const run = await pythonFor(python);
    const server = await startServer(["--store", "memory:"]);
    const worker = run("worker.py", ["--address", addressOf(server.url), "--tasks", "1"]);
    const producer = run("producer.py", ["20", "22", "--address", addressOf(server.url)]);
    expect(await outcomeOf(producer)).toEqual({ code: 0, said: ["42"] });
    expect(await outcomeOf(worker)).toEqual({ code: 0, said: [] });
  },
});

testWithTool("a Python producer submits a canvas, whose tasks a Python worker runs", {
  tool: "python-grpc",
  timeoutMs,
  run: async (python) => {
    const run = await pythonFor(python);
    const server = await startServer(["--store", "memory:"]);
    const worker = run("worker.py", ["--address", addressOf(server.url), "--tasks", "3"]);
    const producer = run("canvas.py", ["1", "2", "3", "4", "--address", addressOf(server.url)]);
    expect(await outcomeOf(producer)).toEqual({ code: 0, said: ["10"] });
    expect(await outcomeOf(worker)).toEqual({ code: 0, said: [] });
  },
});

testWithTool("Python comes with a token, over TLS", {
  tool: "python-grpc",
  timeoutMs,
  run: async (python) => {
    const certificates = makeCertificates();
    const tokens = makeTokenFile(`python ${adasToken}`);
    onTestFinished(async () => {
      certificates.remove();
      await tokens.remove();
    });
    const { certFile, keyFile } = certificates.server;
    const tls = ["--tls-cert", certFile, "--tls-key", keyFile, "--tokens-file", tokens.file];
    const server = await startServer(["--store", "memory:", ...tls]);
    const run = await pythonFor(python, { STEM_CA: certificates.authority.certFile, STEM_TOKEN: adasToken });
    const worker = run("worker.py", ["--address", addressOf(server.url), "--tasks", "1"]);
    const producer = run("producer.py", ["20", "22", "--address", addressOf(server.url)]);
    expect(await outcomeOf(producer)).toEqual({ code: 0, said: ["42"] });
    expect(await outcomeOf(worker)).toEqual({ code: 0, said: [] });
  },
});

testWithTool("a Python worker keeps a task that takes longer than its lease, by heartbeats", {
  tool: "python-grpc",
  timeoutMs,
  run: async (python) => {
    const run = await pythonFor(python);
    const server = await startServer(["--store", "memory:", ...shortLeases]);
    const worker = run("worker.py", ["--address", addressOf(server.url), "--tasks", "1"]);
    const args = ["20", "22", "--sleep", "3", "--address", addressOf(server.url)];
    expect(await outcomeOf(run("producer.py", args))).toEqual({ code: 0, said: ["42"] });
    expect((await outcomeOf(worker)).code).toBe(0);
    expect(await tasksOf(server.url)).toMatchObject([{ state: "TASK_STATE_SUCCEEDED", deliveries: 1 }]);
  },
});

testWithTool("a Python worker heartbeats at the pace of a task's own short lease", {
  tool: "python-grpc",
  timeoutMs,
  run: async (python) => {
    const run = await pythonFor(python);
    const server = await startServer(["--store", "memory:", "--default", "leaseGraceMs=100"]);
    const worker = run("worker.py", ["--address", addressOf(server.url), "--tasks", "1"]);
    const options = { leaseDuration: "1s" };
    await enqueue(server.url, { name: "add", args: { json: "[20, 22, 3]" }, options });
    expect((await outcomeOf(worker)).code).toBe(0);
    expect(await tasksOf(server.url)).toMatchObject([{ state: "TASK_STATE_SUCCEEDED", deliveries: 1 }]);
  },
});

testWithTool("a Python handler that raises fails its task with its own words, and is tried again", {
  tool: "python-grpc",
  timeoutMs,
  run: async (python) => {
    const run = await pythonFor(python);
    const server = await startServer(["--store", "memory:", "--default", "maxAttempts=2"]);
    const retry = { baseDelay: "0.01s" };
    await enqueue(server.url, { name: "add", args: { json: '[1, "two"]' }, options: { retry } });
    const worker = run("worker.py", ["--address", addressOf(server.url), "--tasks", "2"]);
    expect((await outcomeOf(worker)).code).toBe(0);
    expect(await tasksOf(server.url)).toMatchObject([
      { state: "TASK_STATE_FAILED", attempt: 2, failure: { type: "TypeError" } },
    ]);
  },
});

testWithTool("a Python worker survives a restart of the server, and hands in what it was doing", {
  tool: "python-grpc",
  timeoutMs,
  run: async (python) => {
    const run = await pythonFor(python);
    const store = `sqlite:${path.join(folder, "restart.db")}`;
    const server = await startServer(["--store", store]);
    const worker = run("worker.py", ["--address", addressOf(server.url), "--tasks", "2"]);
    await enqueue(server.url, { id: "long", name: "add", args: { json: "[20, 22, 4]" } });
    await enqueue(server.url, { id: "next", name: "add", args: { json: "[1, 2]" } });
    await stateOf(server.url, "long", "TASK_STATE_LEASED");
    // Asked once more: by then it has left for the worker, which the store does not know.
    await stateOf(server.url, "long", "TASK_STATE_LEASED");
    await server.end("SIGKILL");
    await worker.line(/^stream lost/);

    const next = await startServer(["--store", store, "--port", new URL(server.url).port]);
    const { said, code } = await outcomeOf(worker);
    expect(code).toBe(0);
    expect(said.filter((line) => !line.startsWith("stream lost"))).toEqual([]);
    expect(await tasksOf(next.url)).toMatchObject([
      { id: "next", state: "TASK_STATE_SUCCEEDED", deliveries: 1, result: { json: "3" } },
      { id: "long", state: "TASK_STATE_SUCCEEDED", deliveries: 1, result: { json: "42" } },
    ]);
  },
});

/** Runs files of examples/python with code generated by the commands of its README, for a folder of ours. */
async function pythonFor(python: string, more: Readonly<Record<string, string>> = {}) {
  generated ??= generate();
  const env = { PYTHONPATH: await generated, PYTHONUNBUFFERED: "1", ...more };
  return (file: string, args: readonly string[]): TestProcess => {
    const started = startCommand(python, [path.join(examples, file), ...args], { env });
    onTestFinished(async () => void (await started.end()));
    return started;
  };
}

async function generate(): Promise<string> {
  const readme = readFileSync(path.join(examples, "README.md"), "utf8");
  const block = [...readme.matchAll(/^```sh\n(.*?)^```/gms)].find(([, text]) =>
    text?.includes("protoc "),
  )?.[1];
  if (block === undefined) throw new Error("examples/python/README.md has lost its commands");
  const into = path.join(folder, "gen");
  const commands = block.replaceAll("examples/python/gen", into);
  const shell = startCommand("bash", ["-euc", commands], { cwd: root });
  const { code } = await shell.exited;
  if (code !== 0)
    throw new Error(`the commands of examples/python/README.md failed:\n${shell.lines.join("\n")}`);
  return into;
}

async function startServer(args: readonly string[]) {
  const server = await startServerProcess(args);
  onTestFinished(async () => void (await server.end()));
  return server;
}

const addressOf = (url: string): string => new URL(url).host;

const outcomeOf = async ({ exited, lines }: TestProcess) => ({ code: (await exited).code, said: [...lines] });

const enqueue = (url: string, task: object) => callJson<object>(url, "TaskService/EnqueueTask", task);

/** All tasks in full, newest first. */
async function tasksOf(url: string): Promise<readonly object[]> {
  const request = { view: "TASK_VIEW_FULL" };
  return (await callJson<{ tasks: object[] }>(url, "TaskService/ListTasks", request)).tasks;
}

/** Waits until a task is in a state. */
async function stateOf(url: string, taskId: string, state: string): Promise<void> {
  const look = async () => {
    const { task } = await callJson<{ task: { state: string } }>(url, "TaskService/GetTask", { taskId });
    return task.state === state;
  };
  await until(look, { deadlineMs: 50_000, what: `${taskId} to be ${state}` });
}
