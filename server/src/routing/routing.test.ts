import { expect, test } from "vitest";
import { namespaceOf, queueNameOf } from "../model/ids.ts";
import { defaults, limits } from "../model/limits.ts";
import { createMemoryStore } from "../storage/memory/memory.ts";
import { openRouting, RoutingError } from "./routing.ts";

const [a, b] = ["a", "b"].map(namespaceOf) as [
  ReturnType<typeof namespaceOf>,
  ReturnType<typeof namespaceOf>,
];
const deps = () => ({ store: createMemoryStore({ limits }), limits, defaults, namespaces: [a, b] });
const text = "default_queue: mail\nqueues: { mail: }";

test("a namespace without rules has no table, and lets its workers have what they want", async () => {
  const routing = await openRouting(deps());
  expect(routing.tableOf(a)).toBeUndefined();
  expect(routing.defaultQueue).toBe("default");
  const wanted = ["x", "x"].map(queueNameOf);
  expect(routing.subscribe(a, wanted)).toBe(wanted);
  expect(routing.get(a)).toEqual({ namespace: "a", text: "", revision: 0, source: "none" });
});

test("a replacement is in force at once, in its namespace, and after a restart", async () => {
  const shared = deps();
  const routing = await openRouting(shared);
  expect(await routing.replace(a, text, 0)).toEqual({ namespace: "a", text, revision: 1, source: "store" });
  expect(routing.tableOf(a)).toBeDefined();
  expect(routing.tableOf(b)).toBeUndefined();
  const again = await openRouting(shared);
  expect(again.get(a)).toEqual({ namespace: "a", text, revision: 1, source: "store" });
  expect(again.subscribe(a, [queueNameOf("default")])).toEqual(["mail"]);
});

test("an empty text leaves the namespace without rules, and its revision rises", async () => {
  const routing = await openRouting(deps());
  await routing.replace(a, text, 0);
  expect(await routing.replace(a, "", 1)).toMatchObject({ revision: 2, source: "none" });
  expect(routing.tableOf(a)).toBeUndefined();
});

test("of two replacements of one revision one is told the newer revision", async () => {
  const routing = await openRouting(deps());
  const [first, second] = await Promise.allSettled([
    routing.replace(a, text, 0),
    routing.replace(a, "queues: {}", 0),
  ]);
  expect(first).toMatchObject({ status: "fulfilled" });
  expect(second).toMatchObject({
    reason: { problem: { reason: "REVISION_CONFLICT", namespace: "a", revision: 1 } },
  });
  expect(routing.get(a).text).toBe(text);
});

test("a wrong text changes nothing, and says all that is wrong with it", async () => {
  const routing = await openRouting(deps());
  await routing.replace(a, text, 0);
  await expect(routing.replace(a, "queus: {}\nroute: []", 1)).rejects.toMatchObject({
    problem: {
      reason: "FIELD_INVALID",
      violations: [
        { field: "config", description: '1:1: queus: there is no such key; did you mean "queues"?' },
        { field: "config", description: '2:1: route: there is no such key; did you mean "routes"?' },
      ],
    },
  });
  expect(routing.get(a)).toMatchObject({ text, revision: 1 });
});

test("a file holds for every namespace, and is not replaced", async () => {
  const file = { name: "routes.yaml", text };
  const shared = deps();
  await (await openRouting(shared)).replace(a, "queues: { other: }", 0);
  const routing = await openRouting({ ...shared, file });
  for (const namespace of [a, b]) expect(routing.get(namespace)).toMatchObject({ text, source: "file" });
  await expect(routing.replace(a, "", 1)).rejects.toMatchObject({
    problem: { reason: "ROUTING_FIXED", file: "routes.yaml" },
  });
  expect((await openRouting(shared)).get(a).text, "what was kept comes back without it").toBe(
    "queues: { other: }",
  );
});

test("a file that is not right is told with file, line and key", async () => {
  const file = { name: "routes.yaml", text: "queues:\n  mail: { priority_range: [7, 2] }\n" };
  const opening = openRouting({ ...deps(), file });
  await expect(opening).rejects.toBeInstanceOf(RoutingError);
  await expect(opening).rejects.toMatchObject({
    mistakes: [
      "routes.yaml:2:27: queues.mail.priority_range: the lowest priority, 7, is above the highest, 2",
    ],
  });
});
