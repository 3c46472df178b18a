import { expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { defineCodec } from "./codec/define-codec.ts";
import { jsonCodec } from "./codec/json.ts";
import {
  defineTask,
  type SpreadArgs,
  type TaskCall,
  type TaskDefinition,
  taskDefiner,
} from "./define-task.ts";
import type { Enqueuer } from "./enqueue.ts";
import type { TaskHandle } from "./handle.ts";

declare const stem: Enqueuer;

const add = defineTask<[a: number, b: number], number>({ name: "math.add" });
const mail = defineTask<{ to: string; copies?: number }>({ name: "mail.send" });
const ping = defineTask({ name: "ping" });
const parse = defineTask({
  name: "parse",
  args: z.tuple([z.string(), z.coerce.date()]),
  result: z.object({ at: z.coerce.date() }),
});

test("a definition is typed by a tuple, by an object, or by schemas for both sides", () => {
  expectTypeOf(add).toEqualTypeOf<TaskDefinition<[a: number, b: number], number>>();
  expectTypeOf(mail).toEqualTypeOf<TaskDefinition<{ to: string; copies?: number }, void>>();
  expectTypeOf(ping).toEqualTypeOf<TaskDefinition<[], void>>();
  expectTypeOf(parse).toEqualTypeOf<
    TaskDefinition<[string, unknown], { at: Date }, [string, Date], { at: unknown }>
  >();
  const argsOnly = defineTask({ name: "x", args: z.object({ n: z.number() }) });
  expectTypeOf(argsOnly).toEqualTypeOf<TaskDefinition<{ n: number }, unknown>>();
  const resultOnly = defineTask({ name: "x", result: z.number() });
  expectTypeOf(resultOnly).toEqualTypeOf<TaskDefinition<[], number>>();
});

test("what an enqueue takes and gives follows from the definition", () => {
  const calls = () => [
    stem.enqueue(add, [2, 3]),
    stem.enqueue(add, [2, 3], { priority: 9, tags: ["now"] }),
    stem.enqueue(mail, { to: "a@b" }, { delayMs: 5 }),
    stem.enqueue(ping),
    stem.enqueue(ping, [], { id: "once" }),
    stem.enqueue(parse, ["a", "2030-01-01"]),
  ];
  expectTypeOf(calls).toBeFunction();
  const typed = () => stem.enqueue(add, [2, 3]);
  expectTypeOf(typed).returns.resolves.toEqualTypeOf<TaskHandle<number>>();
  const checked = () => stem.enqueue(parse, ["a", 0]);
  expectTypeOf(checked).returns.resolves.toEqualTypeOf<TaskHandle<{ at: Date }>>();
  // @ts-expect-error one number is missing
  const missing = () => stem.enqueue(add, [2]);
  // @ts-expect-error a text is no number
  const wrong = () => stem.enqueue(add, [2, "3"]);
  // @ts-expect-error arguments are needed
  const none = () => stem.enqueue(mail);
  // @ts-expect-error there is no such option
  const option = () => stem.enqueue(ping, [], { prioritty: 9 });
  // @ts-expect-error a number is no list of arguments, no object and no bytes
  const scalar = () => defineTask<number>({ name: "x" });
  expect([missing, wrong, none, option]).toHaveLength(4);
  expect(scalar).toBeTypeOf("function");
});

test("many calls give a handle each, typed by its result", () => {
  const both = () => stem.enqueueMany([add.call([1, 2]), ping.call()]);
  expectTypeOf(both).returns.resolves.toEqualTypeOf<[TaskHandle<number>, TaskHandle<void>]>();
  const list: TaskCall<number>[] = [];
  const all = () => stem.enqueueMany(list);
  expectTypeOf(all).returns.resolves.toEqualTypeOf<TaskHandle<number>[]>();
});

test("a handler gets a tuple spread out, and anything else as one argument", () => {
  expectTypeOf<SpreadArgs<[a: number, b: string]>>().toEqualTypeOf<[a: number, b: string]>();
  expectTypeOf<SpreadArgs<{ to: string }>>().toEqualTypeOf<[args: { to: string }]>();
  expectTypeOf<SpreadArgs<Uint8Array>>().toEqualTypeOf<[args: Uint8Array]>();
});

test("options are a value, or a function of the arguments", () => {
  const fixed = defineTask<[n: number]>({ name: "x", options: { queue: "slow" } });
  expect(fixed.optionsFor([1])).toEqual({ queue: "slow" });
  const byTuple = defineTask<[n: number]>({ name: "x", options: (n) => ({ priority: n > 10 ? 9 : 1 }) });
  expect(byTuple.optionsFor([11])).toEqual({ priority: 9 });
  const byObject = defineTask<{ tenant: string }>({
    name: "x",
    options: ({ tenant }) => ({ queue: `tenant-${tenant}` }),
  });
  expect(byObject.optionsFor({ tenant: "a" })).toEqual({ queue: "tenant-a" });
  expect(ping.optionsFor([])).toEqual({});
});

test("a call holds its task, its arguments and its options", () => {
  expect(add.call([1, 2], { id: "a" })).toEqual({ task: add, args: [1, 2], options: { id: "a" } });
  expect(ping.call()).toEqual({ task: ping, args: [], options: undefined });
});

test("definitions may share how payloads travel, and each may say otherwise", () => {
  const codec = defineCodec({
    id: "reversed",
    encode: (value) => Buffer.from(JSON.stringify(value)).reverse(),
    decode: (bytes) => JSON.parse(Buffer.from(bytes).reverse().toString()),
  });
  const define = taskDefiner({ codec });
  const shared = define<[n: number], number>({ name: "a" });
  expectTypeOf(shared).toEqualTypeOf<TaskDefinition<[n: number], number>>();
  expectTypeOf(define({ name: "b", result: z.number() })).toEqualTypeOf<TaskDefinition<[], number>>();
  expect(shared.argsCodec.encode([1])).toMatchObject({ encoding: { codec: "reversed" } });
  expect(shared.resultCodec.decode(shared.resultCodec.encode(2))).toBe(2);
  const own = define<[n: number]>({ name: "c", argsCodec: jsonCodec });
  expect(own.argsCodec.encode([1])).toEqual({ json: "[1]" });
  expect(own.resultCodec.id).toBe("reversed");
});
