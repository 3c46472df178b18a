import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import { EnqueueTasksRequestSchema } from "@stem/proto/stem/v1/task_service_pb";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { instantOf, namespaceOf } from "../../model/ids.ts";
import { defaults, limits } from "../../model/limits.ts";
import { CallError } from "../call-error.ts";
import { createNewTaskReader } from "../convert/new-task.ts";
import { tasksOf } from "../convert/plain-batch.ts";
import { PlainTask } from "../convert/plain-task.ts";
import { createRequestReader } from "./request-reader.ts";

type Init = MessageInitShape<typeof NewTaskSchema>;

const read = createRequestReader(EnqueueTasksRequestSchema, limits);
const readTask = createNewTaskReader({ limits, defaults });

const json = (value: string): NonNullable<Init["args"]> => ({ data: { case: "json", value } });
const requestOf = (tasks: readonly Init[], more = {}): Buffer =>
  Buffer.from(
    toBinary(EnqueueTasksRequestSchema, create(EnqueueTasksRequestSchema, { tasks: [...tasks], ...more })),
  );

function tasksIn(bytes: Buffer) {
  const request = read(bytes);
  if (request instanceof CallError) throw request;
  return tasksOf(request as never);
}
const isPlain = (bytes: Buffer): boolean => tasksIn(bytes).every((task) => task instanceof PlainTask);
const submitted = (task: Parameters<typeof readTask>[0]) =>
  readTask(task, namespaceOf("default"), instantOf(0));

/** What the broker would see of a task. */
function seen(task: Parameters<typeof readTask>[0]): string {
  const answer = submitted(task);
  return JSON.stringify("content" in answer ? { ...answer, content: [...answer.content] } : answer);
}

/** A request whose one task is written by hand. */
function handWritten(write: (task: BinaryWriter) => BinaryWriter): Buffer {
  const task = write(new BinaryWriter()).finish();
  return Buffer.from(new BinaryWriter().tag(2, WireType.LengthDelimited).bytes(task).finish());
}
const named = (task: BinaryWriter): BinaryWriter => task.tag(2, WireType.LengthDelimited).string("a");

describe("what is plain", () => {
  test.each<[string, Init]>([
    ["a name alone", { name: "a" }],
    ["with an id", { id: "t-1", name: "a" }],
    ["with arguments", { name: "a", args: json("[1]") }],
    ["with arguments beyond ASCII", { name: "a", args: json('["ä😀"]') }],
    ["with long arguments", { name: "a", args: json(`["${"x".repeat(70_000)}"]`) }],
    ["with a queue", { id: "t-1", name: "a", args: json("{}"), queue: "mail" }],
  ])("%s", (_, task) => {
    const request = requestOf([task, task]);
    expect(isPlain(request)).toBe(true);
    expect(tasksIn(request)).toHaveLength(2);
  });

  test.each<[string, Init]>([
    ["no name", { id: "t-1" }],
    ["a bad id", { id: "t 1", name: "a" }],
    ["a bad name", { name: "ä" }],
    ["a bad queue", { name: "a", queue: "/" }],
    ["arguments that are no JSON", { name: "a", args: json("[1") }],
    ["arguments that are too deep", { name: "a", args: json("[".repeat(65) + "]".repeat(65)) }],
    ["bytes", { name: "a", args: { data: { case: "binary", value: new Uint8Array(3) } } }],
    ["nothing as arguments", { name: "a", args: {} }],
    ["arguments of a kind", { name: "a", args: { ...json("1"), contentType: "text/json" } }],
    ["options", { name: "a", options: {} }],
    ["a header", { name: "a", headers: { a: "b" } }],
    ["a tag", { name: "a", tags: ["b"] }],
  ])("but not with %s", (_, task) => {
    expect(isPlain(requestOf([task]))).toBe(false);
    expect(isPlain(requestOf([{ name: "a" }, task]))).toBe(false);
  });

  test.each<[string, (task: BinaryWriter) => BinaryWriter]>([
    ["fields in another order", (task) => named(task.tag(4, WireType.LengthDelimited).string("q"))],
    ["a field twice", (task) => named(named(task))],
    [
      "a longer length than is needed",
      (task) => task.tag(2, WireType.LengthDelimited).raw(Uint8Array.of(0x81, 0, 97)),
    ],
    ["a field that nobody knows", (task) => named(task).tag(99, WireType.LengthDelimited).string("?")],
  ])("nor with %s", (_, write) => {
    expect(isPlain(handWritten(write))).toBe(false);
  });

  test("nor with more tasks than a batch may have", () => {
    const tasks = Array.from({ length: limits.batchTasksMax + 1 }, () => ({ name: "a" }));
    expect(isPlain(requestOf(tasks.slice(1)))).toBe(true);
    expect(isPlain(requestOf(tasks))).toBe(false);
  });
});

