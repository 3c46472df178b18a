import { createClient } from "@connectrpc/connect";
import { LimitService } from "@stem/proto/stem/v1/limit_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { wireTransports, wordOf } from "../support/wire-transports.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

describe.each(wireTransports)("over %s", (name, open) => {
  const own = (suffix: string) => `${wordOf(name)}.${suffix}`;
  const connect = () => {
    const transport = open(server.url);
    return {
      limits: createClient(LimitService, transport),
      tasks: createClient(TaskService, transport),
      workers: createClient(WorkerService, transport),
    };
  };

  test("a limit is put, obeyed, read with what it does now, and taken away", async () => {
    const { limits, tasks, workers } = connect();
    const [queue, key] = [own("queue"), own("key")];
    const subject = { subject: { case: "key" as const, value: key } };
    const period = { seconds: 60n };
    const put = await limits.putLimit({ limit: { subject, concurrency: 1, rate: { count: 600, period } } });
    expect(put.limit).toMatchObject({ concurrency: 1, rate: { count: 600, period, burst: 1 } });
    await tasks.enqueueTasks({
      tasks: ["a", "b"].map((id) => ({ id: own(id), name: "a", queue, options: { limitKey: key } })),
    });
    expect((await workers.leaseTasks({ queues: [queue], maxTasks: 10 })).grants).toHaveLength(1);
    expect((await limits.getLimit({ subject })).use).toMatchObject({ leased: 1n, waiting: 1n });
    const { task } = await tasks.getTask({ taskId: own("b") });
    expect(task?.gate?.gate).toEqual({ case: "limitKey", value: key });
    expect(task?.options?.limitKey).toBe(key);
    await limits.deleteLimit({ subject });
    expect((await workers.leaseTasks({ queues: [queue], maxTasks: 10 })).grants).toHaveLength(1);
  });

  test("weights are put and listed, tasks say their keys, and a caller with labels gets what requires them", async () => {
    const { limits, tasks, workers } = connect();
    const queue = own("fair");
    for (const key of ["b", "a", "c"]) await limits.putWeight({ queue, weight: { key, weight: 2 } });
    const first = await limits.listWeights({ queue, pageSize: 2 });
    const rest = await limits.listWeights({ queue, pageSize: 2, pageToken: first.nextPageToken });
    expect([...first.weights, ...rest.weights].map(({ key, weight }) => [key, weight])).toEqual([
      ["a", 2],
      ["b", 2],
      ["c", 2],
    ]);
    await tasks.enqueueTasks({
      tasks: [
        { id: own("x1"), name: "a", queue, options: { fairnessKey: "x", orderingKey: "o" } },
        { id: own("x2"), name: "a", queue, options: { fairnessKey: "x", orderingKey: "o" } },
        { id: own("y1"), name: "a", queue, options: { fairnessKey: "y", requiredLabels: { gpu: "yes" } } },
      ],
    });
    const lease = async (labels: Record<string, string>) =>
      (await workers.leaseTasks({ queues: [queue], maxTasks: 10, labels })).grants.map(
        ({ taskId }) => taskId,
      );
    expect(await lease({ gpu: "no" })).toEqual([own("x1")]);
    expect(await lease({ gpu: "yes", region: "eu" })).toEqual([own("y1")]);
    const { task } = await tasks.getTask({ taskId: own("x2") });
    expect(task?.gate?.gate).toEqual({ case: "orderingKey", value: "o" });
    expect(task?.options).toMatchObject({ fairnessKey: "x", orderingKey: "o" });
  });

  test("limits are listed page by page, and put again they are still one", async () => {
    const { limits } = connect();
    const namespace = "default";
    const names = ["a", "b", "c"].map(own);
    for (const value of [...names, ...names])
      await limits.putLimit({
        namespace,
        limit: { subject: { subject: { case: "taskName", value } }, concurrency: 0 },
      });
    const seen: (string | undefined)[] = [];
    let pageToken = "";
    do {
      const page = await limits.listLimits({ namespace, pageSize: 2, pageToken });
      seen.push(...page.limits.map(({ subject }) => subject?.subject.value));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(seen.filter((value) => value?.startsWith(own("")))).toEqual(names);
  });
});
