import { defineTask, type PayloadCodec } from "@stem/sdk";
import { silentLogger } from "@stem/sdk/internal";
import { expect, test, vi } from "vitest";
import { heldLeaseOf } from "../../../test/support/held-lease.ts";
import type { TaskContext } from "../context.ts";
import { createRegistry, type Implementation, implement } from "../registry.ts";
import type { Outcome } from "../settlement.ts";
import { createInProcessRunner } from "./in-process.ts";

/** A schema in as few words as the standard allows. */
const schemaOf = <Output>(check: (value: unknown) => Output | undefined) => ({
  "~standard": {
    version: 1 as const,
    vendor: "test",
    validate(value: unknown) {
      const output = check(value);
      return output === undefined ? { issues: [{ message: "does not fit" }] } : { value: output };
    },
    types: undefined as unknown as { input: never[]; output: Output },
  },
});

function run(implementation: Implementation, json: string): Promise<Outcome> {
  const runner = createInProcessRunner({
    registry: createRegistry([implementation]),
    log: silentLogger,
    enqueuer: () => {
      throw new Error("nothing is enqueued here");
    },
    ...{ keepLog: false, keepLine: () => undefined, write: () => Promise.resolve() },
    emit: () => Promise.reject(new Error("nobody hears of events here")),
    progress: () => undefined,
    checkpoint: () => undefined,
    place: async () => undefined,
    heartbeat: () => Promise.resolve(),
    extend: () => Promise.resolve(),
    resultBytesMax: () => 50,
  });
  return runner.run(heldLeaseOf({ json }));
}

const resultJson = (json: string) => ({
  case: "succeeded",
  value: { result: { data: { case: "json", value: json } } },
});
const failure = (type: string, nonRetryable: boolean) => ({
  case: "failed",
  value: { failure: { type, nonRetryable } },
});

test("a JSON array is spread over the handler, an object comes as one argument", async () => {
  const handler = vi.fn((_: TaskContext, ...args: unknown[]) => args.length);
  const work = implement(defineTask<unknown[], number>({ name: "work" }), handler);
  expect(await run(work, '[1,"two"]')).toMatchObject(resultJson("2"));
  expect(await run(work, '{"to":"a"}')).toMatchObject(resultJson("1"));
  expect(handler.mock.calls.map(([, ...args]) => args)).toEqual([[1, "two"], [{ to: "a" }]]);
});

test("a handler without a result has none, and null is one", async () => {
  const task = defineTask<[], unknown>({ name: "work" });
  expect(
    await run(
      implement(task, () => undefined),
      "[]",
    ),
  ).toEqual({
    case: "succeeded",
    value: { $typeName: "stem.v1.Succeeded", result: undefined, newMembers: [] },
  });
  expect(
    await run(
      implement(task, () => null),
      "[]",
    ),
  ).toMatchObject(resultJson("null"));
});

test("what a handler throws, at once or later, is its failure", async () => {
  const task = defineTask<[], unknown>({ name: "work" });
  const atOnce = implement(task, () => {
    throw new RangeError("far");
  });
  const later = implement(task, () => Promise.reject(new RangeError("far")));
  expect(await run(atOnce, "[]")).toMatchObject(failure("RangeError", false));
  expect(await run(later, "[]")).toMatchObject(failure("RangeError", false));
});

test("arguments that do not fit fail for good, and the handler is not called", async () => {
  const handler = vi.fn();
  const args = schemaOf((value) => (Array.isArray(value) && value.length === 1 ? value : undefined));
  const checked = implement(defineTask({ name: "work", args }), handler);
  expect(await run(checked, "[1,2]")).toMatchObject(failure("SchemaMismatchError", true));
  expect(await run(implement(defineTask<[]>({ name: "work" }), handler), "{")).toMatchObject(
    failure("PayloadError", true),
  );
  expect(handler).not.toHaveBeenCalled();
});

test("the handler gets what the schema puts out", async () => {
  const args = schemaOf((value) => (Array.isArray(value) ? ["put out"] : undefined));
  const echo = implement(defineTask({ name: "work", args }), (_, text) => text);
  expect(await run(echo, '["put in"]')).toMatchObject(resultJson('"put out"'));
});

test("a result that does not fit, cannot be written or is too large fails for good: its effects are not repeated", async () => {
  const result = schemaOf((value) => (value === 1 ? 1 : undefined));
  const unfit = implement(defineTask<[], unknown>({ name: "work", result: result as never }), () => 2);
  expect(await run(unfit, "[]")).toMatchObject(failure("SchemaMismatchError", true));
  const task = defineTask<[], unknown>({ name: "work" });
  expect(
    await run(
      implement(task, () => 1n),
      "[]",
    ),
  ).toMatchObject(failure("PayloadError", true));
  expect(
    await run(
      implement(task, () => "x".repeat(100)),
      "[]",
    ),
  ).toMatchObject(failure("ResultTooLarge", true));
});

test("a codec of the task's own reads the arguments and writes the result", async () => {
  const upper: PayloadCodec = {
    encode: (value) => ({ bytes: Buffer.from(String(value).toUpperCase()), contentType: "text/x-upper" }),
    decode: (payload) => (payload && "json" in payload ? [payload.json.length] : []),
  };
  const task = defineTask<[length: number], string>({ name: "work", codec: upper });
  expect(
    await run(
      implement(task, (_, length) => `length ${length}`),
      "[1, 2]",
    ),
  ).toMatchObject({
    case: "succeeded",
    value: {
      result: { contentType: "text/x-upper", data: { case: "binary", value: Buffer.from("LENGTH 6") } },
    },
  });
});

test("a name without a handler is unknown", async () => {
  const other = implement(defineTask({ name: "other" }), () => undefined);
  expect(await run(other, "[]")).toMatchObject({ case: "unknownName" });
});
