import { expect, test } from "vitest";
import { defaultNamespace } from "../../server/src/model/ids.ts";
import { unsaidSettings } from "../../server/src/model/queue.ts";
import { openRooms, queueRefOf, taskRefOf } from "../support/rooms.ts";
import { submissionOf } from "../support/submission.ts";

const mail = queueRefOf("mail");

test("a queue that is full refuses what comes, and takes it when a worker has made room", async () => {
  const rooms = await openRooms();
  const { broker } = rooms;
  await broker.createQueue(mail, { ...unsaidSettings, backlogMax: 2 });
  const enqueue = (id: string) =>
    broker.enqueue(defaultNamespace, [submissionOf({ id, queue: "mail" })], false);
  await rooms.enqueue({ id: "a", queue: "mail" }, { id: "b", queue: "mail" });
  expect(await enqueue("c")).toMatchObject([
    { kind: "refused", problem: { reason: "QUEUE_FULL", queue: "mail", backlogMax: 2 } },
  ]);
  expect(await enqueue("a"), "a repeat is no newcomer").toMatchObject([
    { kind: "stored", deduplicated: true },
  ]);
  const worker = await rooms.worker({ queues: ["mail"] });
  await worker.succeed(await worker.takeOne());
  expect(await enqueue("c")).toMatchObject([{ kind: "stored", deduplicated: false }]);
  await rooms.close();
});

test("a closed queue takes nothing new, and workers empty it", async () => {
  const rooms = await openRooms();
  const { broker } = rooms;
  await rooms.enqueue({ id: "a", queue: "mail" });
  const closed = await broker.updateQueue(mail, {
    revision: 1,
    apply: (settings) => ({ ...settings, isClosed: true }),
  });
  expect(closed).toMatchObject({ revision: 2, settings: { isClosed: true } });
  const [refused] = await broker.enqueue(defaultNamespace, [submissionOf({ queue: "mail" })], false);
  expect(refused).toMatchObject({ problem: { reason: "QUEUE_CLOSED", state: "closed" } });
  const worker = await rooms.worker({ queues: ["mail"] });
  await worker.succeed(await worker.takeOne());
  expect(await broker.deleteQueue(mail, false)).toEqual({ cancelled: 0, leased: 0 });
  await expect(broker.getQueue(mail)).rejects.toThrow("QUEUE_UNKNOWN");
  await rooms.close();
});

test("a queue is deleted by force: what waits is cancelled, what runs may end and is not tried again", async () => {
  const rooms = await openRooms({ limits: { batchTasksMax: 2 } });
  const { broker, clock } = rooms;
  const ids = ["one", "two", "three", "four", "five"];
  await rooms.enqueue(...ids.map((id) => ({ id, queue: "mail" })));
  const worker = await rooms.worker({ queues: ["mail"], credit: 2 });
  const one = await worker.takeOne();
  const two = await worker.takeOne();
  await expect(broker.deleteQueue(mail, false)).rejects.toThrow("QUEUE_IN_USE");
  expect(await broker.deleteQueue(mail, true)).toEqual({ cancelled: 3, leased: 2 });
  expect(await rooms.read("three")).toMatchObject({ state: "cancelled", reason: "purged" });
  const [refused] = await broker.enqueue(defaultNamespace, [submissionOf({ queue: "mail" })], false);
  expect(refused).toMatchObject({ problem: { reason: "QUEUE_CLOSED", state: "deleting" } });

  expect(await worker.succeed(one)).toEqual({ kind: "accepted", state: "succeeded" });
  expect(await worker.settle(two, { kind: "retry", delayMs: undefined, failure: undefined })).toMatchObject({
    kind: "accepted",
  });
  await clock.advance(2000);
  expect(await rooms.read("two")).toMatchObject({ state: "cancelled" });
  await expect(broker.getQueue(mail)).rejects.toThrow("QUEUE_UNKNOWN");
  expect((await rooms.backend.get(taskRefOf("one"))).task.state, "its record is kept").toBe("succeeded");
  await rooms.enqueue({ id: "six", queue: "mail" });
  expect(await broker.getQueue(mail)).toMatchObject({ settings: unsaidSettings, isDeleting: false });
  await rooms.close();
});

test("a queue that the routing names is not deleted, and the answer says where", async () => {
  const rooms = await openRooms();
  const text =
    "default_queue: mail\nqueues: { mail: , spare: { fallbacks: [mail] } }\nroutes: [{ target: mail }]";
  await rooms.routing.replace(defaultNamespace, text, 0);
  await rooms.enqueue({ id: "a" });
  await expect(rooms.broker.deleteQueue(mail, true)).rejects.toMatchObject({
    problem: {
      reason: "QUEUE_IN_USE",
      routes: [
        "default_queue",
        "aliases.default",
        "queues.mail",
        "queues.spare.fallbacks",
        expect.stringContaining("routes[0]"),
      ],
    },
  });
  await rooms.close();
});

test("where queues have to be made, nobody uses one that was not", async () => {
  const rooms = await openRooms({ queueCreation: "explicit" });
  const { broker } = rooms;
  const submissions = ["mail", "post"].map((queue) => submissionOf({ queue }));
  await broker.createQueue(mail, unsaidSettings);
  expect(await broker.enqueue(defaultNamespace, submissions, false)).toMatchObject([
    { kind: "stored" },
    { kind: "refused", problem: { reason: "QUEUE_UNKNOWN", queue: "post" } },
  ]);
  await expect(rooms.worker({ queues: ["mail", "post"] })).rejects.toThrow("QUEUE_UNKNOWN");
  await expect(broker.pauseQueue(queueRefOf("post"), "")).rejects.toThrow("QUEUE_UNKNOWN");
  const worker = await rooms.worker({ queues: ["mail"], channels: ["news"] });
  await worker.succeed(await worker.takeOne());
  const news = { channel: "news", expiresMs: undefined, delivery: undefined };
  await broker.broadcasts.publish(defaultNamespace, submissionOf({ id: "hello" }), news);
  expect((await worker.takeOne()).queue, "channels are not queues").toMatch(/^~/);
  await rooms.close();
});
