import { expect } from "vitest";
import { defaultNamespace, namespaceOf, type QueueName, queueNameOf } from "../../server/src/model/ids.ts";
import { type QueueSettings, unsaidSettings } from "../../server/src/model/queue.ts";
import { bytesOf, defaultQueue, newTask } from "../support/new-task.ts";
import { lease, refOf, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const ref = { namespace: defaultNamespace, queue: defaultQueue };
const settings: QueueSettings = { description: "mail", backlogMax: 2, isClosed: false };
const closed: QueueSettings = { ...unsaidSettings, isClosed: true };
const full = { refused: "queue_full", max: 2 };

/** Queues that operators make, change and delete. */
export function queueAdminCases({ case: test }: Suite): void {
  test("a queue is made with what is said of it, once", async (subject) => {
    expect(await subject.store.createQueue(ref, settings, subject.now)).toBe("created");
    const queue = await subject.store.getQueue(ref);
    expect(queue).toMatchObject({ settings, revision: 1, createdAt: subject.now, isDeleting: false });
    subject.advance(10);
    expect(await subject.store.createQueue(ref, settings, subject.now)).toBe("same");
    expect(await subject.store.createQueue(ref, unsaidSettings, subject.now)).toBe("other");
    expect(await subject.store.getQueue(ref)).toEqual(queue);
  });

  test("a queue that came with its first task has nothing said of it", async (subject) => {
    await subject.accept(newTask("a"));
    expect(await subject.store.createQueue(ref, unsaidSettings, subject.now)).toBe("same");
    expect(await subject.store.createQueue(ref, settings, subject.now)).toBe("other");
  });

  test(
    "a queue too many is not made",
    async (subject) => {
      await subject.store.createQueue(ref, settings, subject.now);
      const another = { ...ref, queue: queueNameOf("another") };
      const limit = { refused: "queue_limit", max: 1 };
      expect(await subject.store.createQueue(another, settings, subject.now)).toEqual(limit);
      await subject.store.deleteQueue(ref, false, subject.now);
      expect(await subject.store.createQueue(another, settings, subject.now)).toBe("created");
      expect(await subject.store.createQueue(ref, settings, subject.now)).toEqual(limit);
    },
    { limits: { queuesPerNamespaceMax: 1 } },
  );

  test("settings are changed at the revision on which that was decided", async (subject) => {
    expect(await subject.store.updateQueue(ref, settings, 1)).toBe("unknown");
    await subject.accept(newTask("a"));
    expect(await subject.store.updateQueue(ref, settings, 1)).toBe("done");
    expect(await subject.store.updateQueue(ref, closed, 1)).toBe("conflict");
    expect(await subject.store.getQueue(ref)).toMatchObject({ settings, revision: 2 });
  });

  test("a closed queue takes nothing new; what is in it goes on, and what is known is a duplicate", async (subject) => {
    await subject.accept(newTask("a"), newTask("b"));
    const [claimed] = await subject.claim({ limit: 1 });
    await subject.store.updateQueue(ref, closed, 1);
    const refusal = { refused: "queue_closed" };
    expect(await subject.accept(newTask("a"), newTask("c"))).toEqual(["duplicate", refusal]);
    expect(await atomic(subject, "a", "c")).toEqual(["duplicate", refusal]);
    if (claimed) await subject.settle(claimed, { kind: "released" });
    expect(await subject.claim()).toHaveLength(2);
    await subject.accept(newTask("d", { queue: queueNameOf("other") }));
    expect(await subject.edit(refOf("d"), { queue: defaultQueue })).toEqual(refusal);
    await subject.store.updateQueue(ref, unsaidSettings, 2);
    expect(await subject.accept(newTask("c"))).toEqual(["accepted"]);
  });

  test("a task of a closed queue can be edited where it is", async (subject) => {
    await subject.accept(newTask("a"));
    await subject.store.updateQueue(ref, closed, 1);
    expect(await subject.edit(refOf("a"), { priority: 9 })).toBe("applied");
  });

  test("a queue holds no more tasks that have not ended than it may; one that comes back is not refused", async (subject) => {
    await subject.store.createQueue(ref, settings, subject.now);
    expect(await subject.accept(newTask("a"), newTask("b"), newTask("c"), newTask("a"))).toEqual([
      "accepted",
      "accepted",
      full,
      "duplicate",
    ]);
    const [a] = await subject.claim({ limit: 1 });
    if (a === undefined) throw new Error("a lease was expected");
    expect(await subject.accept(newTask("c"))).toEqual([full]);
    await subject.settle(a, { kind: "retry", delayMs: undefined, failure: undefined });
    expect(await subject.accept(newTask("c"))).toEqual([full]);
    await subject.cancel("a");
    expect(await subject.accept(newTask("c"), newTask("d"))).toEqual(["accepted", full]);
  });

  test("of a long batch as many come in as there is room for, in order, and what is known is known all the same", async (subject) => {
    await subject.store.createQueue(ref, { ...unsaidSettings, backlogMax: 300 }, subject.now);
    const tasks = Array.from({ length: 1000 }, (_, at) => newTask(`t${at}`));
    await subject.accept(...tasks.slice(0, 100));
    const verdicts = await subject.accept(...tasks);
    const refused = verdicts.slice(300);
    expect(verdicts.slice(0, 100).every((verdict) => verdict === "duplicate")).toBe(true);
    expect(verdicts.slice(100, 300).every((verdict) => verdict === "accepted")).toBe(true);
    expect(refused.every((verdict) => typeof verdict === "object" && "refused" in verdict)).toBe(true);
    expect((await subject.store.getQueue(ref))?.depth.ready).toBe(300);
  });

  test("an atomic batch that would fill a queue over is refused whole", async (subject) => {
    await subject.store.createQueue(ref, settings, subject.now);
    expect(await atomic(subject, "a", "b", "c")).toEqual(["withheld", "withheld", full]);
    expect((await subject.list()).tasks).toEqual([]);
    expect(await atomic(subject, "a", "b")).toEqual(["accepted", "accepted"]);
    expect(await atomic(subject, "a", "b")).toEqual(["duplicate", "duplicate"]);
  });

  test("a bound below what is in a queue loses nothing, and lets in again when there is room", async (subject) => {
    await subject.accept(newTask("a"), newTask("b"), newTask("c"));
    await subject.store.updateQueue(ref, settings, 1);
    const [first, second] = await subject.claim();
    if (first === undefined || second === undefined) throw new Error("three leases were expected");
    for (const [claimed, id] of [
      [first, "d"],
      [second, "e"],
    ] as const) {
      expect(await subject.accept(newTask(id))).toEqual([full]);
      await subject.settle(claimed, { kind: "succeeded", result: undefined });
    }
    expect(await subject.accept(newTask("d"), newTask("e"))).toEqual(["accepted", full]);
  });

  test("a queue with tasks that have not ended, or that failed, is deleted by force only", async (subject) => {
    await subject.accept(newTask("a", { policy: { maxAttempts: 1 } }), newTask("b"));
    const claimed = await subject.claimOne();
    const deleted = (force: boolean) => subject.store.deleteQueue(ref, force, subject.now);
    expect(await deleted(false)).toEqual({ kind: "in_use", backlog: 2, failed: 0 });
    await subject.cancel("b");
    await subject.settle(claimed, { kind: "rejected", failure: bytesOf("broken") });
    expect(await deleted(false)).toEqual({ kind: "in_use", backlog: 0, failed: 1 });
    expect(await deleted(true)).toEqual({ kind: "deleted" });
    expect(await deleted(true)).toEqual({ kind: "unknown" });
    expect(await subject.store.getQueue(ref)).toBeUndefined();
    expect(await subject.store.listQueues(defaultNamespace, undefined, 10)).toEqual([]);
  });

  test("a queue that is being deleted takes nothing and hands nothing out, and goes when its leases have ended", async (subject) => {
    await subject.accept(newTask("a"), newTask("b"));
    const claimed = await subject.claimOne();
    const deleted = () => subject.store.deleteQueue(ref, true, subject.now);
    expect(await deleted()).toEqual({ kind: "deleting", leased: 1 });
    expect(await subject.store.leavingQueues(10)).toEqual([ref]);
    expect(await subject.store.getQueue(ref)).toMatchObject({ isDeleting: true });
    const refusal = { refused: "queue_deleting" };
    expect(await subject.accept(newTask("c"))).toEqual([refusal]);
    expect(await subject.store.createQueue(ref, unsaidSettings, subject.now)).toEqual(refusal);
    expect(await subject.store.updateQueue(ref, unsaidSettings, 1)).toBe("conflict");
    expect(await subject.claim()).toEqual([]);
    expect(await subject.store.purge(ref, Number.MAX_SAFE_INTEGER, subject.now, 10)).toBe(1);
    expect(await deleted()).toEqual({ kind: "deleting", leased: 1 });
    await subject.settle(claimed, { kind: "succeeded", result: bytesOf("done") });
    expect(await deleted()).toEqual({ kind: "deleted" });
    expect(await subject.store.leavingQueues(10)).toEqual([]);
    expect(await subject.task("a")).toMatchObject({ state: "succeeded", queue: defaultQueue });
  });

  test("a queue that was deleted comes into being anew, with nothing said of it", async (subject) => {
    await subject.store.createQueue(ref, settings, subject.now);
    const weight = { key: "tenant", weight: 3 };
    await subject.store.putWeight(ref, weight, subject.now);
    await subject.store.setPause(ref, { reason: "deploy", at: subject.now }, subject.now);
    await subject.store.updateQueue(ref, closed, 1);
    await subject.store.deleteQueue(ref, false, subject.now);
    subject.advance(5);
    expect(await subject.accept(newTask("a"))).toEqual(["accepted"]);
    expect(await subject.store.getQueue(ref)).toMatchObject({
      ...{ settings: unsaidSettings, revision: 1, createdAt: subject.now, pause: undefined },
    });
    expect(await subject.store.listWeights(ref, undefined, 10)).toEqual([]);
    expect(await subject.claim()).toHaveLength(1);
  });

  test("a deleted queue is forgotten when no record of it is left, and after its time", async (subject) => {
    await subject.accept(newTask("a", { policy: { retentionMs: 1000 } }));
    await subject.settle(await subject.claimOne(), { kind: "succeeded", result: undefined });
    const before = subject.now;
    await subject.store.deleteQueue(ref, false, before);
    expect(await subject.store.forgetQueues(before, 10)).toBe(0);
    subject.advance(1000);
    await subject.store.prune(subject.now, 10);
    const { events } = await subject.store.readEvents(undefined, 10);
    expect(events.map(({ queue }) => queue)).toEqual([defaultQueue, defaultQueue, defaultQueue]);
    expect(await subject.store.forgetQueues(before, 0)).toBe(0);
    expect(await subject.store.forgetQueues(before, 10)).toBe(1);
    // Whoever comes next is not taken for it.
    await subject.accept(newTask("b", { queue: queueNameOf("next") }));
    const later = await subject.store.readEvents(undefined, 10);
    expect(later.events.filter(({ queue }) => queue === "next")).toHaveLength(1);
  });

  test("the first queue that is not there is told", async (subject) => {
    await subject.accept(newTask("a"), newTask("b", { queue: queueNameOf("going") }));
    await subject.claim({ queues: [queueNameOf("going")] });
    await subject.store.deleteQueue({ ...ref, queue: queueNameOf("going") }, true, subject.now);
    const missing = (namespace: string, ...queues: readonly string[]) =>
      subject.store.missingQueue(namespaceOf(namespace), queues.map(queueNameOf));
    expect(await missing("default", "default")).toBeUndefined();
    expect(await missing("default", "default", "y", "x")).toBe("y");
    expect(await missing("default", "going")).toBe("going");
    expect(await missing("elsewhere", "default")).toBe("default");
  });

  test("what was said of a queue is there after a restart, and a deletion goes on", async (subject) => {
    await subject.store.createQueue(ref, settings, subject.now);
    const going = { ...ref, queue: queueNameOf("going") };
    await subject.accept(newTask("a"), newTask("b"), newTask("c", { queue: going.queue }));
    await subject.claim({ queues: [going.queue] });
    await subject.store.deleteQueue(going, true, subject.now);
    await subject.reopen();
    expect(await subject.store.getQueue(ref)).toMatchObject({ settings, revision: 1 });
    expect(await subject.accept(newTask("d"))).toEqual([full]);
    expect(await subject.store.leavingQueues(10)).toEqual([going]);
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    await subject.reap();
    expect(await subject.store.purge(going, Number.MAX_SAFE_INTEGER, subject.now, 10)).toBe(1);
    expect(await subject.store.deleteQueue(going, true, subject.now)).toEqual({ kind: "deleted" });
    await subject.reopen();
    expect(await names(subject)).toEqual([defaultQueue]);
  });
}

const atomic = (subject: Subject, ...ids: readonly string[]) =>
  subject.store.accept({ tasks: ids.map((id) => newTask(id)), now: subject.now, atomic: true });

async function names({ store }: Subject): Promise<readonly QueueName[]> {
  return (await store.listQueues(defaultNamespace, undefined, 10)).map(({ name }) => name);
}
