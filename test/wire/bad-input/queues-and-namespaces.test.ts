import { Code } from "@connectrpc/connect";
import {
  PreconditionFailureSchema,
  QuotaFailureSchema,
  RetryInfoSchema,
} from "@stem/proto/google/rpc/error_details_pb";
import { describe, expect, test } from "vitest";
import { failure } from "../../support/wire-transports.ts";
import { abuseServer, ways } from "./abused-server.ts";
import { invalid, type Refusal, refused } from "./refusal.ts";

const server = abuseServer();
const strict = abuseServer({ queueCreation: "explicit", namespaces: ["default", "other"] });

const narrow = abuseServer({ limits: { namespacesMax: 2 } });

const unknownQueue = refused(Code.NotFound, "QUEUE_UNKNOWN");
const closedQueue = refused(Code.FailedPrecondition, "QUEUE_CLOSED");
const wrongNames = ["", " ", "a b", "-a", "~inbox/1", "q".repeat(256), "ä", "a\n"];
const wrongNamespaces = ["", "A", "-a", "a_b", "a/b", "..", "a".repeat(64)];

describe.each(ways)("over %s", (way) => {
  const queueOf = (suffix: string) => `${ways.indexOf(way)}.${suffix}`;

  test("D121 a queue that takes nothing, or was deleted where queues have to be made, is said to be so", async () => {
    const { tasks, queues } = strict.caller(way);
    const queue = queueOf("once");
    await queues.createQueue({ queue: "good" });
    await strict.refuses(unknownQueue, [queue, "constructor"], (name) =>
      tasks.enqueueTask({ name: "a", queue: name }),
    );
    await queues.createQueue({ queue, settings: { closed: true } });
    await strict.refuses(closedQueue, [queue], (name) => tasks.enqueueTask({ name: "a", queue: name }));
    const both = [
      { name: "a", queue: "good" },
      { name: "a", queue },
    ];
    await strict.refuses(closedQueue, [both], (all) => tasks.enqueueTasks({ atomic: true, tasks: all }));
    const { verdicts } = await tasks.enqueueTasks({ tasks: both });
    expect(verdicts.map(({ error }) => error?.code)).toEqual([undefined, Code.FailedPrecondition]);
    await queues.deleteQueue({ queue });
    await strict.refuses(unknownQueue, [queue], (name) => tasks.enqueueTask({ name: "a", queue: name }));
    await strict.refuses(unknownQueue, [{ queue }], (request) => queues.deleteQueue(request));
    await strict.refuses(unknownQueue, [{ queue }], (request) => queues.pauseQueue(request));
    const waits = { queues: ["good", queue] };
    await strict.refuses(unknownQueue, [waits], (request) => strict.caller(way).workers.leaseTasks(request));
  });

  test("D122 a queue or a namespace that is full refuses what comes, names the quota and says when to come again", async () => {
    const { tasks, admin, queues, namespaces } = server.caller(way);
    const queue = queueOf("full");
    await queues.createQueue({ queue, settings: { backlogMax: 1n } });
    await tasks.enqueueTask({ name: "a", queue });
    const fullQueue = refused(Code.ResourceExhausted, "QUEUE_FULL");
    await server.refuses(fullQueue, [queue], (name) => tasks.enqueueTask({ name: "a", queue: name }));
    const error = await failure(tasks.enqueueTask({ name: "a", queue }));
    expect(error.findDetails(QuotaFailureSchema)[0]?.violations).toMatchObject([
      { subject: `queue:${queue}` },
    ]);
    expect(error.findDetails(RetryInfoSchema)).toHaveLength(1);

    const namespace = `small-${ways.indexOf(way)}`;
    const quotas = { queues: 2, backlogTasks: 2n, backlogBytes: 500n };
    await namespaces.createNamespace({ namespace, settings: { quotas } });
    const { taskId } = await tasks.enqueueTask({ namespace, name: "a" });
    const over = refused(Code.ResourceExhausted, "QUOTA_EXCEEDED");
    const large = { data: { case: "json" as const, value: JSON.stringify("x".repeat(500)) } };
    await server.refuses(over, [large], (args) => tasks.enqueueTask({ namespace, name: "a", args }));
    const update = (args: typeof large) => admin.updateTask({ namespace, taskId, args });
    await server.refuses(over, [large], update);
    await tasks.enqueueTask({ namespace, name: "a" });
    await server.refuses(over, ["default", "other"], (name) =>
      tasks.enqueueTask({ namespace, name: "a", queue: name }),
    );
    const quota = await failure(tasks.enqueueTask({ namespace, name: "a" }));
    const subject = `namespace:${namespace}:backlog_tasks`;
    expect(quota.findDetails(QuotaFailureSchema)[0]?.violations).toMatchObject([{ subject }]);
    const { verdicts } = await tasks.enqueueTasks({ namespace, tasks: [{ name: "a" }] });
    expect(verdicts[0]?.error?.code).toBe(Code.ResourceExhausted);
  });

  test("D169 a queue that tasks wait in, that failed ones lie in or that routes lead to is not deleted, and why is listed", async () => {
    const { tasks, queues, routing, workers } = server.caller(way);
    const queue = queueOf("used");
    const inUse = refused(Code.FailedPrecondition, "QUEUE_IN_USE");
    const uses = async () => {
      const error = await failure(queues.deleteQueue({ queue }));
      return error
        .findDetails(PreconditionFailureSchema)[0]
        ?.violations.map(({ description }) => description);
    };
    await tasks.enqueueTask({ name: "a", queue, options: { maxAttempts: 1 } });
    await server.refuses(inUse, [{ queue }], (request) => queues.deleteQueue(request));
    expect(await uses()).toEqual(["1 tasks in it have not ended"]);
    const [grant] = (await workers.leaseTasks({ queues: [queue] })).grants;
    const outcome = { case: "failed", value: { failure: { message: "broken" } } } as const;
    await workers.settleTasks({
      settlements: [{ leaseToken: grant?.leaseToken ?? new Uint8Array(), outcome }],
    });
    expect(await uses()).toEqual(["1 dead letters are in it"]);

    const { routing: before } = await routing.getRouting({});
    const expectedRevision = before?.revision ?? 0n;
    const config = `queues: { default: , "${queue}": }\nroutes: [{ match: { task: x }, target: "${queue}" }]`;
    await routing.replaceRouting({ config, expectedRevision });
    await server.refuses(inUse, [{ queue, force: true }], (request) => queues.deleteQueue(request));
    expect(await uses()).toEqual([
      `the routing names it: queues.${queue}`,
      expect.stringContaining("the routing names it: routes[0]"),
    ]);
    await routing.replaceRouting({ config: "", expectedRevision: expectedRevision + 1n });
    expect(await queues.deleteQueue({ queue, force: true })).toMatchObject({ leasedCount: 0n });
  });

  test("names, settings and masks that are none are refused", async () => {
    const { queues, namespaces } = server.caller(way);
    await server.refuses(invalid("queue"), wrongNames, (queue) => queues.createQueue({ queue }));
    await server.refuses(invalid("queue"), wrongNames, (queue) => queues.deleteQueue({ queue, force: true }));
    await server.refuses(invalid("settings.backlog_max"), [0n, -1n, 2n ** 62n], (backlogMax) =>
      queues.createQueue({ queue: "a", settings: { backlogMax } }),
    );
    await server.refuses(invalid("settings.description"), ["d".repeat(1025)], (description) =>
      queues.createQueue({ queue: "a", settings: { description } }),
    );
    const update = (paths: readonly string[]) =>
      queues.updateQueue({ queue: "good", settings: {}, updateMask: { paths: [...paths] } });
    await server.refuses(invalid("update_mask"), [[]], update);
    await server.refuses(
      invalid("update_mask.paths[0]"),
      [["name"], ["settings.closed"], ["constructor"]],
      update,
    );
    await server.refuses(invalid("update_mask.paths[1]"), [["closed", "depth"]], update);
    await server.refuses(invalid("settings", "update_mask"), [{}], (rest) =>
      queues.updateQueue({ queue: "good", ...rest }),
    );
    await server.refuses(invalid("namespace"), wrongNamespaces, (namespace) =>
      namespaces.createNamespace({ namespace }),
    );
    await server.refuses(invalid("settings.quotas.queues"), [0, -1, 10_001], (count) =>
      namespaces.createNamespace({ namespace: "a", settings: { quotas: { queues: count } } }),
    );
    await server.refuses(invalid("settings.quotas.backlog_tasks"), [0n, -1n], (backlogTasks) =>
      namespaces.createNamespace({ namespace: "a", settings: { quotas: { backlogTasks } } }),
    );
    await server.refuses(invalid("page_token"), ["garbage"], (pageToken) =>
      namespaces.listNamespaces({ pageToken }),
    );
  });

  test("what is not there, has changed, or is fixed is said to be so", async () => {
    const { queues, namespaces } = server.caller(way);
    const nowhere = refused(Code.NotFound, "NAMESPACE_UNKNOWN");
    const namespace = "nowhere";
    await server.refuses(nowhere, [{ namespace }], (request) => namespaces.getNamespace(request));
    await server.refuses(nowhere, [{ namespace }], (request) => namespaces.disableNamespace(request));
    await server.refuses(nowhere, [{ namespace }], (request) => namespaces.deleteNamespace(request));
    await server.refuses(nowhere, [{ namespace, queue: "a" }], (request) => queues.createQueue(request));
    const stale: Refusal = refused(Code.Aborted, "REVISION_CONFLICT");
    const updateMask = { paths: ["description"] };
    const change = { settings: { description: "x" }, updateMask, expectedRevision: 1000n };
    await server.refuses(stale, [change], (rest) => queues.updateQueue({ queue: "good", ...rest }));
    await server.refuses(stale, [change], (rest) =>
      namespaces.updateNamespace({ namespace: "default", ...rest }),
    );
    await server.refuses(unknownQueue, [change], (rest) => queues.updateQueue({ queue: "nowhere", ...rest }));
    const fixed = refused(Code.FailedPrecondition, "NAMESPACE_FIXED");
    await server.refuses(fixed, [true, false], (force) =>
      namespaces.deleteNamespace({ namespace: "default", force }),
    );
    const queue = queueOf("made");
    await queues.createQueue({ queue, settings: { description: "one" } });
    await server.refuses(refused(Code.AlreadyExists, "QUEUE_EXISTS"), ["two", ""], (description) =>
      queues.createQueue({ queue, settings: { description } }),
    );
  });
});

test("as many namespaces as there may be, and no more", async () => {
  const { namespaces } = narrow.caller("gRPC");
  await namespaces.createNamespace({ namespace: "second" });
  await narrow.refuses(refused(Code.ResourceExhausted, "NAMESPACE_LIMIT_REACHED"), ["third"], (namespace) =>
    namespaces.createNamespace({ namespace }),
  );
});
