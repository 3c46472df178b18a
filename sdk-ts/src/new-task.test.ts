import { fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import { expect, test } from "vitest";
import { z } from "zod";
import { type ArgsShape, defineTask } from "./define-task.ts";
import { outgoingTask } from "./new-task.ts";
import type { EnqueueOptions } from "./task-options.ts";

const task = defineTask<ArgsShape>({ name: "mail.send" });

/** A call's task as it arrives at the other end. */
async function arrived(args: ArgsShape, options: EnqueueOptions) {
  const outgoing = await outgoingTask(task.call(args, options));
  const message = fromBinary(NewTaskSchema, outgoing.message);
  expect(outgoing.message, "the order of fields, too").toEqual(toBinary(NewTaskSchema, message));
  return toJson(NewTaskSchema, message);
}

test("a call without options says nothing but id, name and arguments", async () => {
  expect(await arrived([1, "zwei"], { id: "t1" })).toEqual({
    id: "t1",
    name: "mail.send",
    args: { json: '[1,"zwei"]' },
  });
});

test("a routing key arrives in place of a queue", async () => {
  expect(await arrived([], { id: "t1", routingKey: "eu.mail" })).toMatchObject({ routingKey: "eu.mail" });
});

test("metadata, a bound on what is kept, and what is said to be none arrive", async () => {
  const options = {
    keepNewest: { count: 0, bytes: 5 },
    unique: false,
    limitKey: "",
    ignoreResult: false,
  } as const;
  expect(await arrived([], { id: "t1", metadata: { ticket: "A-1" }, ...options })).toMatchObject({
    metadata: { ticket: "A-1" },
    options: {
      keepNewest: { count: "0", bytes: "5" },
      unique: { none: true },
      limitKey: "",
      ignoreResult: false,
    },
  });
  expect(await arrived([], { id: "t1", keepNewest: {} })).toMatchObject({ options: { keepNewest: {} } });
  expect(() => outgoingTask(task.call([], { keepNewest: { count: 1.5 } }))).toThrow("keepNewest.count");
});

test("every option arrives", async () => {
  const sent = await arrived(
    { to: "ä@b" },
    {
      id: "t1",
      queue: "mail",
      priority: 0,
      maxAttempts: 7,
      maxDeliveries: 9,
      retry: { baseDelayMs: 1500, factor: 1.5, maxDelayMs: 60_000, jitter: "none" },
      delayMs: 2500,
      timeLimitMs: 10,
      leaseMs: 30_000,
      resultRetentionMs: 0,
      limitKey: "tenant-7",
      orderingKey: "invoice-12",
      fairnessKey: "tenant-7",
      requiredLabels: { gpu: "yes" },
      headers: { tenant: "ä" },
      tags: ["nightly"],
      trace: { traceparent: "00-1-2-01", tracestate: "a=b" },
    },
  );
  expect(sent).toEqual({
    id: "t1",
    name: "mail.send",
    args: { json: '{"to":"ä@b"}' },
    queue: "mail",
    options: {
      priority: 0,
      maxAttempts: 7,
      maxDeliveries: 9,
      retry: { baseDelay: "1.500s", factor: 1.5, maxDelay: "60s", jitter: "JITTER_NONE" },
      delay: "2.500s",
      timeLimit: "0.010s",
      leaseDuration: "30s",
      resultRetention: "0s",
      limitKey: "tenant-7",
      orderingKey: "invoice-12",
      fairnessKey: "tenant-7",
      requiredLabels: { gpu: "yes" },
    },
    headers: { tenant: "ä" },
    tags: ["nightly"],
    trace: { traceparent: "00-1-2-01", tracestate: "a=b" },
  });
});

test("an instant wins over a delay, and bytes travel as bytes", async () => {
  const noon = new Date("2030-01-01T12:00:00Z");
  const sent = await arrived(new Uint8Array([1]), { id: "t1", notBefore: noon, delayMs: 5 });
  expect(sent).toMatchObject({
    args: { binary: "AQ==" },
    options: { notBeforeTime: "2030-01-01T12:00:00Z" },
  });
});

test("ids are UUIDv7, and rise", async () => {
  const [first, second] = [await outgoingTask(task.call([])), await outgoingTask(task.call([]))];
  expect(first.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(second.id > first.id).toBe(true);
});

test.each([
  [{ delayMs: -1 }, "delayMs must be a number of milliseconds, 0 or more; it is -1"],
  [{ timeLimitMs: Number.NaN }, "timeLimitMs must be"],
  [{ retry: { maxDelayMs: Number.POSITIVE_INFINITY } }, "retry.maxDelayMs must be"],
  [{ notBefore: new Date("never") }, "notBefore is not a valid date"],
])("the options %j are refused before anything is sent", (options, fault) => {
  expect(() => outgoingTask(task.call([], options))).toThrow(fault);
});

test("arguments are checked by the schema, and sent as they were given", async () => {
  const parse = defineTask({ name: "parse", args: z.tuple([z.coerce.date()]) });
  const outgoing = await outgoingTask(parse.call(["2030-01-01"]));
  expect(fromBinary(NewTaskSchema, outgoing.message).args?.data).toEqual({
    case: "json",
    value: '["2030-01-01"]',
  });
  expect(() => outgoingTask(parse.call(["never"]))).toThrow(
    "args of task parse do not fit its definition: [0]:",
  );
});

test("an asynchronous schema refuses asynchronously", async () => {
  const args = z.tuple([z.string().refine(async (text) => text !== "bad", "is bad")]);
  const check = defineTask({ name: "check", args });
  await expect(outgoingTask(check.call(["bad"]))).rejects.toThrow("[0]: is bad");
  await expect(outgoingTask(check.call(["good"]))).resolves.toMatchObject({ id: expect.any(String) });
});
