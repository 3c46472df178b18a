import { Code, createClient } from "@connectrpc/connect";
import { ErrorInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { LimitService } from "@stem/proto/stem/v1/limit_service_pb";
import { QueueService } from "@stem/proto/stem/v1/queue_service_pb";
import { TaskAdminService } from "@stem/proto/stem/v1/task_admin_service_pb";
import { TaskCauseKind } from "@stem/proto/stem/v1/task_explanation_pb";
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

const hour = { case: "delay" as const, value: { seconds: 3600n } };

describe.each(wireTransports)("over %s", (name, open) => {
  const own = (suffix: string) => `${wordOf(name)}.${suffix}`;
  const connect = () => {
    const transport = open(server.url);
    return {
      limits: createClient(LimitService, transport),
      queues: createClient(QueueService, transport),
      tasks: createClient(TaskService, transport),
      admin: createClient(TaskAdminService, transport),
      workers: createClient(WorkerService, transport),
    };
  };

  test("a task says all that keeps it, with the facts and in words", async () => {
    const { limits, queues, tasks, admin } = connect();
    const [queue, key, taskId] = [own("queue"), own("key"), own("waiting")];
    const subject = { subject: { case: "key" as const, value: key } };
    await limits.putLimit({ limit: { subject, rate: { count: 0, period: { seconds: 1n } } } });
    const resume = { case: "resumeAfter" as const, value: { seconds: 60n } };
    await queues.pauseQueue({ queue, reason: "deploy", requester: "ada", resume });
    await tasks.enqueueTasks({
      tasks: [
        { id: own("first"), name: "a", queue, options: { orderingKey: "o" } },
        { id: taskId, name: "a", queue, options: { limitKey: key, orderingKey: "o", start: hour } },
      ],
    });
    const { causes, ...answer } = await admin.explainTask({ taskId });
    expect(answer).toMatchObject({
      ...{ taskId, queue, state: TaskState.SCHEDULED, stateReason: TaskStateReason.DELAY },
      ...{ revision: 1n, startable: false },
    });
    expect(causes).toMatchObject([
      { kind: TaskCauseKind.SCHEDULED, text: expect.stringMatching(/^It waits until .*delay/) },
      {
        kind: TaskCauseKind.QUEUE_PAUSED,
        facts: { case: "pause", value: { reason: "deploy", pausedBy: "ada" } },
      },
      {
        kind: TaskCauseKind.ORDER,
        facts: {
          ...{ case: "order" },
          value: { orderingKey: "o", firstTaskId: own("first"), firstState: TaskState.READY },
        },
      },
      {
        kind: TaskCauseKind.LIMIT_STOPPED,
        facts: { case: "limit", value: { limit: { subject, rate: { count: 0 } }, leased: 0n, room: 0n } },
      },
      { kind: TaskCauseKind.NO_WORKER, text: "No worker takes tasks of its queue here." },
    ]);
    const { task } = await tasks.getTask({ taskId });
    expect(causes[0]?.untilTime).toEqual(task?.notBeforeTime);
    const paused = await queues.getQueue({ queue });
    expect(causes[1]?.untilTime).toEqual(paused.queue?.pause?.resumeTime);
  });

  test("a ready task says its place in line, and a running one its worker and lease", async () => {
    const { tasks, admin, workers } = connect();
    const queue = own("line");
    await tasks.enqueueTasks({
      tasks: ["a", "b", "c"].map((id) => ({ id: own(id), name: "a", queue, options: { fairnessKey: id } })),
    });
    const ready = await admin.explainTask({ taskId: own("c") });
    expect(ready.startable).toBe(true);
    expect(ready.causes.at(-1)).toMatchObject({
      kind: TaskCauseKind.IN_LINE,
      facts: { case: "line", value: { ahead: 2n, more: false, fairnessKey: "c" } },
    });
    await workers.leaseTasks({ queues: [queue], worker: "w7" });
    const { causes, startable } = await admin.explainTask({ taskId: own("a") });
    expect(startable).toBe(false);
    expect(causes).toMatchObject([
      { kind: TaskCauseKind.RUNNING, facts: { case: "lease", value: { worker: "w7", attempt: 1 } } },
    ]);
    expect(causes[0]?.untilTime?.seconds).toBeGreaterThan(1_000_000_000n);
  });

  test("an unknown task, an id that is none, and a namespace that is not there are refused", async () => {
    const { admin } = connect();
    const refusals = [
      [{ taskId: own("nobody") }, Code.NotFound, "TASK_UNKNOWN"],
      [{ taskId: "" }, Code.InvalidArgument, "FIELD_INVALID"],
      [{ taskId: "a b" }, Code.InvalidArgument, "FIELD_INVALID"],
      [{ taskId: "x".repeat(129) }, Code.InvalidArgument, "FIELD_INVALID"],
      [{ taskId: own("a"), namespace: "Not One" }, Code.InvalidArgument, "FIELD_INVALID"],
      [{ taskId: own("a"), namespace: "nowhere" }, Code.NotFound, "NAMESPACE_UNKNOWN"],
    ] as const;
    for (const [request, code, reason] of refusals) {
      const error = await failure(admin.explainTask(request));
      expect([error.code, error.findDetails(ErrorInfoSchema)[0]?.reason]).toEqual([code, reason]);
    }
  });
});
