import { expect, test } from "vitest";
import { z } from "zod";
import { applySchema, SchemaMismatchError } from "./schema.ts";

const subject = { taskName: "mail.send", part: "args" } as const;

test("a schema puts out what it makes of a value; without one the value stays as it is", () => {
  const withDefault = z.object({ to: z.string(), copies: z.number().default(1) });
  expect(applySchema(withDefault, { to: "a" }, subject)).toEqual({ to: "a", copies: 1 });
  expect(applySchema(undefined, 7, subject)).toBe(7);
});

test("an asynchronous schema is waited for", async () => {
  const schema = z.string().refine(async (text) => text.length > 2, "too short");
  await expect(applySchema(schema, "abc", subject)).resolves.toBe("abc");
  await expect(applySchema(schema, "a", subject)).rejects.toThrow("too short");
});

test("a mismatch names the task, the part, and each place", () => {
  const schema = z.tuple([z.string(), z.object({ email: z.string() })]);
  const mismatch = expect.objectContaining({
    taskName: "mail.send",
    part: "args",
    issues: [
      { path: "[0]", message: expect.stringContaining("expected string") },
      { path: "[1].email", message: expect.stringContaining("expected string") },
    ],
  });
  expect(() => applySchema(schema, [1, {}], subject)).toThrow(SchemaMismatchError);
  expect(() => applySchema(schema, [1, {}], subject)).toThrow(mismatch);
});
