import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type Grant, GrantSchema } from "@stem/proto/stem/v1/lease_pb";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import { GrantsSchema } from "@stem/proto/stem/v1/worker_service_pb";
import { expect, test } from "vitest";
import { grantOf } from "../../../test/support/held-lease.ts";
import { readGrants } from "./read-grants.ts";

type Init = MessageInitShape<typeof GrantSchema>;

const plain: Init = {
  leaseToken: Uint8Array.of(1, 0, 255),
  taskId: "t1",
  queue: "default",
  task: { name: "work", args: { data: { case: "json", value: '["ä€😀"]' } } },
  fence: { epoch: 1_800_000_000_000n, seq: 300n },
  attempt: 1,
  maxAttempts: 4,
  delivery: 300,
};

test.each<[string, Init[]]>([
  ["what nearly all are like", [plain, { ...plain, taskId: "t2" }]],
  ["nothing at all", []],
  ["a grant that says nothing", [{}]],
  ["a task without arguments", [{ ...plain, task: { name: "work" } }]],
  ["a task that says nothing", [{ ...plain, task: {} }]],
  ["arguments that say nothing", [{ ...plain, task: { name: "work", args: {} } }]],
  ["empty JSON", [{ ...plain, task: { name: "work", args: { data: { case: "json", value: "" } } } }]],
  [
    "bytes",
    [{ ...plain, task: { name: "w", args: { data: { case: "binary", value: Uint8Array.of(0, 9) } } } }],
  ],
  [
    "JSON of another content type",
    [{ ...plain, task: { name: "w", args: { data: { case: "json", value: "1" }, contentType: "a/b" } } }],
  ],
  ["headers, tags, a trace and options", [grantOf({ timeLimitMs: 5 }), plain]],
  ["a family", [{ ...plain, task: { ...plain.task, parentId: "p", rootId: "r" } }]],
  ["a lease of its own length", [grantOf({ leaseMs: 1500 }), plain]],
])("reads as the generated codec does: %s", (_what, grants) => {
  const bytes = toBinary(GrantsSchema, create(GrantsSchema, { firstSeq: 1_000_000n, grants }));
  expect(readGrants(bytes)).toEqual(fromBinary(GrantsSchema, bytes));
});

test("the last word about a family counts, wherever it stands", () => {
  const bytesOf = (task: MessageInitShape<typeof NewTaskSchema>) =>
    toBinary(NewTaskSchema, create(NewTaskSchema, task));
  const task = Buffer.concat([
    bytesOf({ name: "work", rootId: "a", parentId: "b" }),
    bytesOf({ rootId: "c" }),
  ]);
  const grant = new BinaryWriter().tag(4, WireType.LengthDelimited).bytes(task).finish();
  const bytes = new BinaryWriter().tag(2, WireType.LengthDelimited).bytes(grant).finish();
  expect(readGrants(bytes)).toEqual(fromBinary(GrantsSchema, bytes));
  expect(readGrants(bytes).grants[0]?.task).toMatchObject({ parentId: "b", rootId: "c" });
});

test("when a task was created is left out", () => {
  const createTime = { seconds: 1_800_000_000n, nanos: 5 };
  const bytes = toBinary(GrantsSchema, create(GrantsSchema, { grants: [{ ...plain, createTime }] }));
  expect(readGrants(bytes).grants).toEqual([create(GrantSchema, plain)]);
});

test("fields that this version does not know are passed over, wherever they are", () => {
  const unknown = (message: object) => ({
    ...message,
    $unknown: [{ no: 90, wireType: WireType.Varint, data: Uint8Array.of(5) }],
  });
  const grant = create(GrantSchema, plain);
  const { task, fence } = grant;
  if (task === undefined || fence === undefined) throw new Error("the plain grant has both");
  for (const newer of [
    unknown(grant),
    { ...grant, task: unknown(task) },
    { ...grant, fence: unknown(fence) },
  ]) {
    const bytes = toBinary(GrantsSchema, create(GrantsSchema, { grants: [newer as Grant] }));
    expect(readGrants(bytes)).toEqual(fromBinary(GrantsSchema, bytes));
  }
});

test("what ends too early is no frame", () => {
  const bytes = toBinary(GrantsSchema, create(GrantsSchema, { firstSeq: 7n, grants: [plain] }));
  for (let length = 3; length < bytes.length; length += 1)
    expect(() => readGrants(bytes.subarray(0, length))).toThrow();
});
