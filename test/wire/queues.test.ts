import { Code, createClient } from "@connectrpc/connect";
import { ErrorInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { QueueService } from "@stem/proto/stem/v1/queue_service_pb";
import { Durability, ServerService } from "@stem/proto/stem/v1/server_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaults } from "../../server/src/model/limits.ts";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { failure, wireTransports, wordOf } from "../support/wire-transports.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

describe.each(wireTransports)("over %s", (name, open) => {
  const queueOf = (suffix: string) => `${wordOf(name)}.${suffix}`;
  const connect = () => {
    const transport = open(server.url);
    return {
      tasks: createClient(TaskService, transport),
      queues: createClient(QueueService, transport),
      workers: createClient(WorkerService, transport),
      server: createClient(ServerService, transport),
    };
  };

  test("a queue tells how much is in it, by state, and how long the oldest has waited", async () => {
    const { tasks, queues } = connect();
    const queue = queueOf("depth");
    const later = { start: { case: "delay" as const, value: { seconds: 60n } } };
    await tasks.enqueueTasks({
      tasks: [
        { name: "a", queue },
        { name: "b", queue },
        { name: "c", queue, options: later },
      ],
    });
    const found = (await queues.getQueue({ queue })).queue;
    expect(found).toMatchObject({ name: queue, namespace: "default" });
    expect(found?.depth).toMatchObject({ ready: 2n, scheduled: 1n, leased: 0n, succeeded: 0n });
    expect(Number(found?.oldestReadyAge?.seconds)).toBeLessThan(60);
    expect(found?.pause).toBeUndefined();
    expect(found?.createTime?.seconds).toBeGreaterThan(1_700_000_000n);
  });

  test("a queue tells how much is ready of each priority, highest first, what waits for a limit included", async () => {
    const { tasks, queues } = connect();
    const queue = queueOf("priorities");
    const options = (priority: number, limitKey = "") => ({ priority, ...(limitKey && { limitKey }) });
    await tasks.enqueueTasks({
      tasks: [0, 9, 5, 9].map((priority) => ({ name: "a", queue, options: options(priority, "k") })),
    });
    await tasks.enqueueTask({ name: "a", queue, options: options(0) });
    expect((await queues.getQueue({ queue })).readyByPriority).toMatchObject([
      { priority: 9, ready: 2n, more: false },
      { priority: 5, ready: 1n, more: false },
      { priority: 0, ready: 2n, more: false },
    ]);
    await queues.purgeQueue({ queue, confirmation: { case: "anyCount", value: true } });
    expect((await queues.getQueue({ queue })).readyByPriority).toEqual([]);
  });

  test("queues are listed by name, page by page", async () => {
    const { tasks, queues } = connect();
    const wanted = ["p1", "p2", "p3"].map(queueOf);
    await tasks.enqueueTasks({ tasks: wanted.map((queue) => ({ name: "a", queue })) });
    const seen: string[] = [];
    let pageToken = "";
    do {
      const page = await queues.listQueues({ pageSize: 2, pageToken });
      expect(page.queues.length).toBeLessThanOrEqual(2);
      seen.push(...page.queues.map((queue) => queue.name));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(seen.filter((queue) => wanted.includes(queue))).toEqual(wanted);
    expect(seen).toEqual([...seen].sort());
  });

  test("a paused queue hands out nothing until it is resumed", async () => {
    const { tasks, queues, workers } = connect();
    const queue = queueOf("pause");
    await tasks.enqueueTask({ name: "a", queue });
    const paused = await queues.pauseQueue({ queue, reason: "deploy" });
    expect(paused.queue?.pause?.reason).toBe("deploy");
    expect((await workers.leaseTasks({ queues: [queue] })).grants).toHaveLength(0);
    expect((await queues.resumeQueue({ queue })).queue?.pause).toBeUndefined();
    expect((await workers.leaseTasks({ queues: [queue] })).grants).toHaveLength(1);
  });

  test("a pause says who and until when; an end that is none is refused", async () => {
    const { queues } = connect();
    const queue = queueOf("until");
    const hour = { case: "resumeAfter" as const, value: { seconds: 3600n } };
    const { queue: paused } = await queues.pauseQueue({ queue, requester: "ada", resume: hour });
    expect(paused?.pause).toMatchObject({ pausedBy: "ada" });
    const { pauseTime, resumeTime } = paused?.pause ?? {};
    expect(Number(resumeTime?.seconds) - Number(pauseTime?.seconds)).toBe(3600);
    const past = { case: "resumeTime" as const, value: { seconds: 1n } };
    expect((await failure(queues.pauseQueue({ queue, resume: past }))).code).toBe(Code.OutOfRange);
    const nothing = { case: "resumeAfter" as const, value: {} };
    expect((await failure(queues.pauseQueue({ queue, resume: nothing }))).code).toBe(Code.InvalidArgument);
    const ages = { case: "resumeAfter" as const, value: { seconds: 1_000_000_000n } };
    expect((await failure(queues.pauseQueue({ queue, resume: ages }))).code).toBe(Code.OutOfRange);
  });

  test("a queue that is not there is not found", async () => {
    const { queues } = connect();
    const error = await failure(queues.getQueue({ queue: queueOf("nowhere") }));
    expect(error.code).toBe(Code.NotFound);
    expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("QUEUE_UNKNOWN");
  });

  test("the server tells its limits and defaults", async () => {
    const info = await connect().server.getServerInfo({});
    expect(info).toMatchObject({ store: "memory", durability: Durability.NONE, namespaces: ["default"] });
    expect(info.limits["batchTasksMax"]).toBe(1000n);
    expect(Object.keys(info.limits)).toEqual(expect.arrayContaining(Object.keys(server.limits)));
    // One for each default of the table, whatever it is called here.
    expect(Object.entries(info.defaults ?? {}).filter(([name]) => name !== "$typeName")).toHaveLength(
      Object.keys(defaults).length,
    );
    expect(info.defaults).toMatchObject({
      ...{ queue: "default", priority: 5, maxAttempts: 4, maxDeliveries: 20, retryFactor: 2 },
      ...{ leaseDuration: { seconds: 20n }, heartbeatInterval: { seconds: 5n }, leaseGrace: { seconds: 2n } },
      ...{ reapInterval: { seconds: 1n }, retryBaseDelay: { seconds: 2n }, retryMaxDelay: { seconds: 300n } },
      ...{ resultRetention: { seconds: 86_400n }, unknownNameDelay: { seconds: 5n } },
      deadLetterRetention: { seconds: 604_800n },
    });
    expect([info.protocolMin, info.protocolMax]).toEqual([1, 1]);
    expect(info.clock).toMatchObject({ jumps: 2n, lastJumpTime: { seconds: 1_800_000_000n } });
    expect(info.clock).toMatchObject({
      lastJump: { seconds: -3n, nanos: -500_000_000 },
      ahead: { seconds: 7n },
    });
  });
});
