import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type NewTask, NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { UniqueConflict, type UniqueOptionsSchema, UniqueUntil } from "@stem/proto/stem/v1/unique_pb";
import { expect, test } from "vitest";
import { defaultNamespace, instantOf, plus } from "../../model/ids.ts";
import { defaults, limits } from "../../model/limits.ts";
import { isProblem } from "./checked.ts";
import { createNewTaskReader } from "./new-task.ts";
import { violationsOf } from "./violations.ts";

const now = instantOf(1_800_000_000_000);
const read = createNewTaskReader({ limits, defaults });

type Unique = MessageInitShape<typeof UniqueOptionsSchema> | undefined;
type Task = Omit<Exclude<MessageInitShape<typeof NewTaskSchema>, NewTask>, "options">;

function submissionOf(unique: Unique, task: Task = {}) {
  const options = { ...(unique && { unique }) };
  const found = read(create(NewTaskSchema, { name: "n", options, ...task }), defaultNamespace, now);
  if (isProblem(found)) throw new Error(JSON.stringify(found));
  return found;
}

const args = (json: string): Task => ({ args: { data: { case: "json", value: json } } });
const digestOf = (unique: Unique, task: Task): string => {
  const said = submissionOf(unique, task).unique;
  if (said === undefined || said === "none") throw new Error("claims nothing");
  const { by } = said;
  return "argsDigest" in by ? by.argsDigest : `key ${by.key}`;
};
const paths = (...list: string[]): Unique => ({ by: { case: "argPaths", value: { paths: list } } });

test("what is left out is the usual: until the end, and the first stays", () => {
  expect(submissionOf({ by: { case: "key", value: "k" } })).toMatchObject({
    policy: { unique: { until: "ended", forMs: 0 } },
    unique: { by: { key: "k" }, onConflict: "return", keepUntil: undefined, startBy: undefined },
  });
  expect(submissionOf(undefined).unique).toBeUndefined();
});

test("what is said is handed on", () => {
  expect(
    submissionOf({
      by: { case: "key", value: "k" },
      until: UniqueUntil.STARTED,
      uniqueFor: { seconds: 5n },
      window: { seconds: 60n },
      onConflict: UniqueConflict.REPLACE,
    }),
  ).toMatchObject({
    policy: { unique: { until: "started", forMs: 5000 } },
    unique: { onConflict: "replace", keepUntil: plus(now, 60_000) },
  });
  expect(
    submissionOf({ debounce: { delay: { seconds: 1n }, maxWait: { seconds: 10n } } }, args("[1]")),
  ).toMatchObject({
    start: { delayMs: 1000 },
    policy: { unique: { until: "started", forMs: 0 } },
    unique: { onConflict: "debounce", startBy: plus(now, 10_000) },
  });
});

test("tasks with the same arguments have the same key, however they were written, and headers do not count", () => {
  const digest = digestOf({}, args('[{"a":1,"b":2}]'));
  expect(digestOf({}, args(' [ {"b":2, "a":1.0} ]'))).toBe(digest);
  const traced = { headers: { traceparent: "00-1-2-01", other: "x" }, trace: { traceparent: "00-3-4-01" } };
  expect(digestOf({}, { ...args('[{"a":1,"b":2}]'), ...traced })).toBe(digest);
  expect(digestOf({}, args('[{"a":1,"b":3}]'))).not.toBe(digest);
  expect(digestOf({}, {})).not.toBe(digest);
  const binary = (value: string): Task => ({
    args: { data: { case: "binary", value: Buffer.from(value) }, contentType: "application/octet-stream" },
  });
  expect(digestOf({}, binary("a"))).toBe(digestOf({}, binary("a")));
  expect(digestOf({}, binary("a"))).not.toBe(digestOf({}, binary("b")));
});

test("chosen parts of the arguments make the key, and nothing else of them", () => {
  const customer = paths("/0/customer");
  const digest = digestOf(customer, args('[{"customer":7,"at":1}]'));
  expect(digestOf(customer, args('[{"customer":7,"at":2},"more"]'))).toBe(digest);
  expect(digestOf(customer, args('[{"customer":8,"at":1}]'))).not.toBe(digest);
  const missing = digestOf(customer, args("[{}]"));
  expect(digestOf(customer, args('[{"customer":null}]'))).not.toBe(missing);
  expect(digestOf(customer, args("[]"))).toBe(missing);
  expect(digestOf(paths("/1", "/0"), args("[1,2]"))).toBe(digestOf(paths("/0", "/1"), args("[1,2,3]")));
  expect(digestOf(paths("/0", "/1"), args("[1,2]"))).not.toBe(digestOf(paths("/0", "/1"), args("[2,1]")));
});

