import { fromBinary } from "@bufbuild/protobuf";
import { Code, createClient } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { CancelOutcome, TaskAdminService } from "@stem/proto/stem/v1/task_admin_service_pb";
import { TaskStateReason } from "@stem/proto/stem/v1/task_pb";
import { TaskService, TaskView } from "@stem/proto/stem/v1/task_service_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { failure, wireTransports, wordOf } from "../support/wire-transports.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer({ namespaces: ["default", "other"] });
});
afterAll(() => server.close());

const json = (value: unknown) => ({ data: { case: "json" as const, value: JSON.stringify(value) } });

describe.each(wireTransports)("over %s", (name, open) => {
  const id = (suffix: string) => `${wordOf(name)}-${suffix}`;
  const connect = () => {
    const transport = open(server.url);
    return {
      tasks: createClient(TaskService, transport),
      admin: createClient(TaskAdminService, transport),
      workers: createClient(WorkerService, transport),
    };
  };

  test("a task is enqueued and read back as it was asked for", async () => {
    const { tasks } = connect();
    const asked = {
      id: id("whole"),
      name: "mail.send",
      queue: id("whole"),
      args: json(["a", { b: 1 }]),
      headers: { "x-tenant": "t1" },
      tags: ["one", "two"],
      options: {
        ...{ priority: 7, maxAttempts: 3, retry: { factor: 3 } },
        start: { case: "delay" as const, value: { seconds: 3600n } },
      },
      trace: { traceparent: "00-aa-bb-01" },
      signature: { keyId: "k", algorithm: "ed25519", bytes: Uint8Array.of(1, 2) },
    };
    expect(await tasks.enqueueTask(asked)).toMatchObject({ taskId: asked.id, deduplicated: false });
    expect(await tasks.enqueueTask(asked)).toMatchObject({ taskId: asked.id, deduplicated: true });
    const { task } = await tasks.getTask({ taskId: asked.id });
    expect(task).toMatchObject({
      ...{ id: asked.id, name: asked.name, queue: asked.queue, namespace: "default", args: asked.args },
      ...{ headers: asked.headers, tags: asked.tags, options: asked.options, trace: asked.trace },
      signature: { keyId: "k", algorithm: "ed25519" },
      state: TaskState.SCHEDULED,
      stateReason: TaskStateReason.DELAY,
      ...{ revision: 1n, attempt: 1, deliveries: 0, worker: "" },
    });
    expect(task?.signature?.bytes).toEqual(asked.signature.bytes);
    const created = Number(task?.createTime?.seconds);
    expect(Math.abs(created - Date.now() / 1000)).toBeLessThan(60);
    expect(Number(task?.notBeforeTime?.seconds) - created).toBe(3600);
    expect(task?.endTime).toBeUndefined();
    expect(task?.options?.maxDeliveries).toBeUndefined();
  });

  test("a batch gets a verdict for each task, good and bad, in its order", async () => {
    const { tasks } = connect();
    const { verdicts } = await tasks.enqueueTasks({
      tasks: [
        { id: id("batch-1"), name: "a" },
        { id: id("batch-2"), name: "" },
        { id: id("batch-1"), name: "a" },
        { id: id("batch-1"), name: "b" },
        { name: "c" },
      ],
    });
    expect(verdicts.map(({ taskId, deduplicated, error }) => [taskId, deduplicated, error?.code])).toEqual([
      [id("batch-1"), false, undefined],
      [id("batch-2"), false, Code.InvalidArgument],
      [id("batch-1"), true, undefined],
      [id("batch-1"), false, Code.AlreadyExists],
      [expect.stringMatching(/^[0-9a-f-]{36}$/), false, undefined],
    ]);
    const [bad] = verdicts[1]?.error?.details ?? [];
    expect(bad?.typeUrl).toBe("type.googleapis.com/google.rpc.ErrorInfo");
    const request = verdicts[1]?.error?.details[1];
    expect(fromBinary(BadRequestSchema, request?.value ?? new Uint8Array())).toMatchObject({
      fieldViolations: [{ field: "tasks[1].name" }],
    });
  });

  test("tasks are listed page by page, newest first, by all filters at once", async () => {
    const { tasks } = connect();
    const queue = id("list");
    const newTask = (n: number) => ({ id: id(`list-${n}`), name: "a", queue, tags: ["t"], args: json([n]) });
    await tasks.enqueueTasks({ tasks: [...[1, 2, 3, 4, 5].map(newTask), { ...newTask(6), tags: ["u"] }] });
    const query = { queue, tag: "t", name: "a", states: [TaskState.READY], pageSize: 2 };
    const seen: string[][] = [];
    let pageToken = "";
    do {
      const page = await tasks.listTasks({ ...query, pageToken });
      seen.push(page.tasks.map((task) => task.id));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(seen).toEqual([[5, 4], [3, 2], [1]].map((page) => page.map((n) => id(`list-${n}`))));
    const [basic] = (await tasks.listTasks({ queue })).tasks;
    expect(basic).toMatchObject({ id: id("list-6"), tags: ["u"] });
    expect(basic?.args).toBeUndefined();
    const [full] = (await tasks.listTasks({ queue, view: TaskView.FULL })).tasks;
    expect(full?.args).toMatchObject(json([6]));
  });

  test("a task that waits is cancelled, and one that is not there is not found", async () => {
    const { tasks, admin } = connect();
    await tasks.enqueueTask({ id: id("cancel"), name: "a" });
    const first = await admin.cancelTask({ taskId: id("cancel"), reason: "no longer wanted" });
    expect(first).toMatchObject({ outcome: CancelOutcome.CANCELLED, state: TaskState.CANCELLED });
    const again = await admin.cancelTask({ taskId: id("cancel") });
    expect(again).toMatchObject({ outcome: CancelOutcome.ALREADY_TERMINAL, state: TaskState.CANCELLED });
    const { task } = await tasks.getTask({ taskId: id("cancel") });
    expect(task).toMatchObject({ stateReason: TaskStateReason.CANCEL_REQUESTED });
    expect(task?.cancel?.reason).toBe("no longer wanted");
    const error = await failure(admin.cancelTask({ taskId: id("nobody") }));
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([
      { reason: "TASK_UNKNOWN", domain: "stem.v1", metadata: { taskId: id("nobody") } },
    ]);
  });

  test("an ended task is run again under a new id", async () => {
    const { tasks, admin } = connect();
    await tasks.enqueueTask({ id: id("old"), name: "a", args: json([1]) });
    expect((await failure(admin.replayTask({ taskId: id("old") }))).code).toBe(Code.FailedPrecondition);
    await admin.cancelTask({ taskId: id("old") });
    const replay = { taskId: id("old"), newTaskId: id("new") };
    expect(await admin.replayTask(replay)).toMatchObject({ taskId: id("new"), deduplicated: false });
    expect(await admin.replayTask(replay)).toMatchObject({ taskId: id("new"), deduplicated: true });
    const { task } = await tasks.getTask({ taskId: id("new") });
    expect(task).toMatchObject({ replayOf: id("old"), state: TaskState.READY, args: json([1]) });
  });

  test("a task is leased and settled without a stream, and who awaits it gets its result", async () => {
    const { tasks, workers } = connect();
    const queue = id("await");
    await tasks.enqueueTask({ id: id("await"), name: "a", queue });
    const updates = tasks.awaitTasks({ tasks: [{ taskId: id("await") }, { taskId: id("nobody") }] });
    const news: [string, unknown][] = [];
    const waiting = (async () => {
      for await (const batch of updates)
        for (const { taskId, update } of batch.updates)
          news.push([taskId, update.case === "task" ? update.value.state : update.value]);
    })();
    await expect.poll(() => news.length).toBe(2);
    const { grants } = await workers.leaseTasks({ queues: [queue], maxTasks: 5 });
    expect(grants).toMatchObject([{ taskId: id("await"), queue, attempt: 1, delivery: 1 }]);
    const settlement = {
      leaseToken: grants[0]?.leaseToken ?? new Uint8Array(),
      outcome: { case: "succeeded" as const, value: { result: json({ sum: 3 }) } },
    };
    expect((await workers.settleTasks({ settlements: [settlement] })).results[0]?.error).toBeUndefined();
    await waiting;
    expect(news.filter(([taskId]) => taskId === id("await")).map(([, state]) => state)).toEqual([
      TaskState.READY,
      TaskState.SUCCEEDED,
    ]);
    expect(news.find(([taskId]) => taskId === id("nobody"))?.[1]).toMatchObject({ code: Code.NotFound });
    expect((await tasks.getTask({ taskId: id("await") })).task?.result).toMatchObject(json({ sum: 3 }));
  });

  test("waiting for no time tells what is known and ends", async () => {
    const { tasks } = connect();
    await tasks.enqueueTask({ id: id("now"), name: "a" });
    const seen: (bigint | undefined)[] = [];
    for await (const { updates } of tasks.awaitTasks({ tasks: [{ taskId: id("now") }], timeout: {} }))
      for (const { update } of updates) seen.push(update.case === "task" ? update.value.revision : undefined);
    expect(seen).toEqual([1n]);
  });

  test("namespaces are apart", async () => {
    const { tasks } = connect();
    await tasks.enqueueTask({ id: id("ns"), name: "a", namespace: "other" });
    expect((await failure(tasks.getTask({ taskId: id("ns") }))).code).toBe(Code.NotFound);
    expect((await tasks.getTask({ taskId: id("ns"), namespace: "other" })).task?.namespace).toBe("other");
  });
});
