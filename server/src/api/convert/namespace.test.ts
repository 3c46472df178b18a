import { expect, test } from "vitest";
import type { NamespaceState } from "../../model/namespace.ts";
import { createNamespaces } from "./namespace.ts";

const states = new Map<string, NamespaceState>([
  ["default", "active"],
  ["other", "disabled"],
  ["going", "deleting"],
]);
const namespaces = createNamespaces({ stateOf: (name) => states.get(name) });

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

test("one that is being deleted is only there for what brings work to its end", () => {
  expect(() => namespaces("going")).toThrow("NAMESPACE_DISABLED");
  expect(namespaces("going", "ending")).toBe("going");
});
