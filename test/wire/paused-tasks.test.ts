import { Code, createClient } from "@connectrpc/connect";
import { ErrorInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { LimitService } from "@stem/proto/stem/v1/limit_service_pb";
import { TaskAdminService } from "@stem/proto/stem/v1/task_admin_service_pb";
import { TaskCauseKind } from "@stem/proto/stem/v1/task_explanation_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { failure, wireTransports, wordOf } from "../support/wire-transports.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

const inAMinute = { case: "resumeAfter" as const, value: { seconds: 60n } };

describe.each(wireTransports)("over %s", (name, open) => {
  const own = (suffix: string) => `${wordOf(name)}.${suffix}`;
  const connect = () => {
    const transport = open(server.url);
    return {
      limits: createClient(LimitService, transport),
      tasks: createClient(TaskService, transport),
      admin: createClient(TaskAdminService, transport),
      workers: createClient(WorkerService, transport),
    };
  };

  test.each(["taskName", "key"] as const)(
    "a %s is paused with who, why and until when, explained, and resumed",
    async (kind) => {
      const { limits, tasks, admin, workers } = connect();
      const [queue, value, taskId] = [own(`queue-${kind}`), own(`subject-${kind}`), own(`task-${kind}`)];
      const subject = { subject: { case: kind, value } };
      await limits.putLimit({ limit: { subject, concurrency: 3 } });
      await tasks.enqueueTask({
        id: taskId,
        name: kind === "key" ? "a" : value,
        queue,
        options: { limitKey: value },
      });
      const said = { reason: "deploy", requester: "ada", resume: inAMinute };
      const { limit, use } = await limits.pauseTasks({ subject, ...said });
      expect(limit).toMatchObject({ subject, concurrency: 3, pause: { reason: "deploy", pausedBy: "ada" } });
      expect(use).toMatchObject({ leased: 0n, waiting: 1n });
      expect((await workers.leaseTasks({ queues: [queue] })).grants).toEqual([]);
      const { causes, startable } = await admin.explainTask({ taskId });
      expect(startable).toBe(false);
      expect(causes[0]).toMatchObject({
        kind: TaskCauseKind.LIMIT_PAUSED,
        text: expect.stringMatching(/is paused by ada \(deploy\), until 2/),
        untilTime: limit?.pause?.resumeTime,
        facts: { case: "limit", value: { limit: { pause: { reason: "deploy" } }, room: 0n } },
      });
      await limits.resumeTasks({ subject });
      await limits.resumeTasks({ subject });
      expect((await limits.getLimit({ subject })).limit?.pause).toBeUndefined();
      expect((await workers.leaseTasks({ queues: [queue] })).grants).toHaveLength(1);
    },
  );

  test("a pause replaces the one before, and is listed as long as it holds", async () => {
    const { limits } = connect();
    const subject = { subject: { case: "taskName" as const, value: own("again") } };
    await limits.pauseTasks({ subject, reason: "first", requester: "ada", resume: inAMinute });
    await limits.pauseTasks({ subject, reason: "second" });
    const listed = async () => (await limits.listLimits({ pageSize: 1000 })).limits;
    const mine = (await listed()).find((each) => each.subject?.subject.value === own("again"));
    expect(mine?.concurrency).toBeUndefined();
    expect(mine?.pause).toMatchObject({ reason: "second", pausedBy: "" });
    expect(mine?.pause?.resumeTime).toBeUndefined();
    await limits.resumeTasks({ subject });
    expect((await listed()).some((each) => each.subject?.subject.value === own("again"))).toBe(false);
  });

  test("a pause of a queue, one without a subject, and one whose end is none are refused", async () => {
    const { limits } = connect();
    const subject = { subject: { case: "taskName" as const, value: own("refused") } };
    const tenYears = 3650n * 86_400n;
    const refusals = [
      [limits.pauseTasks({}), "FIELD_INVALID"],
      [limits.pauseTasks({ subject: { subject: { case: "queue", value: "mail" } } }), "FIELD_INVALID"],
      [limits.resumeTasks({ subject: { subject: { case: "queue", value: "mail" } } }), "FIELD_INVALID"],
      [limits.pauseTasks({ subject: { subject: { case: "key", value: "a b" } } }), "FIELD_INVALID"],
      [limits.pauseTasks({ subject, reason: "r".repeat(1025) }), "FIELD_INVALID"],
      [limits.pauseTasks({ subject, requester: "r".repeat(256) }), "FIELD_INVALID"],
      [limits.pauseTasks({ subject, resume: { case: "resumeAfter", value: {} } }), "FIELD_INVALID"],
      [
        limits.pauseTasks({ subject, resume: { case: "resumeTime", value: { seconds: 1n } } }),
        "FIELD_OUT_OF_RANGE",
      ],
      [
        limits.pauseTasks({
          subject,
          resume: { case: "resumeAfter", value: { seconds: tenYears + 86_400n * 10n } },
        }),
        "FIELD_OUT_OF_RANGE",
      ],
    ] as const;
    for (const [call, reason] of refusals) {
      const error = await failure(call);
      expect([error.code, error.findDetails(ErrorInfoSchema)[0]?.reason]).toEqual([
        reason === "FIELD_INVALID" ? Code.InvalidArgument : error.code,
        reason,
      ]);
    }
    expect((await failure(limits.getLimit({ subject }))).code).toBe(Code.NotFound);
  });
});
