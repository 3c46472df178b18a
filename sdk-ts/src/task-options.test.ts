import { expect, test } from "vitest";
import { mergeOptions } from "./task-options.ts";

test("a call's options win over the definition's, field by field", () => {
  const merged = mergeOptions({ queue: "mail", priority: 3, maxAttempts: 2 }, { priority: 0, id: "a" });
  expect(merged).toEqual({ queue: "mail", priority: 0, maxAttempts: 2, id: "a" });
});

test("headers and tags of a call are added to the definition's", () => {
  const merged = mergeOptions(
    { headers: { tenant: "a", region: "eu" }, tags: ["nightly", "mail"], requiredLabels: { gpu: "yes" } },
    { headers: { tenant: "b" }, tags: ["mail", "urgent"], requiredLabels: { region: "eu" } },
  );
  expect(merged.requiredLabels).toEqual({ gpu: "yes", region: "eu" });
  expect(merged.headers).toEqual({ tenant: "b", region: "eu" });
  expect(merged.tags).toEqual(["nightly", "mail", "urgent"]);
});

test("a call's delay replaces the definition's instant", () => {
  const noon = new Date("2030-01-01T12:00:00Z");
  expect(mergeOptions({ notBefore: noon }, { delayMs: 5 })).toEqual({ delayMs: 5 });
  expect(mergeOptions({ delayMs: 5 }, { notBefore: noon })).toMatchObject({ notBefore: noon });
});

test("a call's routing key replaces the definition's queue, and its queue the definition's key", () => {
  expect(mergeOptions({ queue: "mail" }, { routingKey: "eu.mail" })).toEqual({ routingKey: "eu.mail" });
  expect(mergeOptions({ routingKey: "eu.mail", priority: 1 }, { queue: "mail" })).toEqual({
    queue: "mail",
    priority: 1,
  });
  expect(mergeOptions({ routingKey: "eu.mail" }, { priority: 1 })).toEqual({
    routingKey: "eu.mail",
    priority: 1,
  });
  const both = { queue: "mail", routingKey: "eu.mail" };
  expect(mergeOptions({ queue: "other" }, both), "the server says what is wrong with it").toEqual(both);
});

test("without options of its own a call has the definition's", () => {
  expect(mergeOptions({ queue: "mail" }, undefined)).toEqual({ queue: "mail" });
});

test("an option that is undefined is left out, and the definition's value stands", () => {
  const call: Record<string, unknown> = { priority: undefined, headers: undefined, id: "a" };
  expect(mergeOptions({ priority: 9, headers: { tenant: "a" } }, call)).toStrictEqual({
    priority: 9,
    headers: { tenant: "a" },
    id: "a",
  });
});
