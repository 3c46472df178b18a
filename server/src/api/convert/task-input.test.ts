import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FailureSchema } from "@stem/proto/stem/v1/failure_pb";
import { PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import { describe, expect, test } from "vitest";
import { taskIdOf, taskNameOf } from "../../model/ids.ts";
import { limits } from "../../model/limits.ts";
import type { TaskInput } from "../../model/task.ts";
import { createAssemble } from "./task-input.ts";

const assemble = createAssemble(limits);
const payload = (value: string, encoding = {}) =>
  create(PayloadSchema, { data: { case: "json", value }, encoding });
const input: TaskInput = {
  ...{ from: taskIdOf("p"), fromName: taskNameOf("a"), rootId: taskIdOf("r"), on: "succeeded" },
  ...{ isHanded: true, member: undefined, reason: undefined, attempt: 1 },
  data: toBinary(PayloadSchema, payload("5")),
};
const contentOf = (args: ReturnType<typeof payload>) =>
  toBinary(NewTaskSchema, create(NewTaskSchema, { name: "b", args, headers: { kept: "1" } }));

/** What a worker gets, or with what failure nobody does. */
function assembled(args: ReturnType<typeof payload>, own: Partial<TaskInput> = {}): unknown {
  const answer = assemble(contentOf(args), { ...input, ...own }, undefined);
  if ("failure" in answer) return fromBinary(FailureSchema, answer.failure).message;
  return fromBinary(NewTaskSchema, answer.content).args?.data.value;
}

test("all of a task stays as it was but its arguments and its family", () => {
  const answer = assemble(contentOf(payload('[ {"a":1}, 2 ]')), input, undefined);
  expect("content" in answer && fromBinary(NewTaskSchema, answer.content)).toMatchObject({
    ...{ name: "b", headers: { kept: "1" }, parentId: "p", rootId: "r" },
    args: payload('[ {"a":1}, 2 ,5]'),
  });
});

test("nothing is null, whether it was not said or is empty", () => {
  const empty = toBinary(PayloadSchema, create(PayloadSchema));
  for (const data of [undefined, empty]) expect(assembled(payload("[1]"), { data })).toBe("[1,null]");
});

describe("arguments that were edited since they were accepted", () => {
  test.each([
    ["are no list or object any more", payload("5"), {}, "they are no plain JSON array or object"],
    ["are compressed", payload("[1]", { compression: "gzip" }), {}, "they are no plain JSON array or object"],
    ["have become a list", payload("[1]"), { member: "x" }, "they are a list, and a member was asked for"],
    ["have got the member", payload('{"x":1}'), { member: "x" }, "they have a member of that name"],
  ])("fail their task where they %s", (_, args, own, why) => {
    expect(assembled(args, own)).toBe(`the arguments of this task take no more: ${why}`);
  });
});

test("a result with marks is not plain, though it is JSON", () => {
  const data = toBinary(PayloadSchema, payload("5", { version: "2" }));
  expect(assembled(payload("[1]"), { data })).toBe("the result of task p is not plain JSON");
});
