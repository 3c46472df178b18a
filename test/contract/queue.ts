import { expect } from "vitest";
import { defaultNamespace, namespaceOf, plus, queueNameOf } from "../../server/src/model/ids.ts";
import { priorityDepths } from "../../server/src/model/priority-depth.ts";
import { type Queue, unsaidSettings } from "../../server/src/model/queue.ts";
import { defaultQueue, newTask, tiesOf } from "../support/new-task.ts";
import { putLimit } from "./limits.ts";
import { lease, refOf, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const ref = { namespace: defaultNamespace, queue: defaultQueue };
const none = { scheduled: 0, ready: 0, leased: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0 };

/** Queues: what is in them, and whether they hand out. */
export function queueCases({ case: test }: Suite): void {
  test("a queue counts its tasks by state through all their lives", async (subject) => {
    await subject.accept(
      ...["a", "b", "c", "d", "e"].map((id) =>
        newTask(id, { policy: { maxAttempts: 1, retentionMs: 1000 } }),
      ),
      newTask("later", { notBefore: plus(subject.now, 10) }),
      newTask("elsewhere", { queue: queueNameOf("other") }),
    );
    expect((await queueOf(subject)).depth).toEqual({ ...none, scheduled: 1, ready: 5 });
    const [a, b, c] = await subject.claim({ limit: 4 });
    if (!a || !b || !c) throw new Error("four leases were expected");
    expect((await queueOf(subject)).depth).toEqual({ ...none, scheduled: 1, ready: 1, leased: 4 });
    await subject.settle(a, { kind: "succeeded", result: undefined });
    await subject.settle(b, { kind: "retry", delayMs: undefined, failure: undefined });
    await subject.settle(c, { kind: "released" });
    await subject.cancel("e");
    expect((await queueOf(subject)).depth).toEqual({
      scheduled: 1,
      ready: 1,
      leased: 1,
      succeeded: 1,
      failed: 1,
      cancelled: 1,
      expired: 0,
    });
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    await subject.reap();
    await subject.stage();
    await subject.store.prune(subject.now, 10);
    expect((await queueOf(subject)).depth).toEqual({ ...none, ready: 3 });
  });

  test("ready tasks are counted by priority, wherever they stand, as they come, move and go", async (subject) => {
    const read = async (countMax = 100) =>
      priorityDepths(await subject.store.readPriorities(ref, countMax)).map(({ priority, ready, isMore }) => {
        expect(isMore).toBe(false);
        return [priority, ready];
      });
    expect(await read()).toEqual([]);
    await putLimit(subject, "key", "stopped", { concurrency: 0 });
    const stuck = tiesOf({ limitKey: "stopped" });
    await subject.accept(
      ...["a", "b", "c", "d"].map((id) => newTask(id)),
      newTask("urgent", { priority: 9 }),
      newTask("stuck", { priority: 9, ties: stuck }),
      newTask("first", { priority: 0, ties: tiesOf({ orderingKey: "o" }) }),
      newTask("behind", { priority: 0, ties: tiesOf({ orderingKey: "o" }) }),
      newTask("later", { notBefore: plus(subject.now, 10) }),
      newTask("elsewhere", { queue: queueNameOf("other") }),
    );
    const [nine, five, zero] = [9, 5, 0];
    expect(await read()).toEqual([
      [nine, 2],
      [five, 4],
      [zero, 2],
    ]);
    // Of the one that is not counted to its end the rest is known.
    expect(await read(3)).toEqual(await read());
    await subject.edit(refOf("a"), { priority: 9 });
    await subject.edit(refOf("stuck"), { priority: 5 });
    await subject.claim({ limit: 1 });
    await subject.cancel("b");
    expect(await read()).toEqual([
      [nine, 1],
      [five, 3],
      [zero, 2],
    ]);
  });

  test("priorities beyond what is counted are said to have more, or counted all the same", async (subject) => {
    const tasks = [9, 5].flatMap((priority) =>
      [1, 2, 3, 4].map((at) => newTask(`${priority}-${at}`, { priority })),
    );
    await subject.accept(...tasks);
    for (const ties of [undefined, tiesOf({ fairnessKey: "f" })]) {
      await subject.accept(newTask(`low ${ties?.fairnessKey}`, { priority: 1, ties }));
      const { ready, counts } = await subject.store.readPriorities(ref, 2);
      expect(ready).toBe(ties === undefined ? 9 : 10);
      for (const { priority, ready: counted, isMore } of counts) {
        const there = priority === 1 ? ready - 8 : 4;
        expect(counted).toBeLessThanOrEqual(there);
        if (!isMore) expect(counted).toBe(there);
        else expect(counted).toBeGreaterThanOrEqual(Math.min(there, 2));
      }
    }
  });

  test("ready tasks are counted for many queues at once, in the order asked; a strange queue has none, nor has a paused one", async (subject) => {
    const mail = queueNameOf("mail");
    await subject.accept(
      newTask("a", { queue: mail }),
      newTask("b", { queue: mail }),
      newTask("c"),
      newTask("later", { notBefore: plus(subject.now, 10) }),
      newTask("other", { namespace: namespaceOf("other"), queue: mail }),
    );
    await subject.claim({ limit: 1, queues: [mail] });
    const asked = [defaultQueue, queueNameOf("none"), mail, defaultQueue];
    expect(await subject.store.readyCounts(defaultNamespace, asked)).toEqual([1, 0, 1, 1]);
    expect(await subject.store.readyCounts(namespaceOf("nowhere"), [mail])).toEqual([0]);
    const ref = { namespace: defaultNamespace, queue: mail };
    await subject.store.setPause(ref, { reason: "", at: subject.now }, subject.now);
    expect(await subject.store.readyCounts(defaultNamespace, asked)).toEqual([1, 0, 0, 1]);
    await subject.store.setPause(ref, undefined, subject.now);
    expect(await subject.store.readyCounts(defaultNamespace, asked)).toEqual([1, 0, 1, 1]);
    expect(await subject.store.readyCounts(defaultNamespace, [])).toEqual([]);
  });

  test("a lease that is taken up again counts as leased", async (subject) => {
    await subject.accept(newTask("a"));
    const claimed = await subject.claimOne();
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    await subject.reap();
    await subject.extend(claimed);
    expect((await queueOf(subject)).depth).toEqual({ ...none, leased: 1 });
  });

  test("a queue says when the oldest task that is ready was accepted", async (subject) => {
    const start = subject.now;
    await subject.accept(
      newTask("low", { priority: 0 }),
      newTask("later", { notBefore: plus(subject.now, 50) }),
    );
    subject.advance(10);
    await subject.accept(newTask("high", { priority: 9 }));
    expect((await queueOf(subject)).oldestReadyAt).toBe(start);
    const [high, low] = await subject.claim();
    if (!high || !low) throw new Error("two leases were expected");
    expect((await queueOf(subject)).oldestReadyAt).toBeUndefined();
    await subject.settle(high, { kind: "released" });
    expect((await queueOf(subject)).oldestReadyAt).toBe(start + 10);
    subject.advance(40);
    await subject.stage();
    expect((await queueOf(subject)).oldestReadyAt).toBe(start);
  });

  test("queues are listed by name, page by page, in one namespace", async (subject) => {
    const names = ["b", "B", "a.2", "a-1", "c"].map(queueNameOf);
    await subject.accept(...names.map((queue, i) => newTask(`task-${i}`, { queue })));
    await subject.accept(newTask("a", { namespace: namespaceOf("other") }));
    const page = async (after: string | undefined, limit: number) =>
      (
        await subject.store.listQueues(
          defaultNamespace,
          after === undefined ? after : queueNameOf(after),
          limit,
        )
      ).map(({ name }) => name);
    expect(await page(undefined, 10)).toEqual(["B", "a-1", "a.2", "b", "c"]);
    expect(await page(undefined, 2)).toEqual(["B", "a-1"]);
    expect(await page("a-1", 2)).toEqual(["a.2", "b"]);
    expect(await page("a.1", 1)).toEqual(["a.2"]);
    expect(await page("c", 2)).toEqual([]);
    const [first] = await subject.store.listQueues(defaultNamespace, undefined, 1);
    expect(first).toEqual(
      await subject.store.getQueue({ namespace: defaultNamespace, queue: queueNameOf("B") }),
    );
  });

  test("a queue that nobody has used is not there", async (subject) => {
    expect(await subject.store.getQueue(ref)).toBeUndefined();
    expect(await subject.store.listQueues(defaultNamespace, undefined, 10)).toEqual([]);
  });

  test("a queue is paused with a reason, again with another, and resumed, each as often as one likes", async (subject) => {
    await subject.accept(newTask("a"));
    const pause = (reason: string | undefined) =>
      subject.store.setPause(
        ref,
        reason === undefined ? undefined : { reason, at: subject.now },
        subject.now,
      );
    expect(await pause("deploy")).toBe("done");
    expect((await queueOf(subject)).pause).toEqual({ reason: "deploy", at: subject.now });
    subject.advance(10);
    expect(await pause("incident")).toBe("done");
    expect((await queueOf(subject)).pause).toEqual({ reason: "incident", at: subject.now });
    expect(await pause(undefined)).toBe("done");
    expect(await pause(undefined)).toBe("done");
    expect((await queueOf(subject)).pause).toBeUndefined();
  });

  test("a queue can be paused before its first task, and resuming one that is not there makes none", async (subject) => {
    expect(await subject.store.setPause(ref, undefined, subject.now)).toBe("done");
    expect(await subject.store.getQueue(ref)).toBeUndefined();
    await subject.store.setPause(ref, { reason: "early", at: subject.now }, subject.now);
    expect(await queueOf(subject)).toEqual({
      namespace: defaultNamespace,
      name: defaultQueue,
      createdAt: subject.now,
      settings: unsaidSettings,
      revision: 1,
      isDeleting: false,
      pause: { reason: "early", at: subject.now },
      depth: none,
      oldestReadyAt: undefined,
    });
    await subject.accept(newTask("a"));
    expect(await subject.claim()).toEqual([]);
  });

  test("a paused queue takes tasks in, and what workers hold of it goes on", async (subject) => {
    await subject.accept(newTask("a"));
    const claimed = await subject.claimOne();
    await subject.store.setPause(ref, { reason: "deploy", at: subject.now }, subject.now);
    expect(await subject.accept(newTask("b"))).toEqual(["accepted"]);
    expect(await subject.extend(claimed)).toMatchObject({ held: true });
    expect(await subject.settle(claimed, { kind: "succeeded", result: undefined })).toMatchObject({
      kind: "applied",
    });
  });

  test(
    "a pause that would make a queue too many is refused, and pausing one that is there is not",
    async (subject) => {
      await subject.accept(newTask("a"));
      const pause = { reason: "deploy", at: subject.now };
      expect(await subject.store.setPause(ref, pause, subject.now)).toBe("done");
      const another = { ...ref, queue: queueNameOf("another") };
      expect(await subject.store.setPause(another, pause, subject.now)).toEqual({
        refused: "queue_limit",
        max: 1,
      });
      expect(await subject.store.getQueue(another)).toBeUndefined();
    },
    { limits: { queuesPerNamespaceMax: 1 } },
  );
}

async function queueOf(subject: Subject): Promise<Queue> {
  const queue = await subject.store.getQueue(ref);
  if (queue === undefined) throw new Error("a queue was expected");
  return queue;
}
