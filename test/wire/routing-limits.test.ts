import { Code, createClient } from "@connectrpc/connect";
import { ErrorInfoSchema, PreconditionFailureSchema } from "@stem/proto/google/rpc/error_details_pb";
import { LimitService } from "@stem/proto/stem/v1/limit_service_pb";
import { RoutingService } from "@stem/proto/stem/v1/routing_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { failure, wireTransports, wordOf } from "../support/wire-transports.ts";

const names = wireTransports.map(([name]) => wordOf(name));
const limitsMax = 4;

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer({ namespaces: names, limits: { gateLimitsPerNamespaceMax: limitsMax } });
});
afterAll(() => server.close());

const queue = (value: string) => ({ subject: { case: "queue" as const, value } });

describe.each(wireTransports)("over %s", (name, open) => {
  const namespace = wordOf(name);
  const connect = () => {
    const transport = open(server.url);
    return {
      tasks: createClient(TaskService, transport),
      limits: createClient(LimitService, transport),
      routing: createClient(RoutingService, transport),
      workers: createClient(WorkerService, transport),
    };
  };

  test("limits that the routing says hold at its answer, are its alone to change, and go with it", async () => {
    const { tasks, limits, routing, workers } = connect();
    const replace = async (config: string) => {
      const { revision = 0n } = (await routing.getRouting({ namespace })).routing ?? {};
      await routing.replaceRouting({ namespace, config, expectedRevision: revision });
    };
    const lease = async () =>
      (await workers.leaseTasks({ namespace, queues: ["mail"], maxTasks: 10 })).grants.length;
    const seen = async () =>
      (await limits.listLimits({ namespace })).limits.map(({ subject, concurrency }) => [
        subject?.subject.value,
        concurrency,
      ]);
    const put = (value: string) =>
      limits.putLimit({ namespace, limit: { subject: queue(value), concurrency: 9 } });
    for (const value of ["mail", "own"]) await put(value);
    await tasks.enqueueTasks({
      namespace,
      tasks: ["a", "b", "c", "d"].map((id) => ({ id, name: "send", queue: "mail" })),
    });

    const config =
      "queues: { mail: { limits: { concurrency: 1, rate: { count: 6000, period_ms: 60000, burst: 20 } } } }";
    expect((await routing.validateRouting({ config })).mistakes).toEqual([]);
    await routing.testRoute({ namespace, name: "send", config });
    expect(await seen(), "a look at a text puts nothing").toEqual([
      ["mail", 9],
      ["own", 9],
    ]);
    await replace(config);
    expect((await limits.getLimit({ namespace, subject: queue("mail") })).limit).toMatchObject({
      subject: queue("mail"),
      concurrency: 1,
      rate: { count: 6000, period: { seconds: 60n }, burst: 20 },
    });
    expect(await lease()).toBe(1);
    expect(await lease()).toBe(0);

    for (const change of [
      () => put("mail"),
      () => limits.deleteLimit({ namespace, subject: queue("mail") }),
    ]) {
      const error = await failure(change());
      expect(error.code).toBe(Code.FailedPrecondition);
      expect(error.rawMessage).toBe(
        `the routing of namespace ${namespace} says the limits of queue mail (queues.mail.limits): replace that instead`,
      );
      expect(error.findDetails(ErrorInfoSchema)[0]).toMatchObject({
        reason: "LIMIT_FIXED",
        metadata: { namespace, queue: "mail" },
      });
      expect(error.findDetails(PreconditionFailureSchema)).toHaveLength(1);
    }
    await limits.putLimit({ namespace, limit: { subject: queue("own"), concurrency: 8 } });

    await replace("queues: { mail: { limits: { concurrency: 3 } }, other: { limits: { concurrency: 0 } } }");
    expect(await lease()).toBe(2);
    expect(await seen()).toEqual([
      ["mail", 3],
      ["other", 0],
      ["own", 8],
    ]);
    await replace("queues: { mail: }");
    expect(await seen(), "what was put by hand before does not come back").toEqual([["own", 8]]);
    expect(await lease()).toBe(1);
    await put("mail");
    await limits.deleteLimit({ namespace, subject: queue("mail") });
  });

  test("a text with limits for which there is no room is refused, and nothing of it is in force", async () => {
    const { limits, routing } = connect();
    const before = (await routing.getRouting({ namespace })).routing;
    const put = (value: string) =>
      limits.putLimit({ namespace, limit: { subject: queue(value), concurrency: 1 } });
    for (const value of ["own", "own-2", "own-3"]) await put(value);
    const config = "queues: { a: { limits: { concurrency: 1 } }, b: { limits: { concurrency: 1 } } }";
    const error = await failure(
      routing.replaceRouting({ namespace, config, expectedRevision: before?.revision ?? 0n }),
    );
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.findDetails(ErrorInfoSchema)[0]).toMatchObject({
      reason: "LIMIT_COUNT_REACHED",
      metadata: { limitsMax: String(limitsMax) },
    });
    expect((await routing.getRouting({ namespace })).routing).toEqual(before);
    await expect(limits.getLimit({ namespace, subject: queue("a") })).rejects.toMatchObject({
      code: Code.NotFound,
    });
  });
});
