import { expect, test } from "vitest";
import { defaultNamespace } from "../../server/src/model/ids.ts";
import { openRooms, queueRefOf, taskRefOf } from "../support/rooms.ts";
import { submissionOf } from "../support/submission.ts";

test("the drain finishes what runs, takes nothing new and hands out nothing more", async () => {
  const rooms = await openRooms();
  const { broker } = rooms;
  await rooms.enqueue({ id: "running" });
  const worker = await rooms.worker();
  const idle = await rooms.worker({ name: "idle" });
  const lease = await worker.takeOne();
  const waiting = idle.take();
  await rooms.clock.advance(0);

  broker.drain();
  expect(await waiting, "whoever waits is sent away").toEqual([]);
  await expect(broker.enqueue(defaultNamespace, [submissionOf()], false)).rejects.toMatchObject({
    problem: { reason: "DRAINING" },
  });
  const want = {
    namespace: defaultNamespace,
    queues: [queueRefOf().queue],
    limit: 1,
    worker: "shell",
    waitMs: 0,
  };
  await expect(broker.lease(want, AbortSignal.timeout(1000))).rejects.toMatchObject({
    problem: { reason: "DRAINING" },
  });
  expect(await worker.take()).toEqual([]);

  let isQuiet = false;
  const quiet = broker.quiet().then(() => {
    isQuiet = true;
  });
  expect(await worker.heartbeat()).toEqual([]);
  expect(isQuiet).toBe(false);
  expect(await worker.succeed(lease)).toEqual({ kind: "accepted", state: "succeeded" });
  await quiet;
  expect((await rooms.backend.get(taskRefOf("running"))).task.state).toBe("succeeded");
  await rooms.close();
});

test("work that was claimed for a worker while the drain began goes back free of charge", async () => {
  const rooms = await openRooms();
  const worker = await rooms.worker();
  await rooms.enqueue({ id: "a" });
  const taking = worker.take();
  rooms.broker.drain();
  expect(await taking).toEqual([]);
  await rooms.clock.advance(0);
  expect(await rooms.read("a")).toMatchObject({ state: "ready", deliveries: 0 });
  await rooms.close();
});
