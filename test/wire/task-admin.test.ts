import { Code, createClient } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { CancelOutcome, TaskAdminService } from "@stem/proto/stem/v1/task_admin_service_pb";
import { TaskBatchService } from "@stem/proto/stem/v1/task_batch_service_pb";
import { TaskStateReason } from "@stem/proto/stem/v1/task_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { failure, wireTransports, wordOf } from "../support/wire-transports.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

const json = (value: unknown) => ({ data: { case: "json" as const, value: JSON.stringify(value) } });
const hour = { case: "delay" as const, value: { seconds: 3600n } };

describe.each(wireTransports)("over %s", (name, open) => {
  const id = (suffix: string) => `${wordOf(name)}-${suffix}`;
  const connect = () => {
    const transport = open(server.url);
    return {
      tasks: createClient(TaskService, transport),
      admin: createClient(TaskAdminService, transport),
      batches: createClient(TaskBatchService, transport),
      workers: createClient(WorkerService, transport),
    };
  };

  test("metadata is shown, changed while the task waits, and kept by a replay; the signature stays", async () => {
    const { tasks, admin } = connect();
    const taskId = id("noted");
    const signature = { keyId: "k", algorithm: "ed25519", bytes: Uint8Array.of(1) };
    const asked = { id: taskId, name: "a", queue: taskId, metadata: { ticket: "A-1", team: "x" }, signature };
    await tasks.enqueueTask(asked);
    const { task } = await admin.updateTask({ taskId, metadata: { team: "", deploy: "42" } });
    expect(task).toMatchObject({ revision: 2n, signature: { keyId: "k" } });
    expect(task?.metadata).toEqual({ ticket: "A-1", deploy: "42" });
    expect((await tasks.enqueueTask(asked)).deduplicated).toBe(true);
    const listed = await tasks.listTasks({ queue: taskId });
    expect(listed.tasks[0]?.metadata, "none in the basic view").toEqual({});
    await admin.cancelTask({ taskId });
    const again = await admin.replayTask({ taskId });
    const { task: replay } = await tasks.getTask({ taskId: again.taskId });
    expect(replay?.metadata).toEqual({ ticket: "A-1", deploy: "42" });
  });

  test("metadata that is too much, together with what is there too, is refused", async () => {
    const { tasks, admin } = connect();
    const taskId = id("too-noted");
    const entries = (from: number, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${from + i}`, "x".repeat(250)]));
    await tasks.enqueueTask({ id: taskId, name: "a", queue: taskId, metadata: entries(0, 30) });
    for (const metadata of [
      entries(30, 3),
      { k30: "x".repeat(1000) },
      { Upper: "x" },
      { a: "x".repeat(1025) },
    ]) {
      const error = await failure(admin.updateTask({ taskId, metadata }));
      expect(error.code).toBe(Code.InvalidArgument);
      expect(error.message).toContain("metadata");
    }
    expect((await tasks.getTask({ taskId })).task?.revision).toBe(1n);
  });

  test("the record of an ended task is kept for as long as an operator says", async () => {
    const { tasks, admin } = connect();
    const taskId = id("kept");
    await tasks.enqueueTask({ id: taskId, name: "a", queue: taskId });
    const until = { case: "keepFor" as const, value: { seconds: 315_360_000n } };
    const live = await failure(admin.setRetention({ taskId, until }));
    expect(live.findDetails(ErrorInfoSchema)[0]?.reason).toBe("TASK_NOT_ENDED");
    await admin.cancelTask({ taskId });
    const { purgeTime } = await admin.setRetention({ taskId, until });
    expect((await tasks.getTask({ taskId })).task).toMatchObject({ purgeTime, revision: 2n });
    const past = { case: "purgeTime" as const, value: { seconds: 1n } };
    const now = BigInt(Math.floor(Date.now() / 1000));
    expect((await admin.setRetention({ taskId, until: past })).purgeTime?.seconds).toBeGreaterThan(
      now - 3600n,
    );
    const gone = await failure(admin.setRetention({ taskId: id("nobody"), until }));
    expect(gone.findDetails(ErrorInfoSchema)[0]?.reason).toBe("TASK_UNKNOWN");
  });

  test.each([
    ["until", undefined, Code.InvalidArgument],
    ["keep_for", { case: "keepFor" as const, value: { seconds: -1n } }, Code.InvalidArgument],
    ["keep_for", { case: "keepFor" as const, value: { seconds: 315_360_001n } }, Code.InvalidArgument],
    ["purge_time", { case: "purgeTime" as const, value: { seconds: 253_402_300_799n } }, Code.OutOfRange],
  ])("SetRetention names a wrong %s", async (field, until, code) => {
    const error = await failure(connect().admin.setRetention({ taskId: "a", ...(until && { until }) }));
    expect(error.code).toBe(code);
    expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations[0]?.field).toBe(field);
  });

  test("a waiting task is changed: start, priority, queue and arguments, all at once", async () => {
    const { tasks, admin, workers } = connect();
    const [taskId, queue] = [id("update"), id("update-to")];
    const signature = { keyId: "k", algorithm: "ed25519", bytes: Uint8Array.of(1) };
    const asked = { id: taskId, name: "a", queue: id("update"), args: json([1]), tags: ["kept"], signature };
    await tasks.enqueueTask(asked);
    const args = {
      data: { case: "value" as const, value: { kind: { case: "numberValue" as const, value: 2 } } },
    };
    const changes = { taskId, expectedRevision: 1n, priority: 9, queue, start: hour, args };
    const { task } = await admin.updateTask(changes);
    expect(task).toMatchObject({
      ...{ id: taskId, priority: 9, queue, state: TaskState.SCHEDULED, stateReason: TaskStateReason.DELAY },
      ...{ revision: 2n, tags: ["kept"], args: json(2) },
    });
    expect(task?.signature).toBeUndefined();
    expect((await admin.runTaskNow({ taskId })).task).toMatchObject({ state: TaskState.READY, revision: 3n });
    expect((await tasks.enqueueTask(asked)).deduplicated).toBe(true);
    const { grants } = await workers.leaseTasks({ queues: [queue] });
    expect(grants[0]?.task).toMatchObject({ args: json(2), tags: ["kept"] });
  });

  test("an update that names nothing, an old revision, a time too far ahead and a task that runs are refused", async () => {
    const { tasks, admin, workers } = connect();
    const [taskId, queue] = [id("refused"), id("refused")];
    await tasks.enqueueTask({ id: taskId, name: "a", queue });
    const refusals = [
      [{}, Code.InvalidArgument, "FIELD_INVALID"],
      [{ priority: 10 }, Code.InvalidArgument, "FIELD_INVALID"],
      [{ args: { data: { case: "json" as const, value: "{" } } }, Code.InvalidArgument, "FIELD_INVALID"],
      [
        { start: { case: "delay" as const, value: { seconds: 1_000_000_000n } } },
        Code.OutOfRange,
        "FIELD_OUT_OF_RANGE",
      ],
      [{ priority: 9, expectedRevision: 7n }, Code.Aborted, "REVISION_CONFLICT"],
    ] as const;
    for (const [change, code, reason] of refusals) {
      const error = await failure(admin.updateTask({ taskId, ...change }));
      expect([error.code, error.findDetails(ErrorInfoSchema)[0]?.reason]).toEqual([code, reason]);
    }
    await workers.leaseTasks({ queues: [queue] });
    const running = await failure(admin.moveTask({ taskId, queue: id("elsewhere") }));
    expect([running.code, running.findDetails(ErrorInfoSchema)[0]?.reason]).toEqual([
      ...[Code.FailedPrecondition, "TASK_NOT_WAITING"],
    ]);
    const deleting = await failure(admin.deleteTask({ taskId }));
    expect(deleting.findDetails(ErrorInfoSchema)[0]?.reason).toBe("TASK_RUNNING");
  });

  test("a task is moved, and deleted", async () => {
    const { tasks, admin } = connect();
    const taskId = id("move");
    await tasks.enqueueTask({ id: taskId, name: "a", queue: id("from") });
    expect((await admin.moveTask({ taskId, queue: id("to") })).task).toMatchObject({ queue: id("to") });
    expect(await admin.deleteTask({ taskId })).toMatchObject({ state: TaskState.CANCELLED });
    expect((await failure(tasks.getTask({ taskId }))).code).toBe(Code.NotFound);
    expect((await failure(admin.deleteTask({ taskId }))).code).toBe(Code.NotFound);
  });

  test("ids are revoked whether they have come or not, and the truth is told of each", async () => {
    const { tasks, admin, workers } = connect();
    const [running, waiting, ahead, queue] = ["running", "waiting", "ahead", "revoked"].map(id) as [
      ...[string, string, string, string],
    ];
    await tasks.enqueueTask({ id: running, name: "a", queue });
    await workers.leaseTasks({ queues: [queue] });
    await tasks.enqueueTask({ id: waiting, name: "a", queue, options: { start: hour } });
    const taskIds = [running, waiting, ahead];
    const asked = { taskIds, reason: "wrong order", requester: "ada" };
    expect((await admin.revokeTasks(asked)).tasks).toMatchObject([
      { taskId: running, outcome: CancelOutcome.REQUESTED, state: TaskState.LEASED },
      { taskId: waiting, outcome: CancelOutcome.CANCELLED, state: TaskState.CANCELLED },
      { taskId: ahead, outcome: CancelOutcome.REVOKED_AHEAD, state: TaskState.UNSPECIFIED },
    ]);
    expect(await tasks.enqueueTask({ id: ahead, name: "a", queue })).toMatchObject({ deduplicated: false });
    for (const taskId of [running, waiting, ahead])
      expect((await tasks.getTask({ taskId })).task?.cancel).toMatchObject({
        ...{ reason: "wrong order", requester: "ada" },
      });
    expect((await tasks.getTask({ taskId: ahead })).task?.state).toBe(TaskState.CANCELLED);
    for (const bad of [{ taskIds: [] }, { taskIds, ttl: {} }, { taskIds, ttl: { seconds: 31_536_001n } }])
      expect((await failure(admin.revokeTasks(bad))).code).toBe(Code.InvalidArgument);
  });

  test("by filter: counted first, done in bites with a page token, and each call answers its counts", async () => {
    const { tasks, batches } = connect();
    const queue = id("bites");
    const many = Array.from({ length: 5 }, () => ({ name: "a", queue, options: { start: hour } }));
    await tasks.enqueueTasks({ tasks: many });
    const filter = { queue };
    const counts = async (call: Promise<{ outcome?: object | undefined }>) => (await call).outcome;
    const all = { matchedCount: 5n, changedCount: 5n, skippedCount: 0n, nextPageToken: "" };
    expect(await counts(batches.runTasksNow({ batch: { filter, dryRun: true } }))).toMatchObject(all);
    const { outcome } = await batches.runTasksNow({ batch: { filter, limit: 2 } });
    expect(outcome).toMatchObject({ matchedCount: 2n, changedCount: 2n });
    const pageToken = outcome?.nextPageToken ?? "";
    expect(pageToken).not.toBe("");
    expect(await counts(batches.runTasksNow({ batch: { filter, pageToken } }))).toMatchObject({
      ...{ matchedCount: 3n, changedCount: 3n, nextPageToken: "" },
    });
    expect(await counts(batches.updateTasks({ batch: { filter }, priority: 1 }))).toMatchObject(all);
    expect(await counts(batches.updateTasks({ batch: { filter }, priority: 1 }))).toMatchObject({
      ...{ matchedCount: 5n, changedCount: 0n, skippedCount: 5n },
    });
    expect(await counts(batches.moveTasks({ batch: { filter }, queue: id("bites-to") }))).toMatchObject(all);
    const moved = { filter: { queue: id("bites-to") } };
    expect(await counts(batches.cancelTasks({ batch: moved, reason: "off" }))).toMatchObject(all);
    expect(await counts(batches.deleteTasks({ batch: moved }))).toMatchObject(all);
    expect((await tasks.listTasks(moved.filter)).tasks).toEqual([]);
  });

  test("a filter that names nothing, or a page token of another question, is refused", async () => {
    const { tasks, batches } = connect();
    const queue = id("question");
    await tasks.enqueueTasks({
      tasks: [
        { name: "a", queue },
        { name: "b", queue },
      ],
    });
    const { outcome } = await batches.deleteTasks({ batch: { filter: { queue }, limit: 1, dryRun: true } });
    const pageToken = outcome?.nextPageToken ?? "";
    const refused = [
      batches.deleteTasks({ batch: { filter: {} } }),
      batches.deleteTasks({ batch: {} }),
      batches.deleteTasks({}),
      batches.deleteTasks({ batch: { filter: { queue }, pageToken } }),
      batches.cancelTasks({ batch: { filter: { queue }, dryRun: true, pageToken } }),
      batches.updateTasks({ batch: { filter: { queue } } }),
    ];
    for (const call of refused) expect((await failure(call)).code).toBe(Code.InvalidArgument);
  });
});
