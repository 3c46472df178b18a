import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FailureSchema } from "@stem/proto/stem/v1/failure_pb";
import { PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import { expect, onTestFinished, test } from "vitest";
import { createNewTaskReader } from "../../server/src/api/convert/new-task.ts";
import type { TaskSubmission } from "../../server/src/broker/broker.ts";
import { linkedId } from "../../server/src/model/continuation.ts";
import { defaultNamespace, type TaskId, taskIdOf } from "../../server/src/model/ids.ts";
import { defaults, limits } from "../../server/src/model/limits.ts";
import type { LinkedEnd } from "../../server/src/model/task.ts";
import { openRooms, taskRefOf } from "../support/rooms.ts";

type Wish = Parameters<typeof create<typeof NewTaskSchema>>[1];

const json = (value: unknown) =>
  create(PayloadSchema, { data: { case: "json", value: JSON.stringify(value) } });
const childOf = (parent: string, on: LinkedEnd = "succeeded"): TaskId =>
  linkedId(defaultNamespace, taskIdOf(parent), on, 0);

async function open() {
  const rooms = await openRooms();
  onTestFinished(rooms.close);
  const read = createNewTaskReader({ limits, defaults });
  const enqueue = (wish: Wish) => {
    const task = read(create(NewTaskSchema, wish), defaultNamespace, rooms.clock.now());
    return rooms.broker.enqueue(defaultNamespace, [task as TaskSubmission], false);
  };
  const worker = await rooms.worker();
  /** What the next task's handler is given, and the answer to it. */
  async function runNext(result: unknown = null) {
    const lease = await worker.takeOne();
    const { args, parentId, rootId } = fromBinary(NewTaskSchema, lease.content);
    await worker.settle(lease, { kind: "succeeded", result: toBinary(PayloadSchema, json(result)) });
    return { id: lease.taskId, args: args?.data.value, parentId, rootId };
  }
  return { ...rooms, enqueue, worker, connect: rooms.worker, runNext };
}

const following = (task: Wish, more = {}) => ({ options: { link: [{ task, ...more }] } });

test("what a task hands on stands behind the arguments of the one that follows it, which stay as they are", async () => {
  const { enqueue, runNext, read } = await open();
  await enqueue({ id: "a", name: "a", ...following({ name: "b", args: json(["own", 1]) }) });
  await runNext({ sum: 5 });
  expect(await runNext()).toEqual({
    ...{ id: childOf("a"), args: '["own",1,{"sum":5}]', parentId: "a", rootId: "a" },
  });
  const { content } = await read(childOf("a"));
  expect(fromBinary(NewTaskSchema, content).args?.data.value).toBe('["own",1]');
});

test("an object has it as a member, and no arguments have it alone", async () => {
  const { enqueue, runNext } = await open();
  const link = [
    { task: { name: "usual", args: json({ own: 1 }) } },
    { task: { name: "named", args: json({}) }, inputAs: "sum" },
    { task: { name: "alone" } },
    { task: { name: "alone-named" }, inputAs: "sum" },
    { task: { name: "empty", args: json([]) } },
    { task: { name: "nothing", args: json(["own"]) }, ignoreInput: true },
  ];
  await enqueue({ id: "a", name: "a", options: { link } });
  await runNext(5);
  const seen: unknown[] = [];
  for (const _ of link) seen.push((await runNext()).args);
  expect(seen).toEqual(['{"own":1,"result":5}', '{"sum":5}', "[5]", '{"sum":5}', "[5]", '["own"]']);
});

test("nothing of a task is in the one that follows it but family and trace", async () => {
  const { enqueue, worker, read } = await open();
  const trace = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "" };
  await enqueue({
    ...{ id: "a", name: "a", headers: { tenant: "x" }, tags: ["nightly"], trace, rootId: "first" },
    options: {
      ...{ priority: 9, maxAttempts: 9, limitKey: "k", orderingKey: "o", ignoreResult: true },
      link: [{ task: { name: "b" } }],
    },
  });
  await worker.succeed(await worker.takeOne());
  const child = await read(childOf("a"));
  expect(child).toMatchObject({
    ...{ priority: defaults.priority, tags: [], ties: undefined, queue: "default" },
    policy: { maxAttempts: defaults.maxAttempts },
    lineage: { parentId: "a", rootId: "first" },
  });
  expect(child.policy.ignoreResult).toBeUndefined();
  const said = fromBinary(NewTaskSchema, child.content);
  expect(said).toMatchObject({ headers: {}, tags: [], trace: { traceparent: trace.traceparent } });
});

