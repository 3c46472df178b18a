import { expect, test } from "vitest";
import { z } from "zod";
import { defineTask } from "../define-task.ts";
import { StemProblem } from "../problem.ts";
import { cron } from "../schedules/specs.ts";
import { SchemaMismatchError } from "../schema.ts";
import { ClientClosedError, EnqueueManyError, TaskCancelledError, TaskFailedError } from "../task-errors.ts";
import { createFakeClient } from "./fake-client.ts";
import { NoAnswerError } from "./fake-handles.ts";
import { NoServerError } from "./no-operators.ts";

const add = defineTask<[a: number, b: number], number>({ name: "add" });
const mail = defineTask<{ to: string }, string>({
  name: "mail",
  options: { queue: "mails", tags: ["mail"] },
});
const checked = defineTask({ name: "checked", args: z.tuple([z.string().min(3)]), result: z.number() });

const busy = new StemProblem({
  reason: "DRAINING",
  code: "RESOURCE_EXHAUSTED",
  message: "full",
  metadata: {},
  violations: [],
  retryAfterMs: undefined,
  outcome: "not_accepted",
});

test("it records what is enqueued, with the options that are in force", async () => {
  const client = createFakeClient();
  await client.enqueue(add, [2, 3], { priority: 9, id: "sum" });
  await client.enqueueMany([mail.call({ to: "a@b" }, { tags: ["new"] }), add.call([1, 1])]);
  expect(client.enqueued.slice(0, 2)).toEqual([
    { id: "sum", name: "add", args: [2, 3], options: { id: "sum", priority: 9 } },
    {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: "mail",
      args: { to: "a@b" },
      options: { id: expect.any(String), queue: "mails", tags: ["mail", "new"] },
    },
  ]);
  expect(client.argsOf(add)).toEqual([
    [2, 3],
    [1, 1],
  ]);
  client.reset();
  expect(client.enqueued).toEqual([]);
});

test("arguments are recorded as they would travel, whatever is done to them later", async () => {
  const client = createFakeClient();
  const args: [number[], Date] = [[1], new Date(0)];
  await client.enqueue(defineTask<[number[], Date]>({ name: "list" }), args);
  args[0].push(2);
  expect(client.enqueued[0]?.args).toEqual([[1], "1970-01-01T00:00:00.000Z"]);
});

test("what a real client refuses to send, it refuses too", async () => {
  const client = createFakeClient();
  await expect(client.enqueue(checked, ["no"])).rejects.toThrow(SchemaMismatchError);
  await expect(client.enqueue(add, [1, 2], { delayMs: -1 })).rejects.toThrow("delayMs");
  expect(client.enqueued).toEqual([]);
});

test("it results in what the test says", async () => {
  const client = createFakeClient();
  const early = await client.enqueue(add, [2, 3]);
  client.answer(add, (a, b) => a + b);
  client.answer(mail, "sent");
  expect(await early.result()).toBe(5);
  expect((await early.status()).state).toBe("succeeded");
  expect(await (await client.enqueue(mail, { to: "a" })).result()).toBe("sent");
  expect(await client.handle(add, early.id).result()).toBe(5);
});

test("an answer that throws is a failed task", async () => {
  const client = createFakeClient();
  client.answer(add, () => {
    throw new RangeError("too much");
  });
  const sum = await client.enqueue(add, [1, 2]);
  await expect(sum.result()).rejects.toThrow(TaskFailedError);
  expect((await sum.status()).failure).toMatchObject({ type: "RangeError", message: "too much" });
});

test("a result that does not fit its schema is none", async () => {
  const client = createFakeClient();
  client.answer(checked, "seven" as never);
  await expect((await client.enqueue(checked, ["long"])).result()).rejects.toThrow(SchemaMismatchError);
});

test("nobody waits for ever for a result that nobody has said", async () => {
  const client = createFakeClient();
  const sum = await client.enqueue(add, [1, 2]);
  await expect(sum.result()).rejects.toThrow(NoAnswerError);
  await expect(client.handle(add, "unknown").result()).rejects.toMatchObject({ reason: "TASK_UNKNOWN" });
});

