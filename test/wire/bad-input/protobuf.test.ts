import { fromBinary } from "@bufbuild/protobuf";
import { Code } from "@stem/proto/google/rpc/code_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { SettleTasksResponseSchema } from "@stem/proto/stem/v1/worker_service_pb";
import { expect, test } from "vitest";
import { lengthField, lengthHead, repeated, varintField } from "../../support/protobuf-bytes.ts";
import { explained, framed, grpcError, grpcStatus } from "../../support/raw-http2.ts";
import { jsonCall } from "./json-call.ts";
import { costOf, liveServer, paths } from "./live-server.ts";
import { refusalOf } from "./refusal.ts";

const server = liveServer();

const mib = 1024 * 1024;
const [ok, invalidArgument, resourceExhausted, internal] = ["0", "3", "8", "13"];

// Made before the server runs: it takes longer than any pause that is allowed while it does. As small as entries can be, a million of
// them fit into a message; with keys of their own they do not.
const equalEntries = framed(repeated(Buffer.of(0x32, 0), 1_000_000));
const differentEntries = framed(
  Buffer.from(
    Array.from({ length: 1_000_000 }, (_, n) => `2\b\n\u0006${String(n).padStart(6, "0")}`).join(""),
  ),
);

const taskId = (id: string) => lengthField(2, id);
/** A task of this id by hand, with more in it. */
const enqueueBytes = (id: string, ...more: readonly Uint8Array[]): Buffer =>
  framed(Buffer.concat([lengthField(1, id), lengthField(2, "n"), ...more]));

/** Expects each of these bodies to end in INTERNAL, and nothing of it to be the server's fault. */
async function expectInternal(path: string, bodies: Readonly<Record<string, Uint8Array>>): Promise<void> {
  for (const [what, body] of Object.entries(bodies)) {
    const answer = await server.call(path, framed(body));
    expect(grpcStatus(answer), what).toBe(internal);
  }
}

test("D040 varints and lengths that do not end where they should are INTERNAL", async () => {
  const eleven = Buffer.concat([repeated(Buffer.of(0xff), 10), Buffer.of(1)]);
  await expectInternal(paths.getTask, {
    "a varint cut short": Buffer.of(0x12, 0xff),
    "a tag cut short": Buffer.of(0x92),
    "a varint of 11 bytes in an unknown field": Buffer.concat([taskId("a"), Buffer.of(0x78), eleven]),
    "a length of 11 bytes": Buffer.concat([Buffer.of(0x12), eleven]),
    "a length beyond the end": Buffer.of(0x12, 5, 0x61),
    "a length of 4 GiB": Buffer.of(0x12, 0xff, 0xff, 0xff, 0xff, 0x0f),
  });
  await expectInternal(paths.listTasks, {
    "a varint of 11 bytes in a number": Buffer.concat([Buffer.of(0x40), eleven]),
    "a list in one piece that is cut short": Buffer.of(0x12, 2, 1, 0x81),
  });
  await expectInternal(paths.enqueueTask, {
    // The arguments' JSON claims the two bytes after them, which are the queue's.
    "a length beyond the message around it": Buffer.concat([
      lengthField(2, "n"),
      lengthField(3, Buffer.of(0x0a, 3, 0x31)),
      lengthField(4, ""),
    ]),
  });
});

test("D041 wire types and field numbers that are not allowed are INTERNAL", async () => {
  await expectInternal(paths.getTask, {
    "wire type 6": Buffer.of(0x7e, 0),
    "wire type 7": Buffer.of(0x7f, 0),
    "field number 0": Buffer.of(0x02, 0),
    "a number for text": varintField(2, 1),
    "8 bytes for text": Buffer.of(0x11, 1, 2, 3, 4, 5, 6, 7, 8),
    "a group for text": Buffer.of(0x13, 0x14),
    "a group's end without its beginning": Buffer.of(0x7c),
    "another group's end": Buffer.of(0x7b, 0x74),
    "a group without an end": Buffer.of(0x7b),
    "text that is not UTF-8": Buffer.of(0x12, 2, 0xc3, 0x28),
  });
  await expectInternal(paths.listTasks, { "text for a number": lengthField(8, "1") });
  await expectInternal(paths.enqueueTask, { "a number for a message": varintField(3, 1) });
});