test("a result that is no JSON fails the task that cannot be given it, and that is followed as ever", async () => {
  const { enqueue, worker, read } = await open();
  const linkError = [{ task: { id: "told", name: "c" } }];
  await enqueue({ id: "a", name: "a", ...following({ id: "b", name: "b", options: { linkError } }) });
  const bytes = create(PayloadSchema, { data: { case: "binary", value: Uint8Array.of(1) } });
  await worker.settle(await worker.takeOne(), { kind: "succeeded", result: toBinary(PayloadSchema, bytes) });
  const lease = await worker.takeOne();
  expect(lease.taskId).toBe("told");
  const failed = await read("b");
  expect(failed).toMatchObject({ state: "failed", reason: "rejected" });
  expect(fromBinary(FailureSchema, failed.failure ?? new Uint8Array())).toMatchObject({
    ...{ type: "InputUnusable", message: "the result of task a is not plain JSON" },
  });
  expect(fromBinary(NewTaskSchema, lease.content).args?.data.value).toContain('"reason":"rejected"');
});

test("arguments and result that are too large together fail the task that would have both", async () => {
  const { enqueue, runNext, worker, read } = await open();
  const large = "x".repeat(1_500_000);
  await enqueue({ id: "a", name: "a", ...following({ id: "b", name: "b", args: json([large]) }) });
  await runNext(large);
  await enqueue({ id: "next", name: "c" });
  expect((await worker.takeOne()).taskId).toBe("next");
  const failure = fromBinary(FailureSchema, (await read("b")).failure ?? new Uint8Array());
  expect(failure.message).toMatch(
    /^with what it is handed, its arguments have \d+ bytes; the limit is 2097152$/,
  );
});

test("a replay is followed again by tasks with new ids, and what follows can be replayed with what it was handed", async () => {
  const { enqueue, runNext, broker } = await open();
  await enqueue({ id: "a", name: "a", ...following({ id: "b", name: "b", args: json([1]) }) });
  await runNext(5);
  await runNext();
  await broker.replay(taskRefOf("a"), taskIdOf("a2"));
  await runNext(6);
  expect(await runNext()).toEqual({ id: childOf("a2"), args: "[1,6]", parentId: "a2", rootId: "a2" });
  await broker.replay(taskRefOf("b"), taskIdOf("b2"));
  expect(await runNext()).toMatchObject({ id: "b2", args: "[1,5]", parentId: "a" });
});

test("what follows a task that its worker took down is told so", async () => {
  const rooms = await open();
  const linkError = [{ task: { name: "b" } }];
  await rooms.enqueue({ id: "a", name: "a", options: { maxDeliveries: 1, linkError } });
  await rooms.worker.takeOne();
  rooms.worker.lose();
  await rooms.clock.advance(60_000);
  const other = await rooms.connect();
  const { args } = fromBinary(NewTaskSchema, (await other.takeOne()).content);
  expect(JSON.parse(String(args?.data.value))).toEqual([
    { taskId: "a", taskName: "a", attempt: 1, reason: "max_deliveries" },
  ]);
});

test("what follows waits for its own time, and not for the next look around", async () => {
  const { enqueue, runNext, worker, clock } = await open();
  const delay = { case: "delay" as const, value: { seconds: 0n, nanos: 400_000_000 } };
  const link = [
    { task: { id: "later", name: "b", options: { start: delay } } },
    { task: { id: "now", name: "c" } },
  ];
  await enqueue({ id: "a", name: "a", options: { link } });
  await clock.advance(10_000);
  await runNext();
  expect((await worker.takeOne()).taskId).toBe("now");
  const next = worker.takeOne();
  await clock.advance(399);
  await clock.advance(1);
  expect((await next).taskId).toBe("later");
});
