import { expect, test } from "vitest";
import { createManualClock } from "../../../test/support/manual-clock.ts";
import { createRecordingLog } from "../../../test/support/recording-log.ts";
import { createLimits } from "../broker/broker.ts";
import { namespaceOf, queueNameOf } from "../model/ids.ts";
import { defaults, limits } from "../model/limits.ts";
import { createMemoryStore } from "../storage/memory/memory.ts";
import { openRouting, RoutingError } from "./routing.ts";

const [a, b] = ["a", "b"].map(namespaceOf) as [
  ReturnType<typeof namespaceOf>,
  ReturnType<typeof namespaceOf>,
];
const deps = () => {
  const store = createMemoryStore({ limits });
  const limitVerbs = createLimits({ store, clock: createManualClock(), limits });
  const log = createRecordingLog();
  return { store, limitVerbs, log, limits, defaults, namespaces: [a, b], isAlive: () => true };
};
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

const mail = queueNameOf("mail");
const limited = (concurrency: number) => `queues: { mail: { limits: { concurrency: ${concurrency} } } }`;
const countOf = async ({ store }: ReturnType<typeof deps>, namespace = a): Promise<number | undefined> =>
  (await store.getLimit({ namespace, kind: "queue", subject: mail }))?.concurrency;

test("limits hold when a replacement is answered, and are gone with the next that says none", async () => {
  const shared = deps();
  const routing = await openRouting(shared);
  await routing.replace(a, limited(3), 0);
  expect(await countOf(shared)).toBe(3);
  expect(await countOf(shared, b)).toBeUndefined();
  expect([a, b].map((namespace) => routing.saysLimits(namespace, mail))).toEqual([true, false]);
  expect(routing.validate(limited(4))).toEqual([]);
  await routing.replace(a, limited(5), 1);
  expect(await countOf(shared)).toBe(5);
  await routing.replace(a, "queues: { mail: }", 2);
  expect(await countOf(shared)).toBeUndefined();
  expect(routing.saysLimits(a, mail)).toBe(false);
});

test("a replacement for whose limits there is no room changes nothing", async () => {
  const shared = deps();
  const routing = await openRouting({ ...shared, limits: { ...limits, gateLimitsPerNamespaceMax: 1 } });
  await shared.limitVerbs.putLimit({
    ...{ namespace: a, kind: "key", subject: "k", concurrency: 1, rate: undefined },
  });
  await expect(routing.replace(a, limited(3), 0)).rejects.toMatchObject({
    problem: { reason: "LIMIT_COUNT_REACHED", limitsMax: 1 },
  });
  expect(routing.get(a)).toMatchObject({ revision: 0, source: "none" });
  expect(await countOf(shared)).toBeUndefined();
});

test("a start puts the limits of a file in every namespace, and one without it those of the text that is kept", async () => {
  const shared = deps();
  await (await openRouting(shared)).replace(a, limited(3), 0);
  const file = { name: "routes.yaml", text: limited(7) };
  const isAlive = (namespace: typeof a) => namespace !== b;
  const routing = await openRouting({ ...shared, isAlive, file });
  expect(await countOf(shared)).toBe(7);
  expect(await countOf(shared, b), "what is being deleted gets none").toBeUndefined();
  const later = namespaceOf("later");
  expect(routing.saysLimits(later, mail)).toBe(true);
  await routing.holdLimits(later);
  expect(await countOf(shared, later)).toBe(7);
  await openRouting(shared);
  expect([await countOf(shared), await countOf(shared, b)]).toEqual([3, undefined]);
});

test("a server that reads again what another one replaced keeps to its limits", async () => {
  const shared = deps();
  const [first, second] = [await openRouting(shared), await openRouting(shared)];
  await first.replace(a, limited(3), 0);
  expect(second.saysLimits(a, mail)).toBe(false);
  await shared.limitVerbs.putLimit({
    ...{ namespace: a, kind: "queue", subject: mail, concurrency: 9, rate: undefined },
  });
  await second.reread([a, b]);
  expect(second.saysLimits(a, mail)).toBe(true);
  expect(await countOf(shared)).toBe(3);
});

test("where there is no room at the start the server starts, says so, and puts them when there is", async () => {
  const shared = deps();
  const store = createMemoryStore({ limits: { ...limits, gateLimitsPerNamespaceMax: 1 } });
  const limitVerbs = createLimits({ store, clock: createManualClock(), limits });
  const own = { namespace: a, kind: "key", subject: "k" } as const;
  await limitVerbs.putLimit({ ...own, concurrency: 1, rate: undefined });
  const crowded = { ...shared, store, limitVerbs };
  const routing = await openRouting({ ...crowded, file: { name: "routes.yaml", text: limited(7) } });
  expect(shared.log.lines.map(({ level, facts }) => [level, facts])).toMatchObject([
    ["warn", { namespace: "a" }],
  ]);
  expect([await countOf(crowded), await countOf(crowded, b)]).toEqual([undefined, 7]);
  await routing.holdOwed();
  expect(await countOf(crowded)).toBeUndefined();
  await limitVerbs.deleteLimit(own);
  await routing.holdOwed();
  expect(await countOf(crowded)).toBe(7);
});

test("a replacement whose limits could not be put is in force, and they are put later", async () => {
  const shared = deps();
  let isAway = true;
  const gone = new Error("the store is away");
  const limitVerbs: typeof shared.limitVerbs = {
    ...shared.limitVerbs,
    putLimit: (limit) => (isAway ? Promise.reject(gone) : shared.limitVerbs.putLimit(limit)),
  };
  const routing = await openRouting({ ...shared, limitVerbs });
  await expect(routing.replace(a, limited(3), 0)).rejects.toBe(gone);
  expect(routing.get(a)).toMatchObject({ revision: 1 });
  await routing.holdOwed();
  expect(await countOf(shared)).toBeUndefined();
  isAway = false;
  await routing.holdOwed();
  expect(await countOf(shared)).toBe(3);
});

test("of a namespace that was deleted nothing comes back with its name", async () => {
  const shared = deps();
  const routing = await openRouting(shared);
  await routing.replace(a, limited(3), 0);
  await routing.forget(a);
  await shared.limitVerbs.deleteLimit({ namespace: a, kind: "queue", subject: mail });
  expect(routing.saysLimits(a, mail)).toBe(false);
  await shared.limitVerbs.putLimit({
    ...{ namespace: a, kind: "queue", subject: mail, concurrency: 9, rate: undefined },
  });
  await openRouting(shared);
  expect(await countOf(shared), "what operators put in the new one is theirs").toBe(9);
});
