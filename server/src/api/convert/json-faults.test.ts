import type { JsonValue } from "@bufbuild/protobuf";
import { EnqueueTaskRequestSchema, EnqueueTasksRequestSchema } from "@stem/proto/stem/v1/task_service_pb";
import { LeaseTasksRequestSchema } from "@stem/proto/stem/v1/worker_service_pb";
import { expect, test } from "vitest";
import { jsonFaults } from "./json-faults.ts";

const fieldsOf = (json: JsonValue): readonly string[] =>
  jsonFaults(EnqueueTaskRequestSchema, json).map(({ field }) => field);

test("what is a message has no fault", () => {
  expect(fieldsOf({ name: "a", args: { value: [1, null] }, options: { delay: "1.5s" } })).toEqual([]);
});

test("a name that no field has is told with its path, and with the one that it resembles", () => {
  const faults = jsonFaults(EnqueueTaskRequestSchema, {
    ...{ name: "a", delay: "1s", args: { value: { anything: { goes: 1 } } }, headers: { any: "name" } },
    options: { dealy: "1s", max_atempts: 3, retry: { initial: "1s" } },
  });
  expect(faults).toEqual([
    { field: "delay", description: "there is no such field" },
    { field: "options.dealy", description: 'there is no such field; did you mean "delay"?' },
    { field: "options.max_atempts", description: 'there is no such field; did you mean "max_attempts"?' },
    { field: "options.retry.initial", description: "there is no such field" },
  ]);
});

test("a word that an enum does not have is a fault, not nothing", () => {
  expect(fieldsOf({ name: "a", options: { unique: { key: "k", onConflict: "SHRUG" } } })).toHaveLength(1);
});

test("every field that cannot be read is named by its path, as the schema spells it", () => {
  expect(
    fieldsOf({
      name: 1,
      options: { maxAttempts: 2 ** 31, retry: { factor: "much" }, notBeforeTime: "now" },
      tags: ["a", 2],
      headers: { good: "1", "b.d": 2 },
      signature: { bytes: "?" },
    }),
  ).toEqual([
    "name",
    "options.max_attempts",
    "options.retry.factor",
    "options.not_before_time",
    "tags[1]",
    'headers["b.d"]',
    "signature.bytes",
  ]);
});

test("both spellings of a field are known", () => {
  expect(fieldsOf({ options: { max_attempts: "x" } })).toEqual(["options.max_attempts"]);
  expect(fieldsOf({ options: { maxAttempts: "x" } })).toEqual(["options.max_attempts"]);
});

test("an item of a list of messages is looked into", () => {
  const tasks = [{ name: "a" }, { name: "b", options: { time_limit: "1h" } }, 7];
  expect(jsonFaults(EnqueueTasksRequestSchema, { tasks })).toEqual([
    {
      field: "tasks[1].options.time_limit",
      description: 'must be a duration such as "1.5s", of at most 315576000000 seconds',
    },
    { field: "tasks[2]", description: "cannot be read: 7" },
  ]);
});

test("what no single field is to blame for is said of the message", () => {
  const [fault] = jsonFaults(EnqueueTaskRequestSchema, { args: { json: "1", binary: "" } });
  expect(fault?.field).toBe("args");
  expect(fault?.description).toMatch(/^cannot be read: .*oneof/);
  expect(jsonFaults(LeaseTasksRequestSchema, "text")).toEqual([
    { field: "", description: 'cannot be read: "text"' },
  ]);
});

test("a list that is wrong as a whole is one fault, and of very many bad items ten are named", () => {
  expect(fieldsOf({ tags: { a: 1 } })).toEqual(["tags"]);
  const bad = jsonFaults(EnqueueTasksRequestSchema, { tasks: Array.from({ length: 100_000 }, () => 1) });
  expect(bad.map(({ field }) => field)).toEqual(Array.from({ length: 10 }, (_, n) => `tasks[${n}]`));
  const late = [...Array.from({ length: 100_000 }, () => "a"), 1];
  expect(fieldsOf({ tags: late })).toEqual(["tags"]);
});
