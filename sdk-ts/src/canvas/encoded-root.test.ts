import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { SubmitCanvasRequestSchema } from "@stem/proto/stem/v1/canvas_service_pb";
import { WireCursor } from "@stem/proto/wire/wire-cursor";
import { expect, test } from "vitest";
import { z } from "zod";
import { defineTask } from "../define-task.ts";
import { SchemaMismatchError } from "../schema.ts";
import { chain, chord, group, map } from "./compose.ts";
import { encodedRoot } from "./encoded-root.ts";
import type { AnyNode } from "./node.ts";
import { nodeMessage } from "./node-message.ts";
import { noTally } from "./task-message.ts";

const add = defineTask<[a: number, b: number], number>({ name: "add", options: { priority: 3 } });
const sum = defineTask<[numbers: number[]], number>({ name: "sum" });
const even = defineTask({ name: "even", args: z.tuple([z.number().multipleOf(2)]) });

const members = [add.signature([1, 2]), add.s([3]), add.signature([4, 5], { priority: 9, id: "own" })];

/** The bytes of a request with such a root. */
async function bytesOf(root: AnyNode): Promise<Uint8Array | undefined> {
  const encoded = await encodedRoot(root, noTally());
  if (encoded === undefined) return undefined;
  const request = create(SubmitCanvasRequestSchema, { id: "c" });
  request.$unknown = [encoded];
  return toBinary(SubmitCanvasRequestSchema, request);
}

test.each<[string, AnyNode]>([
  ["a group", group(members)],
  ["a chord", chord(group(members), sum.s())],
  ["options around them", group(members).with({ queue: "far" }).gather({ onMemberFailure: "carry_on" })],
  ["a chord in other words", chord(group(members).gather({ skewMs: 5 }), sum.s()).with({ tags: ["t"] })],
  [
    "links of the whole",
    group(members)
      .link(sum.s())
      .linkError(add.signature([0, 0])),
  ],
  ["many", group(Array.from({ length: 3000 }, (_, at) => add.signature([at, at])))],
])("%s in bytes is the message that it would have been", async (_, root) => {
  const bytes = await bytesOf(root);
  expect(fromBinary(SubmitCanvasRequestSchema, bytes ?? new Uint8Array()).root).toEqual(
    await nodeMessage(root),
  );
});

test("members come first in their group, and that first in the root", async () => {
  const cursor = new WireCursor((await bytesOf(chord(group(members), sum.s()))) ?? new Uint8Array());
  const rootTag = (SubmitCanvasRequestSchema.field.root.number << 3) | 2;
  while (!cursor.takeTag(rootTag, cursor.buffer.length)) cursor.skipField();
  cursor.end();
  expect(cursor.varint() >> 3).toBe(4);
  cursor.end();
  expect(cursor.varint() >> 3).toBe(1);
});

test.each<[string, AnyNode]>([
  ["a task", add.signature([1, 2])],
  ["a chain", chain(group(members), sum.s())],
  ["what is made of items", map(add.s([1]), [2])],
  ["no members", group([])],
  ["members with links", group([add.signature([1, 2]).link(add.s([1]))])],
  ["members that are groups", group([group(members)])],
  [
    "members that name what they take",
    group([
      add
        .s([1])
        .as(undefined as never)
        .saying({ input: { as: "x" } }),
    ]),
  ],
  ["a header with links", chord(group(members).link(sum.s()), sum.s())],
])("%s is left to the general way", async (_, root) => {
  expect(await bytesOf(root)).toBeUndefined();
});

test("arguments are checked, and what is more than may be is not encoded to its end", async () => {
  await expect(bytesOf(group([even.signature([2]), even.signature([3])]))).rejects.toThrow(
    SchemaMismatchError,
  );
  const tally = { ...noTally(), max: { tasksMax: 2, bytesMax: 1_000_000 } };
  expect(await encodedRoot(group(members), tally)).toBeUndefined();
  expect(tally.tasks).toBe(3);
});
