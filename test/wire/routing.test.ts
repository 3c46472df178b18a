import { Code, createClient } from "@connectrpc/connect";
import { ErrorInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { RoutingService, RoutingSource } from "@stem/proto/stem/v1/routing_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { failure, wireTransports, wordOf } from "../support/wire-transports.ts";

const names = wireTransports.map(([name]) => wordOf(name));

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer({ namespaces: ["default", ...names] });
});
afterAll(() => server.close());

const config = `
default_queue: usual
undeclared_queues: refuse
aliases: { post: mail }
queues:
  usual:
  mail: { priority_range: [0, 4], options: { max_attempts: 2 } }
  eu: { bindings: [{ routing_key: "eu.*" }] }
routes:
  - { match: { task: "mail.*", headers: { tenant: a } }, target: mail, priority_override: 9 }
`;

describe.each(wireTransports)("over %s", (name, open) => {
  const namespace = wordOf(name);
  const connect = () => {
    const transport = open(server.url);
    return {
      tasks: createClient(TaskService, transport),
      routing: createClient(RoutingService, transport),
      workers: createClient(WorkerService, transport),
    };
  };

  test("routing is read, tried, replaced and in force at once", async () => {
    const { tasks, routing, workers } = connect();
    expect((await routing.getRouting({ namespace })).routing).toMatchObject({
      namespace,
      config: "",
      revision: 0n,
      source: RoutingSource.NONE,
    });
    expect((await routing.validateRouting({ config })).mistakes).toEqual([]);
    const task = { name: "mail.send", headers: { tenant: "a" } };
    expect(await routing.testRoute({ namespace, ...task, config })).toMatchObject({
      queue: "mail",
      priority: 4,
      steps: [
        "it names no queue: the default queue is usual",
        "routes[0] (line 10) fits: queue mail",
        "priority 9 becomes 4, which the queue allows",
      ],
    });
    expect(await routing.testRoute({ namespace, ...task }), "nothing was changed").toMatchObject({
      queue: "default",
    });

    const replaced = await routing.replaceRouting({ namespace, config, expectedRevision: 0n });
    expect(replaced.routing).toMatchObject({ config, revision: 1n, source: RoutingSource.STORE });
    const { verdicts } = await tasks.enqueueTasks({
      namespace,
      tasks: [
        { id: "routed", ...task },
        { id: "usual", name: "other" },
        { id: "alias", name: "other", queue: "post", options: { priority: 2 } },
        { id: "key", name: "other", routingKey: "eu.mail" },
        { id: "undeclared", name: "other", queue: "nowhere" },
      ],
    });
    expect(verdicts.map(({ error }) => error?.message)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      "there is no queue nowhere",
    ]);
    const read = async (taskId: string) => {
      const { task: found } = await tasks.getTask({ namespace, taskId });
      return found?.queue;
    };
    expect(await Promise.all(["routed", "usual", "alias", "key"].map(read))).toEqual([
      "mail",
      "usual",
      "mail",
      "eu",
    ]);
    const { grants } = await workers.leaseTasks({ namespace, queues: ["default", "post"], maxTasks: 10 });
    expect(grants.map(({ taskId, queue }) => [taskId, queue])).toEqual([
      ["usual", "usual"],
      ["routed", "mail"],
      ["alias", "mail"],
    ]);
  });

  test("a dry run tells the channel that a route leads to", async () => {
    const { routing } = connect();
    const toChannel = `
broadcasts: { news: }
routes: [{ match: { task: "news.*" }, target: { type: broadcast, name: news }, options: { priority: 8 } }]
`;
    expect(await routing.testRoute({ namespace, name: "news.flash", config: toChannel })).toMatchObject({
      ...{ queue: "", broadcastChannel: "news", priority: 8 },
      steps: [
        "it names no queue: the default queue is default",
        "routes[0] (line 3) fits: broadcast channel news",
      ],
    });
  });

  test("the same task again is the same, wherever routes lead it by now", async () => {
    const { tasks, routing } = connect();
    const { revision = 0n } = (await routing.getRouting({ namespace })).routing ?? {};
    const task = { namespace, id: "again", name: "moved", headers: { h: "1" } };
    expect(await tasks.enqueueTask(task)).toMatchObject({ deduplicated: false });
    const moved = `${config}  - { match: { task: moved }, target: eu }\n`;
    await routing.replaceRouting({ namespace, config: moved, expectedRevision: revision });
    expect(await tasks.enqueueTask(task)).toMatchObject({ deduplicated: true });
  });

  test("an atomic batch with a task that no queue takes is refused whole", async () => {
    const { tasks } = connect();
    const batch = {
      namespace,
      atomic: true,
      tasks: [
        { id: "good", name: "a" },
        { id: "bad", name: "a", queue: "nowhere" },
      ],
    };
    const error = await failure(tasks.enqueueTasks(batch));
    expect(error.code).toBe(Code.NotFound);
    await expect(tasks.getTask({ namespace, taskId: "good" })).rejects.toMatchObject({ code: Code.NotFound });
  });

  test("whoever replaces what somebody else replaced meanwhile is told the revision in force", async () => {
    const { routing } = connect();
    const { revision = 0n } = (await routing.getRouting({ namespace })).routing ?? {};
    const error = await failure(
      routing.replaceRouting({ namespace, config, expectedRevision: revision + 1n }),
    );
    expect(error.code).toBe(Code.Aborted);
    expect(error.findDetails(ErrorInfoSchema)[0]).toMatchObject({
      reason: "REVISION_CONFLICT",
      metadata: { namespace, revision: String(revision) },
    });
  });

  test("a worker that wants a queue which is not declared is told so", async () => {
    const { workers } = connect();
    const error = await failure(workers.leaseTasks({ namespace, queues: ["mail", "nowhere"] }));
    expect(error.code).toBe(Code.NotFound);
    expect(error.rawMessage).toBe("there is no queue nowhere");
  });
});
