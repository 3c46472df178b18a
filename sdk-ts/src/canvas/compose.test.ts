import { expect, expectTypeOf, test } from "vitest";
import { defineTask } from "../define-task.ts";
import type { ParentFailure } from "../task-options.ts";
import { chain, chord, chunks, group, map, pipe, starmap } from "./compose.ts";
import type { AnyNode, InputOf, ResultOf } from "./node.ts";

const add = defineTask<[a: number, b: number], number>({ name: "add" });
const sum = defineTask<[numbers: number[]], number>({ name: "sum" });
const text = defineTask<[of: number], string>({ name: "text" });
const pair = defineTask<[both: [string, number]], boolean>({ name: "pair" });
const mail = defineTask<{ to: string; result?: number; subject?: string }, void>({ name: "mail" });
const ping = defineTask({ name: "ping" });
const alarm = defineTask<[of: ParentFailure], void>({ name: "alarm" });

const typeOf = <N extends AnyNode>(_: N): { result: ResultOf<N>; input: InputOf<N> } => ({}) as never;

test("a signature has the result of its task, and takes its last argument or the one that is named", () => {
  expectTypeOf(typeOf(add.signature([1, 2]))).toEqualTypeOf<{ result: number; input: unknown }>();
  expectTypeOf(typeOf(add.s([1]))).toEqualTypeOf<{ result: number; input: number }>();
  expectTypeOf(typeOf(add.s([1]).immutable())).toEqualTypeOf<{ result: number; input: unknown }>();
  const mailed = typeOf(mail.s({ to: "a" }));
  expectTypeOf(mailed.result).toEqualTypeOf<void>();
  expectTypeOf(mailed.input).toEqualTypeOf<number | undefined>();
  expectTypeOf(typeOf(mail.s({ to: "a" }).as("subject")).input).toEqualTypeOf<string | undefined>();
  // @ts-expect-error one argument is missing
  add.signature([1]);
  // @ts-expect-error the last one is left to what is before it
  add.s([1, 2]);
  // @ts-expect-error there is no such argument
  mail.s().as("copies");
  expect(mail.s({ to: "a" }).as("subject").said.input).toEqual({ as: "subject" });
});

test("each step of a chain takes what the one before it leaves", () => {
  const steps = chain(add.signature([1, 2]), add.s([3]), text.s());
  expectTypeOf(typeOf(steps)).toEqualTypeOf<{ result: string; input: unknown }>();
  expectTypeOf(typeOf(chain(add.s([1]), text.s()))).toEqualTypeOf<{ result: string; input: number }>();
  const piped = pipe(add.signature([1, 2]))
    .to(add.s([3]))
    .to(text.s());
  expectTypeOf(typeOf(piped)).toEqualTypeOf<{ result: string; input: unknown }>();
  expect(piped.content).toMatchObject({
    kind: "chain",
    steps: [{ args: [1, 2] }, { args: [3] }, { args: [] }],
  });
  chain(text.signature([1]), ping.signature(), add.signature([1, 2]));
  // @ts-expect-error text leaves no number
  chain(add.signature([1, 2]), text.s(), add.s([1]));
  // @ts-expect-error ping leaves nothing
  chain(ping.signature(), add.s([1]));
  // @ts-expect-error text leaves no number
  pipe(text.signature([1])).to(add.s([1]));
  // @ts-expect-error ping takes nothing
  pipe(text.signature([1])).to(ping.s());
});

test("a group leaves a tuple of what its members leave, or an array", () => {
  const both = group(text.signature([1]), add.signature([1, 2]));
  expectTypeOf(typeOf(both)).toEqualTypeOf<{ result: [string, number]; input: unknown }>();
  expectTypeOf(typeOf(chain(both, pair.s()))).toEqualTypeOf<{ result: boolean; input: unknown }>();
  const many = group([1, 2].map((each) => add.signature([each, each])));
  expectTypeOf(typeOf(many)).toEqualTypeOf<{ result: number[]; input: unknown }>();
  expectTypeOf(typeOf(chord(many, sum.s()))).toEqualTypeOf<{ result: number; input: unknown }>();
  expectTypeOf(typeOf(group(add.s([1]), text.s()))).toEqualTypeOf<{
    result: [number, string];
    input: number;
  }>();
  // @ts-expect-error a list of numbers is no tuple of text and number
  chord(many, pair.s());
  expectTypeOf(typeOf(group())).toEqualTypeOf<{ result: []; input: unknown }>();
});

test("a group that is nothing but a member of a group dissolves in it, others stay lists", () => {
  const inner = group(text.signature([1]), add.signature([1, 2]));
  const outer = group(add.signature([1, 2]), inner);
  expectTypeOf<ResultOf<typeof outer>>().toEqualTypeOf<[number, string, number]>();
  const apart = group(add.signature([1, 2]), inner.link(ping.signature()));
  expectTypeOf<ResultOf<typeof apart>>().toEqualTypeOf<[number, [string, number]]>();
  const carrying = group(text.signature([1]), inner).gather({ onMemberFailure: "carry_on" });
  expectTypeOf<ResultOf<typeof carrying>>().toEqualTypeOf<
    [string | ParentFailure, [string, number] | ParentFailure]
  >();
  const both = group(carrying, text.signature([1])).gather({ onMemberFailure: "carry_on", open: true });
  expectTypeOf<ResultOf<typeof both>>().toEqualTypeOf<
    [string | ParentFailure, [string, number] | ParentFailure, string | ParentFailure]
  >();
  expect(both.content.gathering).toEqual({ onMemberFailure: "carry_on", open: true });
});

test("maps, starmaps and chunks take items that fit their task", () => {
  expectTypeOf(typeOf(map(text, [1, 2]))).toEqualTypeOf<{ result: string[]; input: unknown }>();
  expectTypeOf(typeOf(map(add.s([1]), [1, 2]))).toEqualTypeOf<{ result: number[]; input: unknown }>();
  expectTypeOf(typeOf(starmap(add, [[1, 2]]))).toEqualTypeOf<{ result: number[]; input: unknown }>();
  expectTypeOf(typeOf(chunks(sum, [1, 2, 3], 2))).toEqualTypeOf<{ result: number[]; input: unknown }>();
  // @ts-expect-error text takes numbers
  map(text, ["1"]);
  // @ts-expect-error add takes two
  starmap(add, [[1]]);
  // @ts-expect-error sum takes numbers
  chunks(sum, ["1"], 2);
  expect(() => chunks(sum, [1], 0)).toThrow(RangeError);
});

test("links are handed what their node leaves, and error links its failure", () => {
  const linked = add.signature([1, 2]).link(text.s(), ping.signature()).linkError(alarm.s());
  expectTypeOf(typeOf(linked)).toEqualTypeOf<{ result: number; input: unknown }>();
  expect(linked.options).toMatchObject({
    link: [{ task: text }, { task: ping }],
    linkError: [{ task: alarm }],
  });
  // @ts-expect-error add leaves no list
  add.signature([1, 2]).link(sum.s());
  // @ts-expect-error a failure is no number
  add.signature([1, 2]).linkError(text.s());
  const options = add.signature([1, 2], { queue: "a", priority: 1 }).with({ priority: 9 }).options;
  expect(options).toEqual({ queue: "a", priority: 9 });
});