test("D043 a nesting of 101, 5,000 and 20,000 levels is INTERNAL", async () => {
  const { bytes } = await costOf(async () => {
    for (const depth of [101, 5000, 20_000]) {
      await expectInternal(paths.enqueueTask, {
        [`${depth} messages`]: Buffer.concat([lengthField(2, "n"), nestedValue(depth)]),
        [`${depth} groups`]: Buffer.concat([lengthField(2, "n"), repeated(Buffer.of(0x7b), depth)]),
      });
    }
  });
  expect(bytes).toBeLessThan(32 * mib);
});

/** Arguments whose value is a list with a list and so on: written from the inside out, and put together once. */
function nestedValue(depth: number): Buffer {
  const heads: Buffer[] = [];
  let length = 0;
  for (let level = 0; level < depth; level++) {
    // Its list_value in a Value, and the list's values.
    const head = lengthHead(level % 2 === 0 ? 1 : 6, length);
    heads.push(head);
    length += head.length;
  }
  return lengthField(3, lengthField(3, Buffer.concat(heads.reverse())));
}

test("D044 unknown fields are ignored, and neither stored nor sent back", async () => {
  const stowaway = lengthField(1999, "stowaway");
  const args = lengthField(3, Buffer.concat([lengthField(1, "[1]"), stowaway]));
  const options = lengthField(5, Buffer.concat([varintField(1, 7), stowaway]));
  const queue = lengthField(4, "unknown-fields");
  const group = Buffer.of(0xfb, 0x7c, 0x08, 1, 0xfc, 0x7c);
  const body = enqueueBytes("unknown-fields", args, queue, options, stowaway, group);
  expect(grpcStatus(await server.call(paths.enqueueTask, body))).toBe(ok);
  const got = await server.call(paths.getTask, framed(Buffer.concat([taskId("unknown-fields"), stowaway])));
  expect(grpcStatus(got)).toBe(ok);
  const leased = await server.call(paths.leaseTasks, framed(lengthField(2, "unknown-fields")));
  expect(grpcStatus(leased)).toBe(ok);
  for (const { body: answer } of [got, leased]) {
    expect(answer.includes("[1]"), "what is known is there").toBe(true);
    expect(answer.includes("stowaway")).toBe(false);
  }
  // By the million they are too much to look at, and are refused before anything is made of them.
  const many = framed(repeated(Buffer.of(0x78, 0), 1_000_000));
  expect(grpcStatus(await server.call(paths.getTask, many))).toBe(resourceExhausted);
});

test("D046 an enum's 0 where a value is required is INVALID_ARGUMENT", async () => {
  for (const states of [varintField(2, 0), lengthField(2, Buffer.of(0))]) {
    const answer = await server.call(paths.listTasks, framed(states));
    expect(grpcStatus(answer)).toBe(invalidArgument);
    expect(explained(grpcError(answer)).fields).toEqual(["states[0]"]);
  }
});

test("in JSON, which people write, a name that no field has is refused, and so is a word that an enum does not have", async () => {
  const say = (method: string, body: object) =>
    refusalOf(jsonCall(server.wire.url, method, JSON.stringify(body)));
  const refused = { code: Code.INVALID_ARGUMENT, reason: "FIELD_INVALID" };
  const misspelt = { id: "misspelt", name: "n", options: { dealy: "3600s" } };
  expect(await say("TaskService/EnqueueTask", misspelt)).toMatchObject({
    ...refused,
    fields: ["options.dealy"],
  });
  const batch = { tasks: [{ name: "n" }, { id: "misspelt", name: "n", prio: 9 }] };
  expect(await say("TaskService/EnqueueTasks", batch)).toMatchObject({
    ...refused,
    fields: ["tasks[1].prio"],
  });
  expect(await say("TaskService/ListTasks", { states: ["TASK_STATE_REDY"] })).toMatchObject({
    ...refused,
    fields: ["states[0]"],
  });
  await expect(server.tasks.getTask({ taskId: "misspelt" })).rejects.toThrow("there is no task");
});

