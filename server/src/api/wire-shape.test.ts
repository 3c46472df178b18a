import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  EnqueueTasksRequestSchema,
  GetTaskRequestSchema,
  ListTasksRequestSchema,
} from "@stem/proto/stem/v1/task_service_pb";
import { describe, expect, test } from "vitest";
import { createWireCheck } from "./wire-shape.ts";

const partsMax = 40;
const checkBatch = createWireCheck(EnqueueTasksRequestSchema, partsMax);
const checkGet = createWireCheck(GetTaskRequestSchema, partsMax);
const checkList = createWireCheck(ListTasksRequestSchema, partsMax);

const task: NonNullable<MessageInitShape<typeof EnqueueTasksRequestSchema>["tasks"]>[number] = {
  ...{ id: "t", name: "é".repeat(200), tags: ["a", "b"], headers: { a: "b", "": "" } },
  args: {
    data: { case: "value", value: { kind: { case: "listValue", value: { values: [] } } } },
    encoding: { codec: "x" },
  },
  options: {
    ...{ priority: -1, retry: { factor: 2.5, baseDelay: { seconds: -5n, nanos: 1 } } },
    start: { case: "delay", value: { seconds: 2n ** 40n } },
  },
};
const batch = toBinary(
  EnqueueTasksRequestSchema,
  create(EnqueueTasksRequestSchema, { namespace: "default", tasks: [task, task, {}] }),
);

describe("what is a message passes", () => {
  test("with every kind of field", () => expect(checkBatch(batch)).toBeUndefined());
  test("with nothing in it", () => expect(checkBatch(new Uint8Array())).toBeUndefined());
  test.each([
    ["a list in one piece", [0x12, 3, 1, 2, 3]],
    ["a list item by item", [0x10, 1, 0x10, 2]],
  ])("with %s", (_what, bytes) => expect(checkList(Uint8Array.from(bytes))).toBeUndefined());
  test.each([
    ["varint", [0x78, 0xff, 1]],
    ["of 8 bytes", [0x79, 1, 2, 3, 4, 5, 6, 7, 8]],
    ["of 4 bytes", [0x7d, 1, 2, 3, 4]],
    ["with a length", [0x7a, 2, 0xff, 0xff]],
    ["that is a group with a group", [0x7b, 0x0b, 0x10, 1, 0x0c, 0x7c]],
    ["with the highest number", [0xf8, 0xff, 0xff, 0xff, 0x0f, 0]],
  ])("with an unknown field %s", (_what, bytes) =>
    expect(checkGet(Uint8Array.from([...bytes, 0x12, 1, 0x61]))).toBeUndefined(),
  );
});

test("cut short anywhere but between its fields, it is no message", () => {
  const ends = new Set([0]);
  for (const tasks of [[], [task], [task, task]])
    ends.add(
      toBinary(EnqueueTasksRequestSchema, create(EnqueueTasksRequestSchema, { namespace: "default", tasks }))
        .length,
    );
  for (let length = 0; length < batch.length; length++)
    expect(checkBatch(batch.subarray(0, length)), `${length} bytes`).toBe(
      ends.has(length) ? undefined : "malformed",
    );
});

describe("what is no message is malformed", () => {
  test.each([
    ["a tag without a value", [0x12]],
    ["a varint without an end", [0x78, 0xff]],
    ["a varint of eleven bytes", [0x78, ...Array<number>(10).fill(0xff), 1]],
    ["a tag beyond 32 bits", [0xf8, 0xff, 0xff, 0xff, 0x1f, 0]],
    ["wire type 6", [0x16, 0]],
    ["wire type 7", [0x17, 0]],
    ["field number 0", [0x02, 0]],
    ["a number where there should be text", [0x10, 2, 0x61, 0x62]],
    ["a group where there should be text", [0x13, 0x14]],
    ["a group without an end", [0x7b, 0x08, 1]],
    ["the end of a group that was not begun", [0x7c]],
    ["the end of another group", [0x7b, 0x74]],
    ["a length beyond the end", [0x12, 3, 0x61]],
    ["a length of 2^63", [0x12, ...Array<number>(8).fill(0x80), 0x7f]],
  ])("%s", (_what, bytes) => expect(checkGet(Uint8Array.from(bytes))).toBe("malformed"));

  test("a length beyond the message that it stands in", () =>
    // A task of 4 bytes whose name says it has 3, of which the last is the request's.
    expect(checkBatch(Uint8Array.of(0x12, 4, 0x12, 3, 0x61, 0x62, 0x18, 1))).toBe("malformed"));

  test.each([100, 5000])("groups or messages nested %i deep", (depth) => {
    const check = createWireCheck(EnqueueTasksRequestSchema, 100_000);
    expect(check(new Uint8Array(depth).fill(0x7b))).toBe("malformed");
    let bytes = Buffer.alloc(0);
    // args: a Value with a list of a Value with a list …
    for (let level = 0; level < depth; level++) bytes = wrapped(0x32, wrapped(0x0a, bytes));
    expect(check(wrapped(0x12, wrapped(0x1a, wrapped(0x1a, bytes))))).toBe("malformed");
  });
});

test("objects may nest as deep as the decoder takes them", () => {
  const check = createWireCheck(EnqueueTasksRequestSchema, 100_000);
  const nested = (depth: number): Uint8Array => {
    let bytes = Buffer.alloc(0);
    // A Value with a Struct with an entry whose value is a Value …
    for (let level = 0; level < depth; level++) bytes = wrapped(0x2a, wrapped(0x0a, wrapped(0x12, bytes)));
    return wrapped(0x12, wrapped(0x1a, wrapped(0x1a, bytes)));
  };
  expect(check(nested(48))).toBeUndefined();
  expect(() => fromBinary(EnqueueTasksRequestSchema, nested(48))).not.toThrow();
  expect(check(nested(49))).toBe("malformed");
  expect(() => fromBinary(EnqueueTasksRequestSchema, nested(49))).toThrow();
});

describe("parts are counted", () => {
  test.each([
    ["messages of a list", 0x12],
    ["unknown fields", 0x7a],
  ])("%s", (_what, tag) => {
    const parts = (count: number) => Buffer.concat(Array.from({ length: count }, () => Buffer.of(tag, 0)));
    expect(checkBatch(parts(partsMax))).toBeUndefined();
    expect(checkBatch(parts(partsMax + 1))).toBe("too_many_parts");
  });

  test("entries of a map, and items in one piece", () => {
    const entries = Buffer.concat(Array.from({ length: partsMax }, () => Buffer.of(0x32, 0)));
    expect(checkBatch(wrapped(0x12, entries))).toBe("too_many_parts");
    expect(checkBatch(wrapped(0x12, entries.subarray(2)))).toBeUndefined();
    expect(checkList(wrapped(0x12, Buffer.alloc(partsMax + 1)))).toBe("too_many_parts");
    expect(checkList(wrapped(0x12, Buffer.alloc(partsMax)))).toBeUndefined();
  });
});

/** Bytes as a field with a length. */
function wrapped(tag: number, bytes: Uint8Array): Buffer<ArrayBuffer> {
  const head = [tag];
  let length = bytes.length;
  for (; length >= 0x80; length >>>= 7) head.push((length & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...head, length]), bytes]);
}
