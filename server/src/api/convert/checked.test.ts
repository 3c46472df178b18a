import { expect, test } from "vitest";
import { entryPath, invalid, isProblem, under } from "./checked.ts";

test("problems are told from values by their reason", () => {
  expect(isProblem(invalid("name", "must be there"))).toBe(true);
  expect(isProblem({ kind: "succeeded" })).toBe(false);
});

test("a prefix goes before every path of a problem", () => {
  const violations = [
    { field: "name", description: "x" },
    { field: "options.priority", description: "y" },
  ];
  expect(under({ reason: "FIELD_INVALID", violations }, "tasks[3].")).toEqual({
    reason: "FIELD_INVALID",
    violations: [
      { field: "tasks[3].name", description: "x" },
      { field: "tasks[3].options.priority", description: "y" },
    ],
  });
  const tooLarge = { reason: "PAYLOAD_TOO_LARGE", field: "args.json", bytes: 3, bytesMax: 2 } as const;
  expect(under(tooLarge, "tasks[3].")).toEqual({ ...tooLarge, field: "tasks[3].args.json" });
  expect(under({ reason: "STORE_FULL" }, "tasks[3].")).toEqual({ reason: "STORE_FULL" });
});

test("a hostile key makes no endless path", () => {
  expect(entryPath("headers", 'a"b')).toBe('headers["a\\"b"]');
  expect(entryPath("headers", "x".repeat(1_000_000)).length).toBeLessThan(600);
});
