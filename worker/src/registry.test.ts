import { defineTask } from "@stem/sdk";
import { expect, expectTypeOf, test } from "vitest";
import type { TaskContext } from "./context.ts";
import { createRegistry, implement } from "./registry.ts";

const add = defineTask<[a: number, b: number], number>({ name: "math.add" });
const mail = defineTask<{ to: string }>({ name: "mail.send" });

test("a handler is typed by its task", () => {
  implement(add, (ctx, a, b) => {
    expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
    expectTypeOf([a, b] as const).toEqualTypeOf<readonly [number, number]>();
    return a + b;
  });
  implement(add, async (_ctx, a) => a);
  implement(mail, (_ctx, { to }) => expectTypeOf(to).toEqualTypeOf<string>() as unknown as undefined);
  // @ts-expect-error a text is no number
  implement(add, () => "3");
  // @ts-expect-error the task has no third argument
  implement(add, (_ctx, a, b, _c: number) => a + b);
  expect(implement(mail, () => undefined).task.name).toBe("mail.send");
});

test("a worker needs a handler, and one only for each task", () => {
  const sum = implement(add, (_ctx, a, b) => a + b);
  expect(createRegistry([sum]).get("math.add")).toBe(sum);
  expect(() => createRegistry([])).toThrow("a worker needs at least one handler");
  expect(() => createRegistry([sum, sum])).toThrow("two handlers for math.add");
});
