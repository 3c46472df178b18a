import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ParentFailureSchema } from "../gen/stem/v1/link_pb.ts";
import { PayloadSchema } from "../gen/stem/v1/payload_pb.ts";
import { failureText, resultText, withHanded } from "./handed-args.ts";

const json = (value: string, encoding = {}) =>
  create(PayloadSchema, { data: { case: "json", value }, encoding });
const on = "succeeded";
const said = (handed: ReturnType<typeof withHanded>) =>
  "misfit" in handed ? handed.misfit : handed.data.value;

test.each([
  ["[]", undefined, "[5]"],
  ['[ "a" ]', undefined, '[ "a" ,5]'],
  ["{}", undefined, '{"result":5}'],
  ['{ "a": 1 }', undefined, '{ "a": 1 ,"result":5}'],
  ['{"a":1}', "b", '{"a":1,"b":5}'],
  ['{"a":1}', "__proto__", '{"a":1,"__proto__":5}'],
  ['{"result":1}', undefined, "taken"],
  ['{"b":1}', "b", "taken"],
  ["[]", "b", "positional"],
  ["5", undefined, "not_json"],
  ['"a"', "b", "not_json"],
])("to %s, by the name %s, 5 makes %s", (args, member, expected) => {
  expect(said(withHanded(json(args), "5", { on, member }))).toBe(expected);
});

test("an error has a name of its own, and where there are no arguments what is handed is all of them", () => {
  expect(said(withHanded(json("{}"), "5", { on: "failed", member: undefined }))).toBe('{"error":5}');
  for (const none of [undefined, create(PayloadSchema)]) {
    expect(said(withHanded(none, "5", { on, member: undefined }))).toBe("[5]");
    expect(said(withHanded(none, "5", { on, member: "a" }))).toBe('{"a":5}');
  }
});

test("what is marked, but for its version, takes nothing, and is handed on by nobody", () => {
  expect(said(withHanded(json("[]", { compression: "gzip" }), "5", { on, member: undefined }))).toBe(
    "not_json",
  );
  expect(said(withHanded(json("[]", { version: "2" }), "5", { on, member: undefined }))).toBe("[5]");
  const bytes = create(PayloadSchema, { data: { case: "binary", value: new Uint8Array(1) } });
  expect(said(withHanded(bytes, "5", { on, member: undefined }))).toBe("not_json");
  expect(resultText(bytes)).toBeUndefined();
  expect(resultText(json("5", { version: "2" }))).toBeUndefined();
  expect(resultText(json("5"))).toBe("5");
  expect([resultText(undefined), resultText(create(PayloadSchema))]).toEqual(["null", "null"]);
});

test("a failure is handed on with all that is known of it", () => {
  const failure = create(ParentFailureSchema, {
    ...{ taskId: "p", taskName: "a", attempt: 2, reason: "max_attempts" },
    failure: { type: "RangeError", message: "far" },
  });
  expect(JSON.parse(failureText(failure))).toEqual({
    ...{ taskId: "p", taskName: "a", attempt: 2, reason: "max_attempts" },
    failure: {
      ...{ type: "RangeError", message: "far", stack: "", nonRetryable: false, truncated: false },
      ancestors: [],
    },
  });
});
