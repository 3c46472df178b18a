import { createClient } from "@connectrpc/connect";
import { TaskAdminService } from "@stem/proto/stem/v1/task_admin_service_pb";
import { TaskBatchService } from "@stem/proto/stem/v1/task_batch_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callJson } from "../support/connect-json.ts";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { wireTransports, wordOf } from "../support/wire-transports.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

const json = (value: string) => ({ data: { case: "json" as const, value } });

describe.each(wireTransports)("over %s", (name, open) => {
  const named = (suffix: string) => `${wordOf(name)}-${suffix}`;
  const connect = () => {
    const transport = open(server.url);
    const workers = createClient(WorkerService, transport);
    const lease = async (queue: string) => (await workers.leaseTasks({ queues: [queue] })).grants[0];
    return {
      tasks: createClient(TaskService, transport),
      admin: createClient(TaskAdminService, transport),
      batches: createClient(TaskBatchService, transport),
      workers,
      lease,
      async succeed(queue: string, result: string) {
        const leaseToken = (await lease(queue))?.leaseToken ?? new Uint8Array();
        const outcome = { case: "succeeded" as const, value: { result: json(result) } };
        await workers.settleTasks({ settlements: [{ leaseToken, outcome }] });
      },
    };
  };

  test("a task shows what follows it, under which ids, and what follows shows what it was handed apart", async () => {
    const { tasks, succeed, lease } = connect();
    const [id, queue] = [named("shown"), named("shown")];
    const inner = { link: [{ task: { name: "c", queue }, inputAs: "sum" }] };
    const link = [{ task: { name: "b", queue, args: json('[ "own" ]'), options: inner } }];
    const linkError = [{ task: { id: named("told"), name: "d" }, ignoreInput: true }];
    await tasks.enqueueTask({ id, name: "a", queue, options: { link, linkError } });
    const parent = (await tasks.getTask({ taskId: id })).task;
    expect(parent?.options).toMatchObject({
      link: [{ task: { name: "b", args: json('[ "own" ]') }, ignoreInput: false }],
      linkError: [{ task: { id: named("told"), name: "d" }, ignoreInput: true }],
    });
    expect(parent?.options?.link[0]?.task?.options?.link).toMatchObject([
      { task: { name: "c" }, inputAs: "sum" },
    ]);
    await succeed(queue, '{"sum":5}');
    const childId = parent?.options?.link[0]?.task?.id ?? "";
    const grant = await lease(queue);
    expect(grant).toMatchObject({
      taskId: childId,
      task: { args: json('[ "own" ,{"sum":5}]'), parentId: id, rootId: id },
    });
    expect(grant?.task?.options?.link ?? []).toEqual([]);
    expect((await tasks.getTask({ taskId: childId })).task).toMatchObject({
      ...{ args: json('[ "own" ]'), parentId: id, rootId: id, state: TaskState.LEASED },
      input: { fromTaskId: id, member: "", input: { case: "result", value: json('{"sum":5}') } },
      options: { link: [{ task: { name: "c" } }] },
    });
  });

  test("the same task with the same links is the same task, and with others is not", async () => {
    const { tasks } = connect();
    const id = named("same");
    const submit = (value: string, traceparent = "") =>
      tasks.enqueueTask({
        ...{ id, name: "a", trace: { traceparent } },
        options: { link: [{ task: { name: "b", args: json(value) } }] },
      });
    expect((await submit("[1]")).deduplicated).toBe(false);
    expect((await submit("[1]", "another trace")).deduplicated).toBe(true);
    await expect(submit("[2]")).rejects.toThrow("is taken by a task with other content");
  });

  test("an operator cancels a family by its root, and a task with what is below it", async () => {
    const { tasks, admin, batches } = connect();
    const [id, queue] = [named("family"), named("family")];
    const child = (suffix: string, parent: string) => ({
      ...{ id: named(suffix), name: "a", queue, parentId: named(parent), rootId: id },
    });
    await tasks.enqueueTasks({
      tasks: [{ id, name: "a", queue }, child("f1", "family"), child("f2", "f1"), child("f3", "f2")],
    });
    const dry = await batches.cancelTasks({ batch: { filter: { parentId: named("f1") }, dryRun: true } });
    expect(dry.outcome).toMatchObject({ matchedCount: 1n, changedCount: 1n });
    expect(await admin.cancelTask({ taskId: named("f2"), withDescendants: true })).toMatchObject({
      ...{ state: TaskState.CANCELLED, descendantsCount: 1n, descendantsLeft: false },
    });
    const rest = await batches.cancelTasks({ batch: { filter: { rootId: id } } });
    expect(rest.outcome).toMatchObject({ changedCount: 1n });
    const left = await tasks.listTasks({ queue, states: [TaskState.READY] });
    expect(left.tasks.map((task) => task.id)).toEqual([id]);
  });
});

test("links are written, and what follows is read, with nothing but JSON", async () => {
  const call = <Answer>(method: string, request: object) => callJson<Answer>(server.url, method, request);
  const queue = "plain-json";
  const link = [{ task: { name: "b", queue, args: { value: ["own"] } } }];
  const linkError = [{ task: { name: "c", queue, args: { value: { who: "ada" } } }, inputAs: "what" }];
  await call("TaskService/EnqueueTask", {
    id: "json-a",
    name: "a",
    queue,
    options: { maxAttempts: 1, link, linkError },
  });
  type Leased = { grants: readonly [{ leaseToken: string; task: { name: string; args: { json: string } } }] };
  const first = await call<Leased>("WorkerService/LeaseTasks", { queues: [queue] });
  const failed = { failure: { type: "Down", message: "no" } };
  const settlements = [{ leaseToken: first.grants[0].leaseToken, failed }];
  await call("WorkerService/SettleTasks", { settlements });
  const [{ task }] = (await call<Leased>("WorkerService/LeaseTasks", { queues: [queue] })).grants;
  expect(task.name).toBe("c");
  expect(JSON.parse(task.args.json)).toEqual({
    who: "ada",
    what: {
      ...{ taskId: "json-a", taskName: "a", attempt: 1, reason: "max_attempts" },
      failure: {
        ...{ type: "Down", message: "no", stack: "", nonRetryable: false, truncated: false, ancestors: [] },
      },
    },
  });
});
