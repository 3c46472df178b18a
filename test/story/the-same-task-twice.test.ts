import { expect, test } from "vitest";
import { defaultNamespace } from "../../server/src/model/ids.ts";
import { bytesOf } from "../support/new-task.ts";
import { openRooms, taskRefOf } from "../support/rooms.ts";
import { submissionOf } from "../support/submission.ts";

test("the same task enqueued twice is one task, and another under its id is refused", async () => {
  const rooms = await openRooms();
  const { broker } = rooms;
  const enqueue = async (content: string) => {
    const [verdict] = await broker.enqueue(
      defaultNamespace,
      [submissionOf({ id: "order-7", content })],
      false,
    );
    return verdict;
  };
  expect(await enqueue("ship")).toEqual({ kind: "stored", taskId: "order-7", deduplicated: false });
  expect(await enqueue("ship")).toEqual({ kind: "stored", taskId: "order-7", deduplicated: true });
  expect(await enqueue("sink")).toEqual({
    kind: "refused",
    taskId: "order-7",
    problem: { reason: "TASK_EXISTS", taskId: "order-7" },
  });

  const worker = await rooms.worker();
  expect(await worker.take()).toHaveLength(1);
  await rooms.close();
});

test("one task that cannot be stored leaves an atomic batch out as a whole, and any other batch alone", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({ id: "taken", content: "before" });
  const batch = [submissionOf({ id: "fine" }), submissionOf({ id: "taken", content: "after" })];
  const problem = { reason: "TASK_EXISTS", taskId: "taken" };
  expect(await rooms.broker.enqueue(defaultNamespace, batch, true)).toEqual([
    { kind: "withheld", taskId: "fine" },
    { kind: "refused", taskId: "taken", problem },
  ]);
  await expect(rooms.read("fine")).rejects.toMatchObject({ problem: { reason: "TASK_UNKNOWN" } });
  expect(await rooms.broker.enqueue(defaultNamespace, batch, false)).toEqual([
    { kind: "stored", taskId: "fine", deduplicated: false },
    { kind: "refused", taskId: "taken", problem },
  ]);
  await rooms.close();
});

test("a replay is a new task, linked to the old one, however often it is asked for under one id", async () => {
  const rooms = await openRooms();
  const { broker } = rooms;
  const [id = ""] = await rooms.enqueue({ id: "old", content: "the work", queue: "mail", priority: 9 });
  await expect(broker.replay(taskRefOf(id), undefined)).rejects.toMatchObject({
    problem: { reason: "TASK_NOT_ENDED", state: "ready" },
  });
  const worker = await rooms.worker({ queues: ["mail"] });
  await worker.settle(await worker.takeOne(), { kind: "rejected", failure: Buffer.from("no") });

  const newId = taskRefOf("new").id;
  expect(await broker.replay(taskRefOf(id), newId)).toEqual({ taskId: "new", deduplicated: false });
  expect(await broker.replay(taskRefOf(id), newId)).toEqual({ taskId: "new", deduplicated: true });
  const lease = await worker.takeOne();
  expect(lease).toMatchObject({ taskId: "new", attempt: 1, delivery: 1, content: bytesOf("the work") });
  expect(await rooms.read("new")).toMatchObject({ replayOf: "old", queue: "mail", priority: 9 });
  await expect(broker.replay(taskRefOf(id), taskRefOf("old").id)).rejects.toMatchObject({
    problem: { reason: "TASK_EXISTS" },
  });
  await rooms.close();
});
