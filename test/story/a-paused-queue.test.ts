import { expect, test } from "vitest";
import { plus } from "../../server/src/model/ids.ts";
import { openRooms, queueRefOf } from "../support/rooms.ts";

test("a paused queue hands out nothing, and goes on when it is resumed", async () => {
  const rooms = await openRooms();
  const { broker, clock } = rooms;
  await rooms.enqueue({ id: "running" });
  const worker = await rooms.worker();
  const running = await worker.takeOne();
  expect(await broker.pauseQueue(queueRefOf(), "the mail server is down")).toMatchObject({
    pause: { reason: "the mail server is down" },
  });

  await rooms.enqueue({ id: "waiting" });
  let taken = "";
  const next = worker.takeOne().then((lease) => {
    taken = lease.taskId;
  });
  await clock.advance(60_000);
  expect(taken).toBe("");
  expect(await worker.succeed(running), "what runs goes on").toEqual({
    kind: "accepted",
    state: "succeeded",
  });

  await broker.resumeQueue(queueRefOf());
  await next;
  expect(taken).toBe("waiting");
  await rooms.close();
});

test("a pause ends by itself at its time, and an idle worker wakes", async () => {
  const rooms = await openRooms();
  const { broker, clock } = rooms;
  const resumeAt = plus(clock.now(), 60_000);
  const paused = await broker.pauseQueue(queueRefOf(), "deploy", { by: "ada", resumeAt });
  expect(paused.pause).toMatchObject({ reason: "deploy", by: "ada", resumeAt });
  await rooms.enqueue({ id: "waiting" });
  const worker = await rooms.worker();
  let taken = "";
  const next = worker.takeOne().then((lease) => {
    taken = lease.taskId;
  });
  await clock.advance(59_000);
  expect(taken).toBe("");
  await clock.advance(2000);
  await next;
  expect((await broker.getQueue(queueRefOf())).pause).toBeUndefined();
  await rooms.close();
});

test("a purge cancels what waits, and leaves alone what runs and what comes later", async () => {
  const rooms = await openRooms({ limits: { batchTasksMax: 2 } });
  const { broker } = rooms;
  await rooms.enqueue({ id: "running" });
  const worker = await rooms.worker();
  const running = await worker.takeOne();
  await rooms.enqueue(
    { id: "a" },
    { id: "b" },
    { id: "c" },
    { id: "d", start: { delayMs: 1000 } },
    { id: "e" },
  );

  await expect(broker.purgeQueue(queueRefOf(), 4)).rejects.toMatchObject({
    problem: { reason: "PURGE_UNCONFIRMED", waiting: 5 },
  });
  expect(await broker.purgeQueue(queueRefOf(), 5)).toBe(5);
  expect(await rooms.read("d")).toMatchObject({ state: "cancelled", reason: "purged" });
  expect(await worker.succeed(running)).toEqual({ kind: "accepted", state: "succeeded" });
  await rooms.enqueue({ id: "later" });
  expect(await worker.takeOne()).toMatchObject({ taskId: "later" });
  await rooms.close();
});

test("a queue that nobody has used is unknown, unless it is paused first", async () => {
  const rooms = await openRooms();
  const { broker } = rooms;
  const ref = queueRefOf("unheard-of");
  for (const ask of [broker.getQueue(ref), broker.resumeQueue(ref), broker.purgeQueue(ref, "any")])
    await expect(ask).rejects.toMatchObject({ problem: { reason: "QUEUE_UNKNOWN", queue: "unheard-of" } });
  await broker.pauseQueue(ref, "before its first task");
  expect(await broker.getQueue(ref)).toMatchObject({ name: "unheard-of", depth: { ready: 0 } });
  await rooms.close();
});
