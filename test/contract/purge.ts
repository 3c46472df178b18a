import { expect } from "vitest";
import { defaultNamespace, namespaceOf, plus, queueNameOf } from "../../server/src/model/ids.ts";
import { defaultQueue, newTask } from "../support/new-task.ts";
import { lease, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const ref = { namespace: defaultNamespace, queue: defaultQueue };

/** Cancelling all that waits in a queue. */
export function purgeCases({ case: test }: Suite): void {
  test("a purge cancels what is ready and what is scheduled, and nothing is left of it to hand out", async (subject) => {
    await subject.accept(newTask("a"), newTask("later", { notBefore: plus(subject.now, 10) }));
    expect(await purgeAll(subject)).toBe(2);
    for (const id of ["a", "later"]) {
      expect(await subject.task(id)).toMatchObject({
        state: "cancelled",
        reason: "purged",
        revision: 2,
        endedAt: subject.now,
        cancel: undefined,
      });
      expect((await subject.eventsOf(id)).at(-1)).toMatchObject({
        kind: "cancelled",
        reason: "purged",
        revision: 2,
      });
    }
    subject.advance(10);
    expect(await subject.stage()).toBe(0);
    expect(await subject.claim()).toEqual([]);
    expect(await purgeAll(subject)).toBe(0);
  });

  test("a purge leaves alone what workers hold, and what has ended", async (subject) => {
    await subject.accept(newTask("done"), newTask("held"), newTask("waiting"));
    const [done, held] = await subject.claim({ limit: 2 });
    if (!done || !held) throw new Error("two leases were expected");
    await subject.settle(done, { kind: "succeeded", result: undefined });
    expect(await purgeAll(subject)).toBe(1);
    expect((await subject.task("done")).state).toBe("succeeded");
    expect(await subject.extend(held)).toEqual({ held: true, cancel: undefined });
    expect(await subject.settle(held, { kind: "retry", delayMs: 0, failure: undefined })).toMatchObject({
      state: "ready",
    });
    expect(await subject.claimOne()).toMatchObject({ id: "held", attempt: 2 });
  });

  test("a purge takes a task whose lease is over, and its late settlement is lost", async (subject) => {
    await subject.accept(newTask("a"));
    const claimed = await subject.claimOne();
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    await subject.reap();
    expect(await purgeAll(subject)).toBe(1);
    expect(await subject.settle(claimed, { kind: "succeeded", result: undefined })).toEqual({
      kind: "lost",
      state: "cancelled",
      why: "cancelled",
    });
  });

  test("a purge takes what was accepted up to its mark, and not what came in afterwards", async (subject) => {
    await subject.accept(newTask("before"));
    const mark = await subject.store.purgeMark(ref);
    await subject.accept(newTask("after"));
    expect(await subject.store.purge(ref, mark.upTo, subject.now, 100)).toBe(1);
    expect((await subject.claim()).map(({ id }) => id)).toEqual(["after"]);
  });

  test("a mark counts what waits in its own queue", async (subject) => {
    expect((await subject.store.purgeMark(ref)).waiting).toBe(0);
    await subject.accept(newTask("a"), newTask("b"), newTask("c", { notBefore: plus(subject.now, 10) }));
    await subject.accept(newTask("d", { queue: queueNameOf("other") }));
    await subject.claimOne();
    expect((await subject.store.purgeMark(ref)).waiting).toBe(2);
  });

  test("a large queue is purged in bites, until none is left", async (subject) => {
    await subject.accept(...Array.from({ length: 25 }, (_, i) => newTask(`task-${i}`, { priority: i % 3 })));
    const { upTo } = await subject.store.purgeMark(ref);
    const bite = () => subject.store.purge(ref, upTo, subject.now, 10);
    expect([await bite(), await bite(), await bite(), await bite()]).toEqual([10, 10, 5, 0]);
    expect(await subject.claim()).toEqual([]);
  });

  test("a purge stays in its queue and namespace", async (subject) => {
    const [queue, namespace] = [queueNameOf("other"), namespaceOf("other")];
    await subject.accept(newTask("a"), newTask("b", { queue }), newTask("c", { namespace }));
    await subject.accept(newTask("d", { queue, notBefore: plus(subject.now, 10) }));
    expect(await purgeAll(subject)).toBe(1);
    expect(await subject.claim({ queues: [queue] })).toHaveLength(1);
    expect(await subject.claim({ namespace })).toHaveLength(1);
    expect((await subject.task("d")).state).toBe("scheduled");
    const nobodys = { namespace, queue: queueNameOf("nobody's") };
    expect(await subject.store.purge(nobodys, Number.MAX_SAFE_INTEGER, subject.now, 10)).toBe(0);
  });

  test("a purged task is kept as long as it asked for, like any other that ended", async (subject) => {
    await subject.accept(newTask("a", { policy: { retentionMs: 5000 } }));
    await purgeAll(subject);
    expect((await subject.task("a")).purgeAt).toBe(subject.now + 5000);
  });
}

async function purgeAll(subject: Subject): Promise<number> {
  const { upTo } = await subject.store.purgeMark(ref);
  return subject.store.purge(ref, upTo, subject.now, 1000);
}
