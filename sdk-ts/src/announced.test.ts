import { toJson } from "@bufbuild/protobuf";
import { TaskDefinitionSchema } from "@stem/proto/stem/v1/task_definition_pb";
import { expect, test } from "vitest";
import { announcedDefinition } from "./announced.ts";
import { type AnyTask, defineTask } from "./define-task.ts";

const said = (task: unknown) => toJson(TaskDefinitionSchema, announcedDefinition(task as AnyTask));

test("a plain definition is announced by its name alone", () => {
  expect(said(defineTask({ name: "ping" }))).toEqual({ name: "ping" });
});

test("all that a definition says of itself is announced, its options as defaults", () => {
  const mail = defineTask<{ to: string }>({
    name: "mail.send",
    description: "Sends a mail.",
    tags: ["mail"],
    idempotent: true,
    version: 3,
    argsJsonSchema: { type: "object", required: ["to"] },
    options: {
      queue: "mail",
      priority: 0,
      timeLimitMs: 1500,
      notBefore: new Date(0),
      expireAt: new Date(0),
      tags: ["of tasks"],
      metadata: { a: "b" },
    },
  });
  expect(said(mail)).toEqual({
    name: "mail.send",
    description: "Sends a mail.",
    tags: ["mail"],
    idempotent: true,
    version: "3",
    argsSchema: '{"type":"object","required":["to"]}',
    queue: "mail",
    options: { priority: 0, timeLimit: "1.500s" },
  });
});

test("options that depend on the arguments are no defaults", () => {
  const work = defineTask<[n: number]>({ name: "work", options: (n) => ({ priority: n }) });
  expect(said(work)).toEqual({ name: "work" });
});

test("a validator that speaks JSON Schema says what the arguments look like, and one that cannot says nothing", () => {
  const validator = (input: () => Record<string, unknown>) =>
    ({
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value: unknown) => ({ value: value as [number] }),
        jsonSchema: { input, output: input },
      },
    }) as const;
  const spoken = defineTask({ name: "a", args: validator(() => ({ type: "array" })) });
  expect(said(spoken)).toEqual({ name: "a", argsSchema: '{"type":"array"}' });
  const mute = defineTask({
    name: "b",
    args: validator(() => {
      throw new Error("no words for it");
    }),
  });
  expect(said(mute)).toEqual({ name: "b" });
});
