import { expect, test } from "vitest";
import { mergeOptions } from "./task-options.ts";

test("a call's options win over the definition's, field by field", () => {
  const merged = mergeOptions({ queue: "mail", priority: 3, maxAttempts: 2 }, { priority: 0, id: "a" });
  expect(merged).toEqual({ queue: "mail", priority: 0, maxAttempts: 2, id: "a" });
});

test("metadata of a call is added to the definition's, key by key", () => {
  const defined = { metadata: { team: "a", deploy: "1" } };
  expect(mergeOptions(defined, { metadata: { deploy: "2" } }).metadata).toEqual({ team: "a", deploy: "2" });
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

test("what a call says of retries is added to what the definition says, one field after the other", () => {
  const defined = { retry: { baseDelayMs: 10, factor: 3, retryFor: ["A"] } };
  expect(mergeOptions(defined, { retry: { factor: 1, neverFor: ["B"] } }).retry).toEqual({
    baseDelayMs: 10,
    factor: 1,
    retryFor: ["A"],
    neverFor: ["B"],
  });
});

test("a list of delays and a growing delay are one choice", () => {
  const growing = { retry: { baseDelayMs: 10, factor: 3, retryFor: ["A"] } };
  expect(mergeOptions(growing, { retry: { delaysMs: [1] } }).retry).toEqual({
    delaysMs: [1],
    retryFor: ["A"],
  });
  expect(mergeOptions({ retry: { delaysMs: [1] } }, { retry: { factor: 2 } }).retry).toEqual({ factor: 2 });
});

test("an override to zero, to nothing and to the default's name is an override", () => {
  const defined = { priority: 9, delayMs: 5000, queue: "mail", retry: { retryFor: ["A"] }, tags: ["x"] };
  const call = { priority: 0, delayMs: 0, queue: "default", retry: { retryFor: [] } };
  expect(mergeOptions(defined, call)).toEqual({ ...call, tags: ["x"] });
  const bounded = { unique: true, keepNewest: { count: 5 }, limitKey: "a" } as const;
  const free = { unique: false, keepNewest: {}, limitKey: "" } as const;
  expect(mergeOptions(bounded, free)).toEqual(free);
});

test("when a task expires is one choice, too: a call's wait replaces the definition's instant", () => {
  const noon = new Date("2030-01-01T12:00:00Z");
  expect(mergeOptions({ expireAt: noon }, { expireAfterMs: 0 })).toEqual({ expireAfterMs: 0 });
  expect(mergeOptions({ expireAfterMs: 5 }, { expireAt: noon })).toMatchObject({ expireAt: noon });
  const early = { ack: "early", ignoreResult: true } as const;
  expect(mergeOptions(early, { ack: "late", ignoreResult: false })).toEqual({
    ack: "late",
    ignoreResult: false,
  });
});
