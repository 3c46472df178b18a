import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ErrorInfoSchema, RetryInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { Health, HealthCheckResponse_ServingStatus as Status } from "@stem/proto/grpc/health/v1/health_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { afterEach, expect, test } from "vitest";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { failure, wireTransports } from "../support/wire-transports.ts";

const servers: WireServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function started(): Promise<WireServer> {
  const server = await startWireServer();
  servers.push(server);
  return server;
}

test.each(wireTransports)(
  "over %s: a draining server takes no task and still settles",
  async (_name, open) => {
    const server = await started();
    const transport = open(server.url);
    const tasks = createClient(TaskService, transport);
    const workers = createClient(WorkerService, transport);
    await tasks.enqueueTask({ id: "held", name: "a" });
    const { grants } = await workers.leaseTasks({ queues: ["default"] });
    server.api.drain();
    const refused = await failure(tasks.enqueueTask({ name: "b" }));
    expect(refused.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "DRAINING" }]);
    expect(refused.findDetails(RetryInfoSchema)).toHaveLength(1);
    const leaseToken = grants[0]?.leaseToken ?? new Uint8Array();
    const settled = await workers.settleTasks({
      settlements: [{ leaseToken, outcome: { case: "succeeded", value: {} } }],
    });
    expect(settled.results).toMatchObject([{ verdict: { outcome: 1 } }]);
  },
);

test.each(wireTransports)(
  "over %s: health says so, to those who ask and to those who watch",
  async (_name, open) => {
    const server = await started();
    const health = createClient(Health, open(server.url));
    expect((await health.check({})).status).toBe(Status.SERVING);
    expect((await health.check({ service: "stem.v1.TaskService" })).status).toBe(Status.SERVING);
    expect((await failure(health.check({ service: "no.Service" }))).code).toBe(5);
    const leaving = new AbortController();
    const seen: Status[] = [];
    const watching = (async () => {
      for await (const { status } of health.watch({}, { signal: leaving.signal })) {
        seen.push(status);
        if (status === Status.SERVING) server.api.drain();
        else leaving.abort();
      }
    })();
    await failure(watching);
    expect(seen).toEqual([Status.SERVING, Status.NOT_SERVING]);
    expect((await health.check({})).status).toBe(Status.NOT_SERVING);
    const { statuses } = await health.list({});
    expect(Object.keys(statuses)).toEqual(
      expect.arrayContaining(["", "stem.v1.TaskService", "stem.v1.WorkerService", "stem.v1.QueueService"]),
    );
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
  },
);

test.each(wireTransports)(
  "over %s: closing ends streams with DRAINING, and then the port is free",
  async (_name, open) => {
    const server = await started();
    const tasks = createClient(TaskService, open(server.url));
    await tasks.enqueueTask({ id: "awaited", name: "a" });
    const waiting = (async () => {
      for await (const _news of tasks.awaitTasks({ tasks: [{ taskId: "awaited" }] }))
        void server.api.close({ graceMs: 5000 });
    })();
    const error = await failure(waiting);
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "DRAINING" }]);
    const before = performance.now();
    await server.api.close();
    expect(performance.now() - before).toBeLessThan(4000);
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
  },
);

test("a call that waits when the server closes gets an answer, not a cut connection", async () => {
  const server = await started();
  const workers = createClient(WorkerService, createGrpcTransport({ baseUrl: server.url }));
  const waiting = workers.leaseTasks({ queues: ["default"], wait: { seconds: 30n } });
  // The wait has begun when a call sent after it was answered.
  await workers.leaseTasks({ queues: ["default"] });
  await server.api.close({ graceMs: 5000 });
  expect((await waiting).grants).toEqual([]);
});