test("what stands beside the tasks is read as ever", () => {
  const request = read(requestOf([{ name: "a" }], { namespace: "other", atomic: true }));
  expect(request).toMatchObject({ namespace: "other", atomic: true, tasks: [] });
  expect(tasksOf(request as never)).toHaveLength(1);
});

test("what looks like a task in a field that nobody knows is none", () => {
  const hidden = requestOf([{ name: "hidden" }]);
  const unknown = new BinaryWriter().tag(16, WireType.LengthDelimited).bytes(hidden).finish();
  const taken = tasksIn(Buffer.concat([unknown, requestOf([{ name: "a" }])]));
  expect(taken.map(({ name }) => name)).toEqual(["a"]);
});

test.each([
  ["JSON that is no UTF-8", (task: BinaryWriter) => args(named(task), Uint8Array.of(0x22, 0xff, 0x22))],
  ["a task that ends beyond the request", () => new BinaryWriter()],
])("%s is no request at all", (what, write) => {
  const whole = handWritten(write);
  const bytes = what.startsWith("JSON") ? whole : Buffer.from([0x12, 5, 0x12, 1]);
  expect(() => read(bytes)).toThrow();
});

const args = (task: BinaryWriter, text: Uint8Array): BinaryWriter =>
  task
    .tag(3, WireType.LengthDelimited)
    .bytes(new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(text).finish());

const word = fc.oneof(fc.constantFrom("a", "mail.send", "t-1"), fc.string({ maxLength: 5 }));
const text = fc.oneof(fc.json(), fc.string({ maxLength: 9 }), fc.string({ unit: "grapheme", maxLength: 9 }));
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const anyTask = fc.record({ id: optional(word), name: word, args: optional(text), queue: optional(word) });

test("both ways take the same tasks alike", () => {
  const tally = { plain: 0, general: 0 };
  fc.assert(
    fc.property(anyTask, ({ id, name, args: value, queue }) => {
      const task = create(NewTaskSchema, {
        name,
        ...(id !== undefined && { id }),
        ...(value !== undefined && { args: json(value.toWellFormed()) }),
        ...(queue !== undefined && { queue }),
      });
      const [taken] = tasksIn(requestOf([task]));
      tally[taken instanceof PlainTask ? "plain" : "general"] += 1;
      if (taken instanceof PlainTask) {
        expect(seen(taken)).toBe(seen(task));
      }
    }),
    { numRuns: 2000 },
  );
  expect(Math.min(tally.plain, tally.general)).toBeGreaterThan(50);
});

test("bytes that were cut or changed are never taken differently", () => {
  const whole = requestOf([{ id: "t-1", name: "a", args: json('["ä"]'), queue: "mail" }, { name: "b" }]);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
      const bytes = Buffer.from(whole);
      bytes[at] = byte;
      const plain = attempt(() => tasksIn(bytes).map(seen));
      // A number of fixed width that nobody knows makes it go the general way.
      const general = attempt(() =>
        tasksIn(Buffer.concat([Buffer.from([0x7d, 0, 0, 0, 0]), bytes])).map(seen),
      );
      expect(plain).toBe(general);
    }),
    { numRuns: 3000 },
  );
});

function attempt(run: () => readonly string[]): string {
  try {
    return run().join("\n");
  } catch {
    return "refused";
  }
}