test("a waiting task is ready or scheduled, and can be cancelled once", async () => {
  const client = createFakeClient();
  const later = await client.enqueue(add, [1, 2], { delayMs: 1000 });
  expect((await later.status()).state).toBe("scheduled");
  expect((await (await client.enqueue(add, [1, 2])).status()).state).toBe("ready");
  expect(await later.cancel("not needed")).toEqual({ outcome: "cancelled", state: "cancelled" });
  expect(await later.cancel()).toEqual({ outcome: "already_terminal", state: "cancelled" });
  await expect(later.result()).rejects.toThrow(TaskCancelledError);
});

test("it cannot explain why a task does not run: nothing runs its tasks", async () => {
  const task = await createFakeClient().enqueue(add, [1, 2]);
  await expect(task.explain()).rejects.toThrow(NoServerError);
});

test("the same task twice is one; another with its id is refused", async () => {
  const client = createFakeClient();
  await client.enqueue(add, [1, 2], { id: "a" });
  expect((await client.enqueue(add, [1, 2], { id: "a" })).deduplicated).toBe(true);
  await expect(client.enqueue(add, [1, 3], { id: "a" })).rejects.toMatchObject({ reason: "TASK_EXISTS" });
  expect(client.enqueued).toHaveLength(1);
});

test("it refuses what it is told to refuse, one by one or all together", async () => {
  const client = createFakeClient();
  client.refuse(mail, busy);
  const calls = [add.call([1, 2], { id: "a" }), mail.call({ to: "x" })];
  await expect(client.enqueue(mail, { to: "x" })).rejects.toBe(busy);
  await expect(client.enqueueMany(calls, { atomic: true })).rejects.toMatchObject({ storedIds: [] });
  expect(client.enqueued).toEqual([]);
  const error = await client.enqueueMany(calls).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(EnqueueManyError);
  expect(error).toMatchObject({ storedIds: ["a"], refused: [{ index: 1, problem: busy }] });
  client.refuse(mail, undefined);
  await client.enqueue(mail, { to: "x" });
});

test("a closed one takes nothing more", async () => {
  const client = createFakeClient();
  await client.close();
  await expect(client.enqueue(add, [1, 2])).rejects.toThrow(ClientClosedError);
});

test("it records what is broadcast, checked as a call is, and nobody listens", async () => {
  const client = createFakeClient();
  const published = await client.broadcast("sums", add, [2, 3], { id: "b", delivery: "at-most-once" });
  expect(published).toMatchObject({ id: "b", deduplicated: false, listeners: 0 });
  expect(await published.outcomes()).toEqual([]);
  expect(await client.broadcast("sums", add, [2, 3], { id: "b" })).toMatchObject({ deduplicated: true });
  expect(client.broadcasts).toEqual([
    { id: "b", channel: "sums", name: "add", args: [2, 3], options: { id: "b", delivery: "at-most-once" } },
  ]);
  expect(client.enqueued).toEqual([]);
  await expect(client.broadcast("c", checked, ["no"])).rejects.toBeInstanceOf(SchemaMismatchError);
  client.refuse(add, busy);
  await expect(client.broadcast("sums", add, [1, 1])).rejects.toBe(busy);
  client.reset();
  expect(client.broadcasts).toEqual([]);
});

test("what operators do needs a server, and a fake client says so", async () => {
  const client = createFakeClient();
  expect(() => client.tasks.runNow("a")).toThrow("tasks.runNow needs a server");
  expect(() => client.deadLetters.list()).toThrow(NoServerError);
});

test("schedules need a server, and a fake client says so", () => {
  const { schedules } = createFakeClient();
  const nightly = { spec: cron("0 3 * * *"), target: add.call([1, 2]) };
  expect(() => schedules.create("nightly", nightly)).toThrow("schedules.create needs a server");
  expect(() => schedules.list()).toThrow(NoServerError);
});
