import { expect } from "vitest";
import { defaultNamespace, namespaceOf, plus, queueNameOf, taskIdOf } from "../../server/src/model/ids.ts";
import {
  type NamespaceRecord,
  type NamespaceSettings,
  unsaidNamespace,
} from "../../server/src/model/namespace.ts";
import { unsaidSettings } from "../../server/src/model/queue.ts";
import type { NewTask } from "../../server/src/model/task.ts";
import { linking, linkOn } from "../support/new-link.ts";
import { bytesOf, defaultQueue, newTask, tiesOf } from "../support/new-task.ts";
import { lease, refOf, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const namespace = defaultNamespace;
const ref = { namespace, queue: defaultQueue };

/** Namespaces: what operators say of them, and what follows for tasks. */
export function namespaceCases({ case: test }: Suite): void {
  test("namespaces that are listed are made once, and all are read by name", async (subject) => {
    const first = await open(subject, "b", "a");
    expect(first.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(first[0]).toEqual({
      ...{ name: "a", settings: unsaidNamespace, state: "active", reason: "" },
      ...{ createdAt: subject.now, revision: 1 },
    });
    subject.advance(10);
    expect((await open(subject, "c", "a")).map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect((await open(subject)).find(({ name }) => name === "a")).toEqual(first[0]);
  });

  test("what is stored in a namespace makes no record of it", async (subject) => {
    await subject.accept(newTask("a", { namespace: namespaceOf("unlisted") }));
    expect(await open(subject)).toEqual([]);
  });

  test("a record is made once, and put in the place of the one before", async (subject) => {
    const made = record(subject, { description: "tests" });
    expect(await subject.store.createNamespace(made)).toBe("done");
    expect(await subject.store.createNamespace(made)).toBe("exists");
    const next = { ...made, state: "disabled", reason: "deploy", revision: 2 } as const;
    expect(await subject.store.updateNamespace(next)).toBe("done");
    expect(await subject.store.updateNamespace(next)).toBe("conflict");
    expect(await open(subject)).toEqual([next]);
    const unknown = { ...next, name: namespaceOf("unknown") };
    expect(await subject.store.updateNamespace(unknown)).toBe("conflict");
  });

  test("a quota of tasks counts what has not ended, in all queues, and is exact", async (subject) => {
    await make(subject, { quotas: { ...none, backlogTasks: 2 } });
    const other = { queue: queueNameOf("other") };
    const over = { refused: "task_quota", max: 2 };
    expect(
      await subject.accept(newTask("a"), newTask("b", other), newTask("c"), newTask("d", other)),
    ).toEqual(["accepted", "accepted", over, over]);
    expect(await subject.accept(newTask("x", { queue: queueNameOf("new") }))).toEqual([over]);
    expect(await subject.store.getQueue({ ...ref, queue: queueNameOf("new") })).toBeUndefined();
    expect(await subject.store.readNamespaceUse(namespace)).toMatchObject({ queues: 2, backlogTasks: 2 });
    const claimed = await subject.claimOne();
    expect(await subject.accept(newTask("c"))).toEqual([over]);
    await subject.settle(claimed, { kind: "succeeded", result: undefined });
    expect(await atomic(subject, "c", "d")).toEqual(["withheld", over]);
    expect(await atomic(subject, "c")).toEqual(["accepted"]);
    expect(await subject.accept(newTask("z", { namespace: namespaceOf("another") }))).toEqual(["accepted"]);
  });

  test("a quota of bytes counts what is there when it is set, and follows every end", async (subject) => {
    await make(subject, {});
    const task = (id: string, bytes: number) => newTask(id, { content: new Uint8Array(bytes) });
    await subject.accept(
      task("ready", 10),
      task("leased", 20),
      newTask("tied", { content: bytesOf("12345"), ties: tiesOf({ orderingKey: "k" }) }),
    );
    await subject.accept({ ...task("later", 40), notBefore: plus(subject.now, 1000) });
    await subject.settle(await subject.claimOne(), {
      kind: "succeeded",
      result: bytesOf("much longer than its content"),
    });
    const held = await subject.claimOne();
    await change(subject, { quotas: { ...none, backlogBytes: 100 } });
    const bytes = async () => (await subject.store.readNamespaceUse(namespace)).backlogBytes;
    expect(await bytes()).toBe(65);
    expect(await subject.accept(task("a", 35), task("b", 1))).toEqual(["accepted", over(100)]);
    await subject.cancel("a");
    expect(await bytes()).toBe(65);
    expect(await subject.edit(refOf("later"), { content: new Uint8Array(50) })).toBe("applied");
    expect(await bytes()).toBe(75);
    await subject.settle(held, { kind: "released" });
    expect(await bytes()).toBe(75);
    const all = await subject.claim();
    await subject.store.purge(ref, Number.MAX_SAFE_INTEGER, subject.now, 10);
    expect(await bytes()).toBe(25);
    for (const claimed of all) await subject.settle(claimed, { kind: "succeeded", result: undefined });
    expect(await bytes()).toBe(0);
    await change(subject, {}, 3);
    expect(await bytes()).toBeUndefined();
  });

  test("many successes at once leave the quota of bytes as it should be", async (subject) => {
    await make(subject, { quotas: { ...none, backlogBytes: 1000 } });
    const ids = Array.from({ length: 100 }, (_, at) => `task-${at}`);
    await subject.accept(...ids.map((id) => newTask(id, { content: new Uint8Array(10) })));
    expect(await subject.accept(newTask("more"))).toEqual([over(1000)]);
    for (const claimed of await subject.claim())
      await subject.settle(claimed, { kind: "succeeded", result: undefined });
    expect(await subject.store.readNamespaceUse(namespace)).toMatchObject({
      backlogTasks: 0,
      backlogBytes: 0,
    });
  });

  test("a debounced task counts with its newest content", async (subject) => {
    await make(subject, { quotas: { ...none, backlogBytes: 1000 } });
    const debounced = (id: string, bytes: number) => {
      const unique = { key: "k", onConflict: "debounce", keepUntil: undefined, startBy: undefined } as const;
      const start = { notBefore: plus(subject.now, 1000), content: new Uint8Array(bytes) };
      return newTask(id, { ...start, unique, policy: { unique: { until: "ended", forMs: 0 } } });
    };
    await subject.accept(debounced("a", 100));
    const [verdict] = await subject.accept(debounced("b", 7));
    expect(verdict).toMatchObject({ unique: "updated" });
    expect(await subject.store.readNamespaceUse(namespace)).toMatchObject({
      backlogTasks: 1,
      backlogBytes: 7,
    });
  });

  test("what waits becomes no longer than a quota of bytes lets it, whoever writes over it", async (subject) => {
    await make(subject, { quotas: { ...none, backlogBytes: 100 } });
    const bytes = async () => (await subject.store.readNamespaceUse(namespace)).backlogBytes;
    const debounced = (id: string, size: number, key = "k") => {
      const unique = { key, onConflict: "debounce", keepUntil: undefined, startBy: undefined } as const;
      const start = { notBefore: plus(subject.now, 1000), content: new Uint8Array(size) };
      return newTask(id, { ...start, unique, policy: { unique: { until: "ended", forMs: 0 } } });
    };
    await subject.accept(debounced("a", 40), newTask("other", { content: new Uint8Array(50) }));
    expect(await subject.accept(debounced("b", 51))).toEqual([over(100)]);
    expect(await atomic(subject, debounced("b", 51))).toEqual([over(100)]);
    expect(await subject.edit(refOf("a"), { content: new Uint8Array(51) })).toEqual(over(100));
    expect(await bytes(), "nothing was written").toBe(90);
    expect(await subject.accept(debounced("b", 50))).toMatchObject([{ unique: "updated" }]);
    expect(await subject.edit(refOf("other"), { content: new Uint8Array(51) })).toEqual(over(100));
    expect(await subject.edit(refOf("other"), { content: new Uint8Array(20) })).toBe("applied");
    expect(await bytes()).toBe(70);
    // The second of a batch is measured by the first, and what came with both counts.
    expect(await atomic(subject, debounced("c", 60), debounced("d", 71), newTask("e"))).toMatchObject([
      {},
      {},
      over(100),
    ]);
    expect(await atomic(subject, debounced("c", 90), debounced("d", 81))).toEqual([over(100), over(100)]);
    expect(await atomic(subject, debounced("c", 80), debounced("d", 70))).toMatchObject([
      { unique: "updated" },
      { unique: "updated" },
    ]);
    expect(await bytes()).toBe(90);
    await change(subject, { quotas: { ...none, backlogBytes: 10 } });
    expect(await subject.accept(debounced("f", 60)), "what becomes shorter may").toMatchObject([
      { unique: "updated" },
    ]);
    expect(await subject.edit(refOf("other"), { content: new Uint8Array(19) })).toBe("applied");
    expect(await bytes()).toBe(79);
  });

  test("what links say counts in a quota of bytes with the task that says it, until that has ended", async (subject) => {
    const bytes = async () => (await subject.store.readNamespaceUse(namespace)).backlogBytes;
    const sized = (size: number) => ({ content: new Uint8Array(size) });
    const inner = linking(linkOn("succeeded", { task: sized(7) }));
    const links = linking(
      linkOn("succeeded", { task: { ...sized(30), ...inner } }),
      linkOn("failed", { task: sized(20) }),
    );
    await make(subject, {});
    await subject.accept(newTask("a", { ...sized(10), ...links }));
    await change(subject, { quotas: { ...none, backlogBytes: 100 } });
    expect(await bytes(), "what was there").toBe(67);
    const tooMuch = newTask("b", { ...sized(10), ...linking(linkOn("failed", { task: sized(24) })) });
    expect(await subject.accept(tooMuch)).toEqual([over(100)]);
    expect(await atomic(subject, tooMuch)).toEqual([over(100)]);
    expect(await subject.accept({ ...tooMuch, content: new Uint8Array(9) })).toEqual(["accepted"]);
    expect(await bytes()).toBe(100);
    await subject.cancel("b");
    expect(await bytes()).toBe(67);

    await subject.settle(await subject.claimOne(), { kind: "succeeded", result: bytesOf("not counted") });
    expect(await bytes(), "the one that it made, and what that makes").toBe(37);
    const unused = newTask("c", {
      ...sized(9),
      ...linking(linkOn("failed", { task: sized(20) })),
      priority: 9,
    });
    await subject.accept(unused);
    expect(await bytes()).toBe(66);
    await subject.settle(await subject.claimOne(), { kind: "succeeded", result: undefined });
    expect(await bytes(), "an end that makes nothing of its links").toBe(37);
    await subject.settle(await subject.claimOne(), { kind: "succeeded", result: undefined });
    expect(await bytes()).toBe(7);
    await subject.settle(await subject.claimOne(), { kind: "succeeded", result: undefined });
    expect(await bytes()).toBe(0);
  });

  test("links count anew where a task is written over that has others", async (subject) => {
    await make(subject, { quotas: { ...none, backlogBytes: 100 } });
    const debounced = (id: string, size: number) => {
      const unique = { key: "k", onConflict: "debounce", keepUntil: undefined, startBy: undefined } as const;
      const start = { notBefore: plus(subject.now, 1000), content: new Uint8Array(10) };
      const { links, policy } = linking(linkOn("failed", { task: { content: new Uint8Array(size) } }));
      return newTask(id, {
        ...{ ...start, unique, links },
        policy: { ...policy, unique: { until: "ended", forMs: 0 } },
      });
    };
    await subject.accept(debounced("a", 50));
    expect(await subject.accept(debounced("b", 91))).toEqual([over(100)]);
    expect(await subject.accept(debounced("b", 90))).toMatchObject([{ unique: "updated" }]);
    expect(await subject.accept(debounced("c", 5))).toMatchObject([{ unique: "updated" }]);
    const { backlogBytes } = await subject.store.readNamespaceUse(namespace);
    expect(backlogBytes).toBe(15);
    await subject.cancel("a");
    expect((await subject.store.readNamespaceUse(namespace)).backlogBytes).toBe(0);
  });

  test("a quota of queues holds for those that come by use, by pause and by name", async (subject) => {
    await make(subject, { quotas: { ...none, queues: 1 } });
    await subject.accept(newTask("a"));
    const limit = { refused: "queue_limit", max: 1 };
    const other = { ...ref, queue: queueNameOf("other") };
    expect(await subject.accept(newTask("b", { queue: other.queue }))).toEqual([limit]);
    expect(await subject.store.createQueue(other, unsaidSettings, subject.now)).toEqual(limit);
    expect(await subject.store.setPause(other, { reason: "", at: subject.now }, subject.now)).toEqual(limit);
    expect(await subject.edit(refOf("a"), { queue: other.queue })).toEqual(limit);
  });

  test("where queues have to be made, one that was not is refused, whatever would make it", async (subject) => {
    await make(subject, { queueCreation: "explicit" });
    const unknown = { refused: "queue_unknown" };
    expect(await subject.accept(newTask("a"))).toEqual([unknown]);
    expect(await atomic(subject, "a")).toEqual([unknown]);
    expect(await subject.store.setPause(ref, { reason: "", at: subject.now }, subject.now)).toEqual(unknown);
    expect(await subject.store.putWeight(ref, { key: "k", weight: 2 }, subject.now)).toEqual(unknown);
    expect(await subject.store.createQueue(ref, unsaidSettings, subject.now)).toBe("created");
    expect(await subject.accept(newTask("a"))).toEqual(["accepted"]);
    expect(await subject.edit(refOf("a"), { queue: queueNameOf("other") })).toEqual(unknown);
    await subject.settle(await subject.claimOne(), { kind: "succeeded", result: undefined });
    await subject.store.deleteQueue(ref, false, subject.now);
    expect(await subject.accept(newTask("a"), newTask("b"))).toEqual(["duplicate", unknown]);
  });

  test("the server says how queues come into being where their namespace does not", async (subject) => {
    const opening = { names: [namespace], queueCreation: "explicit", now: subject.now } as const;
    await subject.store.openNamespaces(opening);
    expect(await subject.accept(newTask("a"))).toEqual([{ refused: "queue_unknown" }]);
    await change(subject, { queueCreation: "on_use" });
    expect(await subject.accept(newTask("a"))).toEqual(["accepted"]);
  });

  test("a disabled namespace takes nothing and hands nothing out; what runs may end", async (subject) => {
    await make(subject, {});
    await subject.accept(newTask("a"), newTask("b"));
    const claimed = await subject.claimOne();
    await subject.store.updateNamespace(record(subject, {}, { state: "disabled", revision: 2 }));
    const refusal = { refused: "namespace_disabled" };
    expect(await subject.accept(newTask("a"), newTask("c"))).toEqual(["duplicate", refusal]);
    expect(await subject.accept(newTask("c", { queue: queueNameOf("new") }))).toEqual([refusal]);
    expect(await subject.claim()).toEqual([]);
    expect(await subject.extend(claimed)).toMatchObject({ held: true });
    expect(await subject.settle(claimed, { kind: "succeeded", result: undefined })).toMatchObject({
      kind: "applied",
    });
    await subject.store.updateNamespace(record(subject, {}, { revision: 3 }));
    expect(await subject.accept(newTask("c"))).toEqual(["accepted"]);
    expect(await subject.claim()).toHaveLength(2);
  });

  test("a namespace is cleared in pieces: what waits, then, when nothing runs, all that is there", async (subject) => {
    const kept = namespaceOf("kept");
    await make(subject, {});
    await subject.accept(
      ...["a", "b", "c", "d"].map((id) => newTask(id, { tags: ["t"] })),
      newTask("a", { namespace: kept }),
    );
    const claimed = await subject.claimOne();
    await subject.store.updateNamespace(record(subject, {}, { state: "deleting", revision: 2 }));
    expect(await subject.accept(newTask("x"))).toEqual([{ refused: "namespace_deleting" }]);
    const clear = () => subject.store.clearNamespace(namespace, subject.now, 2);
    expect([await clear(), await clear()]).toEqual(["more", "more"]);
    expect(await clear()).toBe("leased");
    expect((await subject.task("b")).state).toBe("cancelled");
    await subject.settle(claimed, { kind: "retry", delayMs: undefined, failure: undefined });
    expect([await clear(), await clear(), await clear()]).toEqual(["more", "more", "more"]);
    expect(await clear()).toBe("gone");
    expect(await clear()).toBe("gone");
    expect((await subject.list()).tasks).toEqual([]);
    expect(await subject.store.listQueues(namespace, undefined, 10)).toEqual([]);
    expect((await open(subject)).map(({ name }) => name)).toEqual([]);
    const [left] = await subject.store.read([{ namespace: kept, id: taskIdOf("a") }]);
    expect(left?.state).toBe("ready");
  });

  test("nothing of a namespace that is gone is met by the next one of its name", async (subject) => {
    await make(subject, { quotas: { ...none, backlogTasks: 1 } });
    await subject.store.createQueue(ref, { ...unsaidSettings, backlogMax: 1 }, subject.now);
    await subject.store.revoke(
      [{ ref: refOf("a"), cancel: { reason: "", at: subject.now }, until: plus(subject.now, 10_000) }],
      subject.now,
    );
    await subject.accept(newTask("b"));
    await subject.store.updateNamespace(record(subject, {}, { state: "deleting", revision: 2 }));
    while ((await subject.store.clearNamespace(namespace, subject.now, 10)) !== "gone");
    await make(subject, {});
    expect(await subject.accept(newTask("b", { content: bytesOf("other") }), newTask("a"))).toEqual([
      "accepted",
      "accepted",
    ]);
    expect((await subject.task("a")).state).toBe("ready");
    const { events } = await subject.store.readEvents(undefined, 100);
    expect(events.filter(({ taskId }) => taskId === "a")).toHaveLength(1);
  });

  test("what was said of namespaces is there after a restart, quotas as they were used", async (subject) => {
    await make(subject, { description: "kept", quotas: { queues: 5, backlogTasks: 10, backlogBytes: 30 } });
    await subject.accept(newTask("a", { content: new Uint8Array(20) }));
    const before = await open(subject);
    await subject.reopen();
    expect(await open(subject)).toEqual(before);
    expect(await subject.accept(newTask("b", { content: new Uint8Array(11) }))).toEqual([over(30)]);
    subject.advance(lease.leaseMs);
    expect(await subject.accept(newTask("b", { content: new Uint8Array(10) }))).toEqual(["accepted"]);
  });
}

const none = unsaidNamespace.quotas;
const over = (max: number) => ({ refused: "byte_quota", max });

const open = ({ store, now }: Subject, ...names: readonly string[]) =>
  store.openNamespaces({ names: names.map(namespaceOf), queueCreation: "on_use", now });

const record = (
  { now }: Subject,
  settings: Partial<NamespaceSettings>,
  more: Partial<NamespaceRecord> = {},
): NamespaceRecord => ({
  ...{ name: namespace, settings: { ...unsaidNamespace, ...settings }, state: "active", reason: "" },
  ...{ createdAt: now, revision: 1 },
  ...more,
});

async function make(subject: Subject, settings: Partial<NamespaceSettings>): Promise<void> {
  expect(await subject.store.createNamespace(record(subject, settings))).toBe("done");
}

async function change(subject: Subject, settings: Partial<NamespaceSettings>, revision = 2): Promise<void> {
  expect(await subject.store.updateNamespace(record(subject, settings, { revision }))).toBe("done");
}

const atomic = (subject: Subject, ...tasks: readonly (string | NewTask)[]) =>
  subject.store.accept({
    tasks: tasks.map((task) => (typeof task === "string" ? newTask(task) : task)),
    now: subject.now,
    atomic: true,
  });