test("parts of arguments that are no JSON make no key, and lengths have a bound", () => {
  const problemOf = (unique: Unique, task: Task = {}) =>
    read(
      create(NewTaskSchema, { name: "n", options: { ...(unique && { unique }) }, ...task }),
      defaultNamespace,
      now,
    );
  const binary: Task = { args: { data: { case: "binary", value: new Uint8Array(1) } } };
  expect(problemOf(paths("/0"), binary)).toMatchObject({
    reason: "FIELD_INVALID",
    violations: [{ field: "options.unique.arg_paths" }],
  });
  const century = { seconds: 3_155_760_000n };
  expect(problemOf({ uniqueFor: century, window: century })).toMatchObject({
    reason: "FIELD_OUT_OF_RANGE",
    violations: [{ field: "options.unique.unique_for" }, { field: "options.unique.window" }],
  });
  expect(problemOf({ debounce: { delay: { seconds: 1n }, maxWait: century } })).toMatchObject({
    reason: "FIELD_OUT_OF_RANGE",
    violations: [{ field: "options.unique.debounce.max_wait" }],
  });
});

const { SCHEDULED, READY, LEASED, SUCCEEDED, FAILED, CANCELLED, EXPIRED } = TaskState;
const waiting = [SCHEDULED, READY];
const alive = [...waiting, LEASED];
const uniqueFor = { seconds: 5n };

test.each<[string, TaskState[], Unique, object]>([
  ["before the first start", waiting, {}, { until: "started", forMs: 0 }],
  ["before the first start, said twice", waiting, { until: 1 }, { until: "started", forMs: 0 }],
  ["while it lives, in any order", [LEASED, ...waiting], {}, { until: "ended", forMs: 0 }],
  ["while it lives, said twice", alive, { until: 2 }, { until: "ended", forMs: 0 }],
  [
    "after ends, for a time",
    [FAILED, ...alive, SUCCEEDED],
    { uniqueFor },
    { until: "ended", forMs: 5000, keptAfter: ["succeeded", "failed"] },
  ],
  [
    "after ends, while the record is there",
    [...alive, CANCELLED, EXPIRED],
    {},
    { until: "ended", forMs: undefined, keptAfter: ["cancelled", "expired"] },
  ],
  ["no list, and longer", [], { uniqueFor }, { until: "ended", forMs: 5000 }],
])("a list of states says until when a key is held: %s", (_, states, more, scope) => {
  expect(submissionOf({ ...more, states }).policy.unique).toEqual(scope);
});

const lacks = (name: string) => `states must have TASK_STATE_${name}: without it the key would be free while`;
test.each<[string, TaskState[], Unique, string]>([
  ["no delay", [READY, LEASED], {}, lacks("SCHEDULED")],
  ["no back-off", [READY, LEASED, SUCCEEDED], { uniqueFor }, lacks("SCHEDULED")],
  ["no line", [SCHEDULED, LEASED], {}, lacks("READY")],
  ["a run that is left out", [...waiting, SUCCEEDED], {}, lacks("LEASED")],
  ["ends alone", [SUCCEEDED], {}, lacks("SCHEDULED")],
  ["until the start, and while it runs", alive, { until: 1 }, "until must say the same as states"],
  ["until the end, and not while it runs", waiting, { until: 2 }, "until must say the same as states"],
  [
    "a time, and no end",
    alive,
    { uniqueFor },
    "unique_for must be given with states only if they have an end",
  ],
  ["states and a debounce", waiting, { debounce: { delay: uniqueFor } }, "must not be given with a debounce"],
  ["states of no claim", waiting, { by: { case: "none", value: true } }, "with none, nothing else"],
  ["one twice", [...waiting, READY], {}, "must name each state once"],
  ["one that is none", [...waiting, 8 as TaskState], {}, "options.unique.states[2]"],
])(
  "a list of states that has a gap or says two things is refused, and told why: %s",
  (_, states, more, why) => {
    expect(() => submissionOf({ ...more, states })).toThrow(why);
    const task = create(NewTaskSchema, { name: "n", options: { unique: { ...more, states } } });
    const told = violationsOf(NewTaskSchema, task, "");
    if (why.startsWith("options")) expect(told.map(({ field }) => field)).toContain(why);
    else if (!why.includes("once"))
      expect(told.map(({ description }) => description)).toContainEqual(expect.stringContaining(why));
    else expect(told.map(({ field }) => field)).toContain("options.unique.states");
  },
);

test("one that says none claims nothing, and says nothing else", () => {
  const said = submissionOf({ by: { case: "none", value: true } });
  expect(said.unique).toBe("none");
  expect(Object.entries(said.policy), "an announced claim does not come in its place").toEqual([
    ["unique", undefined],
  ]);
});
