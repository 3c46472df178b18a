import { expect, test } from "vitest";
import { createNamespaces } from "./namespace.ts";

const namespaces = createNamespaces(["default", "other"]);

test("a request that names none means the default", () => {
  expect(namespaces(undefined)).toBe("default");
  expect(namespaces("other")).toBe("other");
});

test.each(["", "A", "-a", "a-", "a_b", "a/b", "..", "a".repeat(64), "é", "a\n"])(
  "%j cannot be a namespace",
  (name) => {
    expect(() => namespaces(name)).toThrow("FIELD_INVALID");
  },
);

test.each(["nowhere", "constructor", "tostring", "a".repeat(63)])("%s is not there", (name) => {
  expect(() => namespaces(name)).toThrow("NAMESPACE_UNKNOWN");
});