test("D047 an empty oneof that is required is INVALID_ARGUMENT; of two members the last wins", async () => {
  await server.tasks.enqueueTask({ id: "oneof", name: "n", queue: "oneof" });
  const { grants } = await server.workers.leaseTasks({ queues: ["oneof"] });
  const token = lengthField(1, grants[0]?.leaseToken ?? new Uint8Array());
  const settle = async (...outcome: readonly Uint8Array[]) => {
    const body = framed(lengthField(2, Buffer.concat([token, ...outcome])));
    const answer = await server.call(paths.settleTasks, body);
    expect(grpcStatus(answer)).toBe(ok);
    return fromBinary(SettleTasksResponseSchema, answer.body.subarray(5)).results[0];
  };
  // One bad settlement does not refuse its batch, so the code stands in its own answer.
  const empty = await settle();
  expect(empty?.error?.code).toBe(Code.INVALID_ARGUMENT);
  expect(explained(empty?.error).fields).toEqual(["settlements[0].outcome"]);
  const [succeeded, rejected] = [lengthField(2, ""), lengthField(6, lengthField(1, "no"))];
  const both = await settle(succeeded, rejected);
  expect(both?.verdict?.state).toBe(TaskState.FAILED);
});

test("D049 a map of a million entries is RESOURCE_EXHAUSTED; of one key's entries the last wins", async () => {
  const header = (key: string, value: string) =>
    lengthField(6, Buffer.concat([lengthField(1, key), lengthField(2, value)]));
  const { bytes } = await costOf(async () => {
    expect(grpcStatus(await server.call(paths.enqueueTask, equalEntries))).toBe(resourceExhausted);
    expect(grpcStatus(await server.call(paths.enqueueTask, differentEntries))).toBe(resourceExhausted);
  });
  expect(bytes).toBeLessThan(64 * mib);
  await server.call(paths.enqueueTask, enqueueBytes("last-wins", header("k", "1"), header("k", "2")));
  expect((await server.tasks.getTask({ taskId: "last-wins" })).task?.headers).toEqual({ k: "2" });
  // The same of lists, which are answered by their bound.
  for (const [path, item] of [
    [paths.enqueueTasks, lengthField(2, "")],
    [paths.awaitTasks, lengthField(2, "")],
    [paths.leaseTasks, lengthField(2, "")],
    [paths.settleTasks, lengthField(2, "")],
    [paths.extendLeases, lengthField(2, "")],
  ] as const) {
    const answer = await server.call(path, framed(repeated(item, 1_000_000)));
    expect(grpcStatus(answer), path).toBe(resourceExhausted);
  }
});

test("D050 map keys with a meaning in JavaScript are plain data", async () => {
  const keys = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"];
  const entries = (number: number, value: string, of = keys) =>
    Buffer.concat(
      of.map((key) => lengthField(number, Buffer.concat([lengthField(1, key), lengthField(2, value)]))),
    );
  const args = lengthField(3, Buffer.concat([lengthField(1, "[]"), entries(5, "as encoding")]));
  // A header's key is in lower case, so some of these cannot be one.
  const headers = entries(6, "as header", ["__proto__", "constructor", "prototype"]);
  const queue = lengthField(4, "proto-keys");
  expect(grpcStatus(await server.call(paths.enqueueTask, enqueueBytes("proto", args, headers, queue)))).toBe(
    ok,
  );
  const refused = await server.call(paths.enqueueTask, enqueueBytes("proto-2", entries(6, "", ["toString"])));
  expect(grpcStatus(refused)).toBe(invalidArgument);
  const { task } = await server.tasks.getTask({ taskId: "proto" });
  const { grants } = await server.workers.leaseTasks({ queues: ["proto-keys"] });
  for (const seen of [task, grants[0]?.task]) {
    expect(Object.entries(seen?.args?.encoding ?? {}).sort()).toEqual(
      keys.map((key) => [key, "as encoding"]).sort(),
    );
    expect(Object.keys(seen?.headers ?? {}).sort()).toEqual(["__proto__", "constructor", "prototype"]);
  }
  expect(Object.hasOwn(Object.prototype, "as header")).toBe(false);
  expect(({} as Record<string, unknown>)["constructor"]).toBe(Object);
});
