import { expect, test } from "vitest";
import { z } from "zod";
import { chain, chord, group, map } from "../canvas/compose.ts";
import { defineTask } from "../define-task.ts";
import { withEnqueueDefaults } from "../enqueue-defaults.ts";
import { withInput } from "../links.ts";
import { SchemaMismatchError } from "../schema.ts";
import type { ScheduleSettings } from "./settings.ts";
import { cron } from "./specs.ts";
import { targetFromProto, targetToProto } from "./target-message.ts";

const add = defineTask<[a: number, b: number], number>({
  name: "add",
  options: { queue: "sums", tags: ["t"] },
});
const total = defineTask<[numbers: readonly number[]], number>({ name: "total" });
const checked = defineTask({ name: "checked", args: z.tuple([z.number().max(9)]), result: z.null() });
const raw = defineTask<Uint8Array, void>({ name: "raw" });

const daily = (target: ScheduleSettings["target"]): ScheduleSettings => ({ spec: cron("@daily"), target });

test("a target is a call or a canvas that has all its arguments", () => {
  daily(add.call([1, 2]));
  daily(add.signature([1, 2]));
  daily(chain(add.signature([1, 2]), add.s([3])));
  daily({ canvas: group(add.signature([1, 2])), name: "sums", deadlineMs: 1000 });
  // @ts-expect-error an argument is missing
  daily(add.call([1]));
  // @ts-expect-error a text is no number
  daily(add.signature([1, "2"]));
  // @ts-expect-error nothing is before it that leaves an argument
  daily(add.s([1]));
  // @ts-expect-error nothing is before it that leaves an argument
  daily(chain(add.s([1]), add.s([2])));
  // @ts-expect-error a definition is no call
  daily(add);
  // @ts-expect-error every canvas of a schedule has an id of its own
  daily({ canvas: group(add.signature([1, 2])), id: "a" });
  expect(daily(add.call([1, 2])).target).toMatchObject({ args: [1, 2] });
});

test("a call and a signature are the same task, without an id, with the options that a call has", async () => {
  const options = { priority: 7, headers: { a: "b" }, tags: ["u"] } as const;
  const target = await withEnqueueDefaults({ metadata: { m: "n" } }, () =>
    targetToProto(add.call([1, 2], options)),
  );
  expect(target).toMatchObject({ case: "task", value: { name: "add" } });
  expect(target.case === "task" && target.value.id).toBeUndefined();
  expect(targetFromProto(target)).toEqual({
    ...{ kind: "task", name: "add", args: [1, 2] },
    options: { queue: "sums", priority: 7, headers: { a: "b" }, tags: ["t", "u"], metadata: { m: "n" } },
  });
  const signed = await targetToProto(add.signature([1, 2], options));
  expect(signed).toEqual(await targetToProto(add.call([1, 2], options)));
});

test("what follows a task goes with it", async () => {
  const target = await targetToProto(add.call([1, 2], { link: [withInput(add, [3])] }));
  expect(target).toMatchObject({ case: "task", value: { options: { link: [{ task: { name: "add" } }] } } });
});

test("a canvas is sent with what is said of it as a whole, and told by the names of its tasks", async () => {
  const canvas = chain(
    chord(group([add.signature([1, 2]), add.signature([3, 4])]), total.s()),
    map(add.s([1]), new Set([5, 6])),
  );
  const said = { name: "sums", tags: ["x"], deadlineMs: 1000, resultRetentionMs: 5000 };
  const target = await targetToProto({ canvas, ...said, trace: { traceparent: "00-1-2-01" } });
  expect(target).toMatchObject({ case: "canvas", value: { trace: { traceparent: "00-1-2-01" } } });
  expect(targetFromProto(target)).toEqual({
    ...{ kind: "canvas", ...said },
    taskNames: ["add", "add", "total", "add"],
  });
  expect(targetFromProto(await targetToProto(group(total.signature([[1]]))))).toEqual({
    ...{ kind: "canvas", name: "", tags: [], taskNames: ["total"] },
    ...{ deadlineMs: undefined, resultRetentionMs: undefined },
  });
});

test("arguments are checked before they are sent, also those of what follows", async () => {
  await expect(targetToProto(checked.call([10]))).rejects.toThrow(SchemaMismatchError);
  await expect(targetToProto(group(checked.signature([10])))).rejects.toThrow(SchemaMismatchError);
  const followed = add.call([1, 2], { link: [checked.call([10])] });
  await expect(targetToProto(followed)).rejects.toThrow(SchemaMismatchError);
});

test("arguments that are no JSON are not told", async () => {
  const target = await targetToProto(raw.call(new Uint8Array([1])));
  expect(targetFromProto(target)).toEqual({ kind: "task", name: "raw", args: undefined, options: {} });
});
