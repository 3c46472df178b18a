import { expect, test } from "vitest";
import { namespaceOf } from "../../server/src/model/ids.ts";
import { unsaidNamespace } from "../../server/src/model/namespace.ts";
import { openRooms } from "../support/rooms.ts";
import { connectWorker } from "../support/scripted-worker.ts";
import { submissionOf } from "../support/submission.ts";

const acme = namespaceOf("acme");

test("a tenant gets a namespace with quotas, and fills nobody else's", async () => {
  const rooms = await openRooms();
  const { namespaces, broker } = rooms;
  const quotas = { queues: 2, backlogTasks: 3, backlogBytes: undefined };
  await namespaces.create(acme, { ...unsaidNamespace, quotas });
  const submissions = ["a", "b", "c", "d"].map((id) => submissionOf({ id }));
  const verdicts = await broker.enqueue(acme, submissions, false);
  expect(verdicts.map(({ kind }) => kind)).toEqual(["stored", "stored", "stored", "refused"]);
  expect(verdicts[3]).toMatchObject({
    problem: { reason: "QUOTA_EXCEEDED", namespace: "acme", quota: "backlog_tasks", max: 3 },
  });
  await rooms.enqueue({ id: "d" });
  expect(await namespaces.useOf(acme)).toMatchObject({ queues: 1, backlogTasks: 3 });
  await rooms.close();
});

test("a namespace is disabled: nothing comes in and nothing goes out, until it is enabled", async () => {
  const rooms = await openRooms();
  const { namespaces, broker, clock } = rooms;
  await namespaces.create(acme, unsaidNamespace);
  await broker.enqueue(acme, [submissionOf({ id: "a" }), submissionOf({ id: "b" })], false);
  const worker = await connectWorker(broker, { namespace: acme });
  const a = await worker.takeOne();
  expect(await namespaces.disable(acme, "unpaid")).toMatchObject({ state: "disabled", reason: "unpaid" });
  const [refused] = await broker.enqueue(acme, [submissionOf({ id: "c" })], false);
  expect(refused).toMatchObject({ problem: { reason: "NAMESPACE_DISABLED", state: "disabled" } });
  let taken = "";
  await worker.succeed(a);
  const next = worker.takeOne().then(({ taskId }) => {
    taken = taskId;
  });
  await clock.advance(10_000);
  expect(taken).toBe("");
  await namespaces.enable(acme);
  await clock.advance(5000);
  await next;
  expect(taken).toBe("b");
  await rooms.close();
});

test("a namespace is deleted while a worker runs: that may end, then all is gone, and the name is free", async () => {
  const rooms = await openRooms({ limits: { batchTasksMax: 2 } });
  const { namespaces, broker, routing, clock } = rooms;
  await namespaces.create(acme, unsaidNamespace);
  const ids = ["a", "b", "c", "d", "e"];
  await broker.enqueue(
    acme,
    ids.map((id) => submissionOf({ id })),
    false,
  );
  await routing.replace(acme, "queues: { default: }", 0);
  await broker.putLimit({ namespace: acme, kind: "key", subject: "k", concurrency: 1, rate: undefined });
  await broker.pauseTasks({ namespace: acme, kind: "key", subject: "k" }, "unpaid");
  await broker.pauseTasks({ namespace: acme, kind: "name", subject: "n" }, "unpaid");
  const busy = await connectWorker(broker, { namespace: acme, name: "busy", credit: 1 });
  const idle = await connectWorker(broker, { namespace: acme, name: "idle", credit: 0 });
  const lease = await busy.takeOne();

  await expect(namespaces.remove(acme, false)).rejects.toThrow("NAMESPACE_IN_USE");
  expect(await namespaces.remove(acme, true)).toMatchObject({ backlogTasks: 5 });
  await clock.advance(3000);
  expect(idle.dismissals[0]).toMatchObject({ reason: "NAMESPACE_DISABLED", state: "deleting" });
  expect(busy.dismissals).toEqual([]);
  await expect(connectWorker(broker, { namespace: acme })).rejects.toThrow("NAMESPACE_DISABLED");
  const asked = { namespace: acme, queues: [], limit: 1, worker: "w", waitMs: 0 };
  await expect(broker.lease(asked, AbortSignal.abort())).rejects.toThrow("NAMESPACE_DISABLED");
  expect(namespaces.leaving(), "what runs is waited for").toEqual(["acme"]);

  expect(await busy.succeed(lease)).toEqual({ kind: "accepted", state: "succeeded" });
  await clock.advance(3000);
  expect(busy.dismissals[0]).toMatchObject({ reason: "NAMESPACE_DISABLED" });
  expect(namespaces.stateOf("acme")).toBeUndefined();
  await namespaces.create(acme, unsaidNamespace);
  expect(routing.get(acme)).toMatchObject({ text: "", revision: 0 });
  expect(await broker.listLimits(acme, undefined, 10)).toEqual([]);
  const again = await broker.enqueue(acme, [submissionOf({ id: "a" })], false);
  expect(again).toMatchObject([{ kind: "stored", deduplicated: false }]);
  await rooms.close();
});
