import { expect, test } from "vitest";
import { createManualClock } from "../../../test/support/manual-clock.ts";
import { createRecordingLog } from "../../../test/support/recording-log.ts";
import { namespaceOf } from "../model/ids.ts";
import { limits } from "../model/limits.ts";
import { unsaidNamespace } from "../model/namespace.ts";
import { createMemoryStore } from "../storage/memory/memory.ts";
import { type NamespacesDeps, openNamespaces } from "./namespaces.ts";

const acme = namespaceOf("acme");

const deps = (wish: Partial<NamespacesDeps> = {}): NamespacesDeps => ({
  store: createMemoryStore({ limits }),
  clock: createManualClock(),
  log: createRecordingLog(),
  limits,
  configured: ["default"],
  queueCreation: "on_use",
  isMadeOnUse: false,
  onMade: async () => undefined,
  ...wish,
});

test("what was made is there after a restart, beside what is configured", async () => {
  const shared = deps();
  const room = await openNamespaces(shared);
  expect(await room.create(acme, unsaidNamespace)).toMatchObject({ created: true });
  expect(await room.create(acme, unsaidNamespace)).toMatchObject({ created: false });
  await room.disable(acme, "unpaid");
  const again = await openNamespaces({ ...shared, configured: ["default", "new"] });
  expect(again.names()).toEqual(["acme", "default", "new"]);
  expect(again.get(acme)).toMatchObject({ state: "disabled", reason: "unpaid", revision: 2 });
  expect(again.list(acme, 1).map(({ name }) => name)).toEqual(["default"]);
});

test("of changes at the same revision one is made", async () => {
  const room = await openNamespaces(deps());
  await room.create(acme, unsaidNamespace);
  const change = (description: string) =>
    room.update(acme, { revision: 1, apply: (settings) => ({ ...settings, description }) });
  const [first, second] = await Promise.allSettled([change("one"), change("two")]);
  expect([first.status, second.status]).toEqual(["fulfilled", "rejected"]);
  expect(room.get(acme)).toMatchObject({ settings: { description: "one" }, revision: 2 });
});

test("saying again what is so already changes nothing", async () => {
  const room = await openNamespaces(deps());
  await room.create(acme, unsaidNamespace);
  expect(await room.enable(acme)).toMatchObject({ revision: 1 });
  await room.disable(acme, "unpaid");
  expect(await room.disable(acme, "unpaid")).toMatchObject({ revision: 2 });
  expect(await room.disable(acme, "abuse")).toMatchObject({ revision: 3, reason: "abuse" });
});

test("one that is being deleted is neither changed nor made anew, until it is gone", async () => {
  const room = await openNamespaces(deps());
  await room.create(acme, unsaidNamespace);
  await room.remove(acme, false);
  await room.remove(acme, false);
  expect(room.leaving()).toEqual(["acme"]);
  for (const refused of [
    room.create(acme, unsaidNamespace),
    room.enable(acme),
    room.update(acme, { revision: undefined, apply: (settings) => settings }),
  ])
    await expect(refused).rejects.toThrow("NAMESPACE_DISABLED");
  expect(await room.disable(acme, "too late")).toMatchObject({ state: "deleting", reason: "" });
  room.gone(acme);
  expect(room.stateOf("acme")).toBeUndefined();
});

test("where that is the way, a namespace is there as soon as it is named, and kept", async () => {
  const shared = deps({ isMadeOnUse: true, limits: { namespacesMax: 2 } });
  const room = await openNamespaces(shared);
  expect(room.stateOf("acme")).toBe("active");
  expect(room.stateOf("one-too-many")).toBeUndefined();
  await room.disable(acme, "");
  expect((await openNamespaces(shared)).get(acme)).toMatchObject({ state: "disabled", revision: 2 });
});

test("whether queues have to be made is the namespace's to say, then the server's", async () => {
  const room = await openNamespaces(deps({ queueCreation: "explicit" }));
  await room.create(acme, { ...unsaidNamespace, queueCreation: "on_use" });
  expect(room.hasExplicitQueues(acme)).toBe(false);
  expect(room.hasExplicitQueues(namespaceOf("default"))).toBe(true);
});

test("what is to hold in a new namespace is put before it is answered, and once", async () => {
  const made: string[] = [];
  const shared = deps({ isMadeOnUse: true, onMade: async (name) => void made.push(name) });
  const room = await openNamespaces(shared);
  expect(made, "what is configured is there already").toEqual([]);
  await room.create(acme, unsaidNamespace);
  expect(made).toEqual(["acme"]);
  await room.create(acme, unsaidNamespace);
  room.stateOf("named");
  room.stateOf("named");
  await room.disable(acme, "a change comes after all that were begun");
  expect(made).toEqual(["acme", "named"]);
  expect([acme, namespaceOf("nobody")].map(room.isAlive)).toEqual([true, false]);
  await room.remove(acme, false);
  expect(room.isAlive(acme)).toBe(false);
});
