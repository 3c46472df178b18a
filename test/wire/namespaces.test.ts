import { Code, createClient } from "@connectrpc/connect";
import { NamespaceState, QueueCreation } from "@stem/proto/stem/v1/namespace_pb";
import { NamespaceService } from "@stem/proto/stem/v1/namespace_service_pb";
import { QueueService } from "@stem/proto/stem/v1/queue_service_pb";
import { ServerService } from "@stem/proto/stem/v1/server_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { until } from "../support/until.ts";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { failure, wireTransports, wordOf } from "../support/wire-transports.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer({ namespaces: ["default", "listed"] });
});
afterAll(() => server.close());

const connectTo = (open: (url: string) => Parameters<typeof createClient>[1], url: string) => {
  const transport = open(url);
  return {
    namespaces: createClient(NamespaceService, transport),
    queues: createClient(QueueService, transport),
    tasks: createClient(TaskService, transport),
    workers: createClient(WorkerService, transport),
    info: createClient(ServerService, transport),
  };
};

describe.each(wireTransports)("over %s", (name, open) => {
  const named = (suffix: string) => `${wordOf(name)}-${suffix}`;
  const connect = () => connectTo(open, server.url);

  test("a namespace is made, read, changed by mask, and works at once", async () => {
    const { namespaces, tasks, info } = connect();
    const namespace = named("made");
    const quotas = { queues: 3, backlogTasks: 10n, backlogBytes: 10_000n };
    const settings = { description: "tests", quotas };
    const made = await namespaces.createNamespace({ namespace, settings });
    expect(made).toMatchObject({
      created: true,
      namespace: { name: namespace, settings, state: NamespaceState.ACTIVE, revision: 1n, configured: false },
    });
    expect(made.namespace?.createTime?.seconds).toBeGreaterThan(1_700_000_000n);
    expect((await namespaces.createNamespace({ namespace, settings })).created).toBe(false);
    const error = await failure(namespaces.createNamespace({ namespace }));
    expect(error.code).toBe(Code.AlreadyExists);
    await tasks.enqueueTask({ namespace, name: "a" });
    expect((await namespaces.getNamespace({ namespace })).use).toMatchObject({ queues: 1, backlogTasks: 1n });
    const changed = await namespaces.updateNamespace({
      namespace,
      settings: { description: "ignored", quotas: { queues: 5 }, queueCreation: QueueCreation.EXPLICIT },
      updateMask: { paths: ["quotas.queues", "quotas.backlog_bytes", "queue_creation"] },
      expectedRevision: 1n,
    });
    expect(changed.namespace).toMatchObject({
      settings: {
        description: "tests",
        quotas: { queues: 5, backlogTasks: 10n },
        queueCreation: QueueCreation.EXPLICIT,
      },
      revision: 2n,
    });
    expect(changed.namespace?.settings?.quotas?.backlogBytes).toBeUndefined();
    expect((await info.getServerInfo({})).namespaces).toContain(namespace);
  });

  test("namespaces are listed by name, page by page; those of the configuration are told", async () => {
    const { namespaces } = connect();
    for (const suffix of ["p1", "p2", "p3"]) await namespaces.createNamespace({ namespace: named(suffix) });
    const seen = new Map<string, boolean>();
    let pageToken = "";
    do {
      const page = await namespaces.listNamespaces({ pageSize: 2, pageToken });
      for (const each of page.namespaces) seen.set(each.name, each.configured);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect([...seen.keys()]).toEqual([...seen.keys()].toSorted());
    expect([seen.get("default"), seen.get("listed"), seen.get(named("p2"))]).toEqual([true, true, false]);
  });

  test("a namespace is disabled with a reason, enabled, and deleted with all that is in it", async () => {
    const { namespaces, tasks, workers } = connect();
    const namespace = named("left");
    await namespaces.createNamespace({ namespace });
    const { taskId } = await tasks.enqueueTask({ namespace, name: "a" });
    const disabled = await namespaces.disableNamespace({ namespace, reason: "unpaid" });
    expect(disabled.namespace).toMatchObject({ state: NamespaceState.DISABLED, disableReason: "unpaid" });
    expect((await workers.leaseTasks({ namespace, queues: ["default"] })).grants).toEqual([]);
    expect((await failure(tasks.enqueueTask({ namespace, name: "a" }))).code).toBe(Code.FailedPrecondition);
    expect((await tasks.getTask({ namespace, taskId })).task?.id).toBe(taskId);
    const enabled = await namespaces.enableNamespace({ namespace });
    expect(enabled.namespace).toMatchObject({ state: NamespaceState.ACTIVE, disableReason: "" });
    expect((await failure(namespaces.deleteNamespace({ namespace }))).code).toBe(Code.FailedPrecondition);
    expect(await namespaces.deleteNamespace({ namespace, force: true })).toMatchObject({ backlogTasks: 1n });
    const isGone = async () => {
      const error = await failure(tasks.getTask({ namespace, taskId }));
      return error.code === Code.NotFound;
    };
    await until(isGone, { deadlineMs: 50_000, what: "the namespace to be gone" });
    expect((await namespaces.createNamespace({ namespace })).created).toBe(true);
    expect((await tasks.listTasks({ namespace })).tasks).toEqual([]);
  });

  test("a queue is made, changed by mask, and deleted", async () => {
    const { queues, tasks } = connect();
    const queue = named("queue");
    const settings = { description: "mail", backlogMax: 5n, closed: false };
    const made = await queues.createQueue({ queue, settings });
    expect(made).toMatchObject({
      created: true,
      queue: { name: queue, settings, revision: 1n, deleting: false },
    });
    expect((await queues.createQueue({ queue, settings })).created).toBe(false);
    const changed = await queues.updateQueue({
      ...{ queue, settings: { closed: true }, expectedRevision: 1n },
      updateMask: { paths: ["closed", "backlog_max"] },
    });
    expect(changed.queue).toMatchObject({ settings: { description: "mail", closed: true }, revision: 2n });
    expect(changed.queue?.settings?.backlogMax).toBeUndefined();
    expect((await failure(tasks.enqueueTask({ name: "a", queue }))).code).toBe(Code.FailedPrecondition);
    expect(await queues.deleteQueue({ queue })).toMatchObject({ cancelledCount: 0n, leasedCount: 0n });
    expect((await failure(queues.getQueue({ queue }))).code).toBe(Code.NotFound);
  });
});

test("a namespace comes into being when it is named, where the server says so", async () => {
  const open = await startWireServer({ isMadeOnUse: true, limits: { namespacesMax: 2 } });
  onTestFinished(() => open.close());
  const [, dial] = wireTransports[0] ?? [];
  if (dial === undefined) throw new Error("there is no way in");
  const { tasks, namespaces } = connectTo(dial, open.url);
  await tasks.enqueueTask({ namespace: "new", name: "a" });
  expect((await namespaces.getNamespace({ namespace: "new" })).use).toMatchObject({ backlogTasks: 1n });
  expect((await failure(tasks.enqueueTask({ namespace: "newer", name: "a" }))).code).toBe(Code.NotFound);
  expect((await failure(tasks.enqueueTask({ namespace: "A", name: "a" }))).code).toBe(Code.InvalidArgument);
});
