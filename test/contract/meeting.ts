import { expect } from "vitest";
import { linkedId } from "../../server/src/model/continuation.ts";
import { defaultNamespace, plus, queueNameOf, taskIdOf } from "../../server/src/model/ids.ts";
import { type NamespaceRecord, unsaidNamespace } from "../../server/src/model/namespace.ts";
import type { Outcome } from "../../server/src/model/outcome.ts";
import type { GateNews } from "../../server/src/ports/gate-store.ts";
import { linking, linkOn } from "../support/new-link.ts";
import { bytesOf, newTask, tiesOf } from "../support/new-task.ts";
import { refOf, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const namespace = defaultNamespace;
const other = queueNameOf("other");
const elsewhere = { namespace, queue: other };
const handing: Outcome = { kind: "succeeded", result: bytesOf("x".repeat(1000)) };
const done: Outcome = { kind: "succeeded", result: undefined };

/** Where what was promised, what is counted and what is deleted meet. */
export function meetingCases({ case: test }: Suite): void {
  test("a quota of bytes counts what producers said, whatever a task is handed or leaves for its next attempt", async (subject) => {
    await subject.store.createNamespace(record(subject, { backlogBytes: 10_000 }));
    const content = new Uint8Array(10);
    const again = { kind: "retry", delayMs: 0, failure: undefined, checkpoint: new Uint8Array(500) } as const;
    await subject.accept(newTask("a", { ...linking(linkOn("succeeded", { task: { content } })), content }));
    await subject.settle(await subject.claimOne(), handing);
    expect(await bytesIn(subject)).toBe(10);
    await subject.settle(await subject.claimOne(), again);
    expect(await bytesIn(subject)).toBe(10);
    const child = linkedId(namespace, taskIdOf("a"), "succeeded", 0);
    expect(await subject.edit(refOf(child), { content: new Uint8Array(30) })).toBe("applied");
    expect(await bytesIn(subject)).toBe(30);
    await subject.settle(await subject.claimOne(), done);
    expect(await bytesIn(subject)).toBe(0);
  });

  test("a quota of bytes that is set late counts the same as one that was there", async (subject) => {
    await subject.store.createNamespace(record(subject, {}));
    const content = new Uint8Array(10);
    const tied = { content, ties: tiesOf({ fairnessKey: "k" }) };
    const links = [linkOn("succeeded", { task: { content } }), linkOn("succeeded", { task: tied })];
    await subject.accept(newTask("a", linking(...links)));
    await subject.settle(await subject.claimOne(), handing);
    await subject.accept(newTask("due", { content, policy: { expireMs: 5 }, queue: other }));
    await subject.store.updateNamespace(record(subject, { backlogBytes: 10_000 }, { revision: 2 }));
    expect(await bytesIn(subject)).toBe(30);
    subject.advance(5);
    await subject.store.expireOverdue(subject.now, 10);
    expect(await bytesIn(subject)).toBe(20);
    for (const claimed of await subject.claim()) await subject.settle(claimed, done);
    expect(await bytesIn(subject)).toBe(0);
  });

  test("a task that is written over while it waits counts with what is there now", async (subject) => {
    await subject.store.createNamespace(record(subject, { backlogBytes: 10_000 }));
    const claims = (conflict: "reject" | "debounce", size: number) => ({
      policy: { unique: { until: "ended", forMs: 0 } as const },
      unique: { key: "k", onConflict: conflict, keepUntil: undefined, startBy: undefined },
      content: new Uint8Array(size),
    });
    await subject.accept(newTask("a", linking(linkOn("succeeded", { task: claims("reject", 10) }))));
    await subject.settle(await subject.claimOne(), handing);
    expect(await bytesIn(subject)).toBe(10);
    expect(await subject.accept(newTask("b", claims("debounce", 25)))).toMatchObject([{ unique: "updated" }]);
    expect(await bytesIn(subject)).toBe(25);
    await subject.settle(await subject.claimOne(), done);
    expect(await bytesIn(subject)).toBe(0);
  });

  test("a claim counts what tied tasks are handed, and what they were left", async (subject) => {
    const ties = tiesOf({ fairnessKey: "k" });
    await subject.accept(newTask("a", linking(linkOn("succeeded", { task: { ties } }))));
    await subject.settle(await subject.claimOne(), handing);
    await subject.accept(newTask("b", { ties }));
    const small = { contentBytesMax: 500 };
    const [child, ...none] = await subject.claim(small);
    expect(child?.input?.data).toHaveLength(1000);
    expect(none).toEqual([]);
    const left = { kind: "retry", delayMs: 0, failure: undefined, checkpoint: new Uint8Array(600) } as const;
    await subject.settle(await subject.claimOne(), left);
    await subject.accept(newTask("c", { ties }));
    expect(await subject.edit(refOf("b"), { priority: 6 })).toBe("applied");
    expect((await subject.claim(small)).map(({ id }) => id)).toEqual(["b"]);
  });

  test("who waits hears of a promised task that takes the place of another", async (subject) => {
    const claims = {
      policy: { unique: { until: "ended", forMs: 0 } as const },
      unique: { key: "k", onConflict: "replace", keepUntil: undefined, startBy: undefined } as const,
    };
    await subject.accept(newTask("a", linking(linkOn("succeeded", { task: { ...claims, queue: other } }))));
    const held = { ...claims, queue: other, notBefore: plus(subject.now, 60_000) };
    expect(await subject.accept(newTask("holder", held))).toEqual(["accepted"]);
    const heard: GateNews[] = [];
    subject.store.onGateNews((news) => heard.push(news));
    await subject.settle(await subject.claimOne(), done);
    expect((await subject.task("holder")).reason).toBe("replaced");
    expect(heard).toMatchObject([{ opened: [{ queue: elsewhere, count: 1 }] }]);
  });

  test("what was promised to a queue that is being deleted, or is gone, comes, and the deletion goes on to its end", async (subject) => {
    const { store, now } = subject;
    const links = linking(linkOn("succeeded", { task: { queue: other } }));
    await subject.accept(newTask("a", links), newTask("b", links), newTask("x", { queue: other }));
    const running = await subject.claimOne({ queues: [other] });
    expect(await store.deleteQueue(elsewhere, true, now)).toMatchObject({ kind: "deleting" });
    await subject.settle(await subject.claimOne(), done);
    expect((await store.getQueue(elsewhere))?.depth).toMatchObject({ ready: 1, leased: 1 });
    expect(await subject.claim({ queues: [other] })).toEqual([]);
    await subject.settle(running, done);
    expect(await store.purge(elsewhere, Number.MAX_SAFE_INTEGER, now, 10)).toBe(1);
    expect(await store.deleteQueue(elsewhere, true, now)).toMatchObject({ kind: "deleted" });
    await subject.settle(await subject.claimOne(), done);
    expect(await store.getQueue(elsewhere)).toMatchObject({ isDeleting: false, depth: { ready: 1 } });
    expect(await subject.claim({ queues: [other] })).toHaveLength(1);
  });

  test("what is promised while its namespace is cleared goes with it, and nothing of it is counted in the next one", async (subject) => {
    const { store, now } = subject;
    await store.createNamespace(record(subject, { backlogBytes: 10_000 }));
    const inner = linking(linkOn("succeeded"));
    await subject.accept(newTask("a", linking(linkOn("succeeded", { task: { ...inner, queue: other } }))));
    const claimed = await subject.claimOne();
    const quotas = { backlogBytes: 10_000 };
    await store.updateNamespace(record(subject, quotas, { state: "deleting", revision: 2 }));
    const clear = () => store.clearNamespace(namespace, now, 10);
    expect(await clear()).toBe("leased");
    await subject.settle(claimed, handing);
    expect(await subject.claim({ queues: [other] })).toEqual([]);
    expect([await clear(), await clear(), await clear()]).toEqual(["more", "more", "gone"]);
    await store.createNamespace(record(subject, quotas));
    expect(await store.readNamespaceUse(namespace)).toEqual({ queues: 0, backlogTasks: 0, backlogBytes: 0 });
    expect(await subject.accept(newTask("a"))).toEqual(["accepted"]);
  });

  test("a task that waits is not written over where nothing comes in, but by one that was promised", async (subject) => {
    const { store, now } = subject;
    const claims = {
      policy: { unique: { until: "ended", forMs: 0 } as const },
      unique: { key: "k", onConflict: "debounce", keepUntil: undefined, startBy: undefined } as const,
      queue: other,
    };
    await store.createNamespace(record(subject, {}));
    expect(await subject.accept(newTask("a", claims))).toEqual(["accepted"]);
    const content = bytesOf("promised");
    await subject.accept(newTask("p", linking(linkOn("succeeded", { task: { ...claims, content } }))));
    const parent = await subject.claimOne();
    const alone = () => subject.accept(newTask("b", claims));
    const atomic = () => store.accept({ tasks: [newTask("b", claims)], now, atomic: true });
    await store.deleteQueue(elsewhere, true, now);
    const deleting = [{ refused: "queue_deleting", max: undefined }];
    expect([await alone(), await atomic()]).toEqual([deleting, deleting]);
    await store.updateNamespace(record(subject, {}, { state: "disabled", revision: 2 }));
    const disabled = [{ refused: "namespace_disabled", max: undefined }];
    expect([await alone(), await atomic()]).toEqual([disabled, disabled]);
    expect(await subject.task("a")).toMatchObject({ revision: 1, content: bytesOf("content of a") });
    await subject.settle(parent, done);
    expect(await subject.task("a")).toMatchObject({ revision: 2, content });
  });

  test("where nothing is handed out, nothing is counted as there to be had", async (subject) => {
    const { store, now } = subject;
    await store.createNamespace(record(subject, {}));
    await subject.accept(newTask("a"), newTask("b", { queue: other }));
    const ready = () => store.readyCounts(namespace, [queueNameOf("default"), other]);
    expect(await ready()).toEqual([1, 1]);
    await store.deleteQueue(elsewhere, true, now);
    expect(await ready()).toEqual([1, 0]);
    await store.updateNamespace(record(subject, {}, { state: "disabled", revision: 2 }));
    expect(await ready()).toEqual([0, 0]);
  });
}

const record = (
  { now }: Subject,
  quotas: Partial<NamespaceRecord["settings"]["quotas"]>,
  more: Partial<NamespaceRecord> = {},
): NamespaceRecord => ({
  ...{ name: namespace, state: "active", reason: "", createdAt: now, revision: 1 },
  settings: { ...unsaidNamespace, quotas: { ...unsaidNamespace.quotas, ...quotas } },
  ...more,
});

const bytesIn = async ({ store }: Subject): Promise<number | undefined> =>
  (await store.readNamespaceUse(namespace)).backlogBytes;
