import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testWithTool } from "../support/test-with-tool.ts";
import { startWireServer, type WireServer } from "../support/wire-server.ts";

const run = promisify(execFile);
const buf = path.resolve(import.meta.dirname, "../../node_modules/.bin/buf");
const timeoutMs = 60_000;

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

type Json = Readonly<Record<string, unknown>>;

/** Calls a method with nothing but its URL: the schema comes by reflection. */
async function bufCurl(...args: readonly string[]): Promise<string> {
  const { stdout } = await run(buf, ["curl", "--protocol", "grpc", "--http2-prior-knowledge", ...args]);
  return stdout;
}

const bufCall = async (method: string, request: Json): Promise<Json> =>
  JSON.parse(await bufCurl("-d", JSON.stringify(request), `${server.url}/stem.v1.${method}`)) as Json;

async function curl(method: string, request: Json): Promise<Json> {
  const head = ["-sS", "-H", "content-type: application/json", "-d", JSON.stringify(request)];
  const { stdout } = await run("curl", [...head, `${server.url}/stem.v1.${method}`]);
  return JSON.parse(stdout) as Json;
}

test("buf curl lists every service and method by reflection", { timeout: timeoutMs }, async () => {
  const services = (await bufCurl("--list-services", server.url)).trim().split("\n");
  expect(services).toEqual([
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "stem.v1.BroadcastService",
    "stem.v1.CanvasService",
    "stem.v1.ControlService",
    "stem.v1.DeadLetterService",
    "stem.v1.LimitService",
    "stem.v1.LockService",
    "stem.v1.NamespaceService",
    "stem.v1.QueueEventService",
    "stem.v1.QueueService",
    "stem.v1.RevocationService",
    "stem.v1.RoutingService",
    "stem.v1.ServerService",
    "stem.v1.TaskAdminService",
    "stem.v1.TaskBatchService",
    "stem.v1.TaskDefinitionService",
    "stem.v1.TaskOutputService",
    "stem.v1.TaskService",
    "stem.v1.UniqueService",
    "stem.v1.WorkerService",
  ]);
  const methods = await bufCurl("--list-methods", server.url);
  expect(methods).toContain("stem.v1.TaskService/EnqueueTask");
  expect(methods).toContain("stem.v1.WorkerService/Connect");
});

test("buf curl enqueues, leases and settles a task without any SDK", { timeout: timeoutMs }, async () => {
  const args = { value: [1, { two: true }] };
  const queue = "buf";
  expect(await bufCall("TaskService/EnqueueTask", { id: "by-buf", name: "add", queue, args })).toEqual({
    taskId: "by-buf",
  });
  const leased = await bufCall("WorkerService/LeaseTasks", { queues: [queue] });
  const [grant] = leased["grants"] as readonly [{ leaseToken: string; task: Json }];
  expect(grant.task["args"]).toEqual({ json: '[1,{"two":true}]' });
  const settlement = { leaseToken: grant.leaseToken, succeeded: { result: { json: "3" } } };
  const settled = await bufCall("WorkerService/SettleTasks", { settlements: [settlement] });
  expect(settled).toEqual({
    results: [{ verdict: { outcome: "SETTLE_OUTCOME_ACCEPTED", state: "TASK_STATE_SUCCEEDED" } }],
  });
  const { task } = await bufCall("TaskService/GetTask", { taskId: "by-buf" });
  expect(task).toMatchObject({ state: "TASK_STATE_SUCCEEDED", result: { json: "3" } });
});

test("buf curl sees what went wrong, details and all", { timeout: timeoutMs }, async () => {
  const failed = run(buf, [
    ...["curl", "--protocol", "grpc", "--http2-prior-knowledge"],
    ...["-d", '{"taskId":"nobody"}', `${server.url}/stem.v1.TaskService/GetTask`],
  ]);
  const { stderr } = await failed.then(
    () => ({ stderr: "no error" }),
    (error: { stderr: string }) => error,
  );
  expect(JSON.parse(stderr)).toMatchObject({
    code: "not_found",
    message: "there is no task nobody",
    details: [{ type: "google.rpc.ErrorInfo" }, { type: "google.rpc.ResourceInfo" }],
  });
});

test("curl enqueues, leases and settles a task with JSON", { timeout: timeoutMs }, async () => {
  const queue = "curl";
  expect(await curl("TaskService/EnqueueTask", { id: "by-curl", name: "add", queue })).toEqual({
    taskId: "by-curl",
  });
  const leased = await curl("WorkerService/LeaseTasks", { queues: [queue] });
  const [grant] = leased["grants"] as readonly [{ leaseToken: string }];
  const settlement = { leaseToken: grant.leaseToken, failed: { failure: { message: "no" } } };
  const settled = await curl("WorkerService/SettleTasks", { settlements: [settlement] });
  expect(settled).toMatchObject({ results: [{ verdict: { outcome: "SETTLE_OUTCOME_ACCEPTED" } }] });
  expect(await curl("TaskService/GetTask", { taskId: "by-curl" })).toMatchObject({
    task: { attempt: 2, failure: { message: "no" } },
  });
  expect(await curl("TaskService/GetTask", { taskId: "nobody" })).toMatchObject({
    code: "not_found",
    details: [{ type: "google.rpc.ErrorInfo", debug: { reason: "TASK_UNKNOWN", domain: "stem.v1" } }, {}],
  });
});

testWithTool("grpcurl lists and describes by reflection, and enqueues, leases and settles a task", {
  tool: "grpcurl",
  timeoutMs,
  async run(grpcurl) {
    const at = `${server.host}:${server.port}`;
    const ask = async (...args: readonly string[]) => (await run(grpcurl, ["-plaintext", ...args])).stdout;
    const call = async (method: string, request: Json): Promise<Json> =>
      JSON.parse(await ask("-d", JSON.stringify(request), at, `stem.v1.${method}`)) as Json;
    expect(await ask(at, "list")).toContain("stem.v1.TaskService");
    const described = await ask(at, "describe", "stem.v1.TaskService.EnqueueTask");
    expect(described).toContain("rpc EnqueueTask ( .stem.v1.EnqueueTaskRequest )");
    expect(await ask(at, "describe", "stem.v1.TaskOptions")).toContain("google.protobuf.Duration delay = 5");

    const [queue, args] = ["grpcurl", { value: [1, 2] }];
    expect(await call("TaskService/EnqueueTask", { id: "by-grpcurl", name: "add", queue, args })).toEqual({
      taskId: "by-grpcurl",
    });
    const leased = await call("WorkerService/LeaseTasks", { queues: [queue] });
    const [grant] = leased["grants"] as readonly [{ leaseToken: string; task: Json }];
    expect(grant.task["args"]).toEqual({ json: "[1,2]" });
    const settlement = { leaseToken: grant.leaseToken, succeeded: { result: { value: 3 } } };
    expect(await call("WorkerService/SettleTasks", { settlements: [settlement] })).toEqual({
      results: [{ verdict: { outcome: "SETTLE_OUTCOME_ACCEPTED", state: "TASK_STATE_SUCCEEDED" } }],
    });
    const { task } = await call("TaskService/GetTask", { taskId: "by-grpcurl" });
    expect(task).toMatchObject({ state: "TASK_STATE_SUCCEEDED", result: { json: "3" } });
  },
});
