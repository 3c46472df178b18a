import { expect, test } from "vitest";
import { bytesOf } from "../support/new-task.ts";
import { openRooms, taskRefOf } from "../support/rooms.ts";

test("a task is retried with back-off until it succeeds", async () => {
  const rooms = await openRooms();
  const { clock, enqueue, read } = rooms;
  const retry = { baseMs: 2000, factor: 2, maxMs: 300_000, jitter: "none" } as const;
  const [id = ""] = await enqueue({ policy: { retry } });
  const worker = await rooms.worker();

  const first = await worker.takeOne();
  expect(first.attempt).toBe(1);
  expect(await worker.fail(first, "no connection")).toEqual({ kind: "accepted", state: "scheduled" });
  expect(await read(id)).toMatchObject({ state: "scheduled", reason: "backoff", attempt: 2 });

  let second: number | undefined;
  const waiting = worker.takeOne().then((lease) => {
    second = lease.attempt;
    return lease;
  });
  await clock.advance(1999);
  expect(second, "the back-off is a floor").toBeUndefined();
  await clock.advance(20);
  expect(second).toBe(2);

  expect(await worker.fail(await waiting)).toEqual({ kind: "accepted", state: "scheduled" });
  const third = worker.takeOne();
  await clock.advance(4020);
  expect(await third).toMatchObject({ attempt: 3, delivery: 3 });

  expect(await worker.succeed(await third, "sent")).toEqual({ kind: "accepted", state: "succeeded" });
  expect(await read(id)).toMatchObject({ state: "succeeded", attempt: 3, result: bytesOf("sent") });
  await rooms.close();
});

test("a task whose attempts are used up fails for good, with the last failure", async () => {
  const rooms = await openRooms();
  const retry = { baseMs: 100, factor: 1, maxMs: 100, jitter: "none" } as const;
  const [id = ""] = await rooms.enqueue({ policy: { maxAttempts: 2, retry } });
  const worker = await rooms.worker();
  await worker.fail(await worker.takeOne(), "first");
  const again = worker.takeOne();
  await rooms.clock.advance(200);
  expect(await worker.fail(await again, "second")).toEqual({ kind: "accepted", state: "failed" });
  expect(await rooms.read(id)).toMatchObject({ reason: "max_attempts", failure: bytesOf("second") });
  await rooms.close();
});

test("a handler that asks for another attempt at once gets it at once", async () => {
  const rooms = await openRooms();
  await rooms.enqueue({});
  const worker = await rooms.worker();
  const first = await worker.takeOne();
  const verdict = await worker.settle(first, { kind: "retry", delayMs: 0, failure: undefined });
  expect(verdict).toEqual({ kind: "accepted", state: "ready" });
  expect(await worker.takeOne()).toMatchObject({ taskId: first.taskId, attempt: 2 });
  await rooms.close();
});

test("a handler that asks for another attempt when none is left ends its task as a dead letter", async () => {
  const rooms = await openRooms();
  const [id = ""] = await rooms.enqueue({ policy: { maxAttempts: 2 } });
  const worker = await rooms.worker();
  const again = async (failure: string) =>
    worker.settle(await worker.takeOne(), { kind: "retry", delayMs: 0, failure: bytesOf(failure) });
  expect(await again("not yet")).toEqual({ kind: "accepted", state: "ready" });
  expect(await again("still not")).toEqual({ kind: "accepted", state: "failed" });
  const letter = await rooms.broker.getDeadLetter(taskRefOf(id));
  expect(letter).toMatchObject({ task: { reason: "max_attempts", failure: bytesOf("still not") } });
  await rooms.close();
});

test("a list of delays is waited for one after the other, and the last one again", async () => {
  const rooms = await openRooms();
  const retry = { baseMs: 1, factor: 1, maxMs: 1, jitter: "none", delaysMs: [0, 3000] } as const;
  const [id = ""] = await rooms.enqueue({ policy: { retry } });
  const worker = await rooms.worker();
  expect(await worker.fail(await worker.takeOne())).toMatchObject({ state: "ready" });
  for (const attempt of [2, 3]) {
    expect(await worker.fail(await worker.takeOne())).toMatchObject({ state: "scheduled" });
    const { notBefore } = await rooms.read(id);
    expect(notBefore, `after attempt ${attempt}`).toBe(rooms.clock.now() + 3000);
    await rooms.clock.advance(3020);
  }
  await rooms.close();
});

test("a failure that is not to be tried again ends the task, in the transaction that records it", async () => {
  const rooms = await openRooms();
  const retry = { baseMs: 1, factor: 1, maxMs: 1, jitter: "none", neverFor: ["NotFound"] } as const;
  const [id = ""] = await rooms.enqueue({ policy: { retry } });
  const worker = await rooms.worker();
  const failure = bytesOf("gone");
  const outcome = { kind: "failed", failure, nonRetryable: false, types: ["NotFound"] } as const;
  expect(await worker.settle(await worker.takeOne(), outcome)).toEqual({ kind: "accepted", state: "failed" });
  expect(await rooms.read(id)).toMatchObject({ state: "failed", reason: "non_retryable", failure });
  const { events } = await rooms.store.readEvents(undefined, 100);
  expect(events.map(({ kind }) => kind)).toEqual(["accepted", "leased", "failed"]);
  await rooms.close();
});

test("a repeat of a settlement with all that it can say is a duplicate, and applied once", async () => {
  const rooms = await openRooms();
  const [id = ""] = await rooms.enqueue({});
  const worker = await rooms.worker();
  const lease = await worker.takeOne();
  const outcome = {
    kind: "retry",
    delayMs: 5000,
    failure: bytesOf("busy"),
    checkpoint: bytesOf("half"),
    overrides: { maxAttempts: 7 },
  } as const;
  expect(await worker.settle(lease, outcome)).toMatchObject({ kind: "accepted" });
  expect(await worker.settle(lease, outcome)).toMatchObject({ kind: "duplicate" });
  expect(await worker.settle(lease, { ...outcome, checkpoint: bytesOf("more") })).toMatchObject({
    kind: "lost",
  });
  expect(await rooms.read(id)).toMatchObject({ attempt: 2, policy: { maxAttempts: 7 } });
  await rooms.close();
});
