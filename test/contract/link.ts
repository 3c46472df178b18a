import { expect } from "vitest";
import { linkedId } from "../../server/src/model/continuation.ts";
import { defaultNamespace, plus, queueNameOf, taskIdOf, taskNameOf } from "../../server/src/model/ids.ts";
import type { Outcome } from "../../server/src/model/outcome.ts";
import type { LinkedEnd } from "../../server/src/model/task.ts";
import type { GateNews } from "../../server/src/ports/gate-store.ts";
import { linking, linkOn } from "../support/new-link.ts";
import { bytesOf, newTask } from "../support/new-task.ts";
import { lease, refOf, settlementOf } from "./subject.ts";
import type { Suite } from "./suite.ts";
import { uniqueTask } from "./unique.ts";

const succeeded: Outcome = { kind: "succeeded", result: bytesOf("42") };
const failed: Outcome = { kind: "failed", failure: bytesOf("broken"), nonRetryable: true };
const other = queueNameOf("other");

/** The id of what an end of task `parent` makes. */
const childOf = (parent: string, on: LinkedEnd, place = 0): string =>
  linkedId(defaultNamespace, taskIdOf(parent), on, place);

/** What the ends of tasks make, in the transaction in which they end. */
export function linkCases(suite: Suite): void {
  const { case: test } = suite;
  test("a task that succeeds makes what its links say, with its result, its family and its name for a cause", async (subject) => {
    const links = [linkOn("succeeded"), linkOn("failed"), linkOn("succeeded", { task: { queue: other } })];
    await subject.accept(newTask("a", linking(...links)));
    await subject.settle(await subject.claimOne(), succeeded);
    const child = await subject.task(childOf("a", "succeeded", 0));
    expect(child).toMatchObject({
      ...{ state: "ready", revision: 1, content: bytesOf("content of linked"), createdAt: subject.now },
      lineage: { parentId: "a", rootId: "a" },
      input: { from: "a", fromName: "mail.send", on: "succeeded", member: undefined, data: bytesOf("42") },
    });
    expect(await subject.eventsOf(child.id)).toMatchObject([{ kind: "accepted", cause: "a" }]);
    expect((await subject.task(childOf("a", "succeeded", 1))).queue).toBe(other);
    expect((await subject.list()).tasks).toHaveLength(3);
    expect((await subject.task("a")).links).toEqual(links);
  });

  test("what is written over a task that waits brings links, which are that task's from then on", async (subject) => {
    const further = linking(linkOn("succeeded"), linkOn("failed"));
    const chosen = linkOn("succeeded", { ownId: taskIdOf("chosen"), task: linking(linkOn("succeeded")) });
    const links = linking(linkOn("failed"), chosen, linkOn("succeeded", { task: further }));
    const details = { ...links, notBefore: plus(subject.now, 100) };
    await subject.accept(uniqueTask("a", { onConflict: "debounce" }, { notBefore: details.notBefore }));
    const over = uniqueTask("b", { onConflict: "debounce" }, details);
    expect(await subject.accept(over)).toEqual([{ unique: "updated", holder: "a" }]);
    subject.advance(100);
    await subject.stage();
    await subject.settle(await subject.claimOne(), succeeded);
    const child = childOf("a", "succeeded", 1);
    expect((await subject.list()).tasks.map(({ id }) => id)).toEqual([child, "chosen", "a"]);
    await subject.settle(await subject.claimOne(), succeeded);
    await subject.settle(await subject.claimOne(), failed);
    const grandchildren = [childOf("chosen", "succeeded"), childOf(child, "failed")];
    expect((await subject.list({ states: ["ready"] })).tasks.map(({ id }) => id).sort()).toEqual(
      grandchildren.sort(),
    );
  });

  test("a task makes what its error links say when it has failed for good, and not before", async (subject) => {
    await subject.accept(
      newTask("a", linking(linkOn("failed", { hands: { member: "why" } }), linkOn("succeeded"))),
    );
    const again: Outcome = { kind: "failed", failure: bytesOf("first"), nonRetryable: false, delayMs: 0 };
    await subject.settle(await subject.claimOne(), again);
    expect((await subject.list()).tasks).toHaveLength(1);
    await subject.settle(await subject.claimOne(), failed);
    expect((await subject.list()).tasks).toHaveLength(2);
    expect((await subject.task(childOf("a", "failed"))).input).toEqual({
      ...{ from: "a", fromName: "mail.send", on: "failed", member: "why", data: bytesOf("broken") },
      ...{ reason: "non_retryable", attempt: 2, rootId: "a", isHanded: true },
    });
  });

  test("a lease that ends for good without a settlement makes error links, with the last failure that was said", async (subject) => {
    const { links, policy } = linking(linkOn("failed"));
    await subject.accept(newTask("a", { links, policy: { ...policy, maxDeliveries: 2 } }));
    await subject.settle(await subject.claimOne(), {
      kind: "failed",
      failure: bytesOf("first"),
      nonRetryable: false,
      delayMs: 0,
    });
    await subject.claimOne();
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    await subject.reap();
    expect(await subject.task("a")).toMatchObject({ state: "failed", reason: "max_deliveries" });
    expect((await subject.task(childOf("a", "failed"))).input).toMatchObject({
      ...{ reason: "max_deliveries", data: bytesOf("first"), attempt: 2 },
    });
  });

  test("what is settled together makes each its own, and what makes nothing is settled as ever", async (subject) => {
    const tasks = Array.from({ length: 40 }, (_, at) =>
      newTask(
        `t${at}`,
        at % 3 === 0 ? linking(linkOn("succeeded")) : at % 3 === 1 ? linking(linkOn("failed")) : {},
      ),
    );
    await subject.accept(...tasks);
    const claimed = await subject.claim();
    const silent: Outcome = { kind: "succeeded", result: undefined };
    const verdicts = await subject.store.settle(claimed.map((one) => settlementOf(one, silent, subject.now)));
    expect(verdicts).toEqual(claimed.map(() => ({ kind: "applied", state: "succeeded" })));
    const children = (await subject.list({ states: ["ready"] })).tasks;
    expect(new Set(children.map(({ lineage }) => lineage?.parentId))).toEqual(
      new Set(tasks.flatMap(({ id }, at) => (at % 3 === 0 ? id : []))),
    );
    expect(children.every(({ input }) => input?.data === undefined)).toBe(true);
    const [queue] = await subject.store.listQueues(defaultNamespace, undefined, 1);
    expect(queue?.depth).toMatchObject({ succeeded: 40, ready: 14, leased: 0 });
  });

  test("a settlement that is repeated, or comes too late, makes nothing", async (subject) => {
    await subject.accept(newTask("a", linking(linkOn("succeeded"), linkOn("failed"))));
    const claimed = await subject.claimOne();
    await subject.settle(claimed, succeeded);
    const before = (await subject.list()).tasks;
    expect(await subject.settle(claimed, succeeded)).toMatchObject({ kind: "duplicate" });
    expect(await subject.settle(claimed, failed)).toMatchObject({ kind: "lost" });
    expect((await subject.list()).tasks).toEqual(before);
  });

  test("who is cancelled, or expires, makes nothing; nor does who succeeds in spite of a cancel", async (subject) => {
    const { links, policy } = linking(linkOn("succeeded"), linkOn("failed"));
    await subject.accept(newTask("waits", { links, policy }));
    await subject.cancel("waits");
    await subject.accept(newTask("late", { links, policy: { ...policy, expireMs: 5 } }));
    subject.advance(5);
    await subject.store.expireOverdue(subject.now, 10);
    for (const [id, outcome] of [
      ["runs", succeeded],
      ["fails", failed],
    ] as const) {
      await subject.accept(newTask(id, { links, policy }));
      const claimed = await subject.claimOne();
      await subject.cancel(id);
      await subject.settle(claimed, outcome);
    }
    const { tasks } = await subject.list();
    expect(tasks.map(({ id, state }) => [id, state])).toEqual([
      ["fails", "cancelled"],
      ["runs", "succeeded"],
      ["late", "expired"],
      ["waits", "cancelled"],
    ]);
  });

  test("a result that is not kept is handed on all the same", async (subject) => {
    const { links, policy } = linking(linkOn("succeeded"));
    await subject.accept(newTask("a", { links, policy: { ...policy, ignoreResult: true } }));
    await subject.settle(await subject.claimOne(), succeeded);
    expect((await subject.task("a")).result).toBeUndefined();
    expect((await subject.task(childOf("a", "succeeded"))).input?.data).toEqual(bytesOf("42"));
  });

  test("what an end makes may make something itself, of one family", async (subject) => {
    const inner = linking(linkOn("succeeded", { task: { name: taskNameOf("last") } }));
    await subject.accept(newTask("a", linking(linkOn("succeeded", { task: inner }))));
    for (let left = 3; left > 0; left -= 1) await subject.settle(await subject.claimOne(), succeeded);
    const middle = childOf("a", "succeeded");
    expect(await subject.task(childOf(middle, "succeeded"))).toMatchObject({
      ...{ name: "last", state: "succeeded", lineage: { parentId: middle, rootId: "a" } },
      input: { from: middle },
    });
  });

  test("a claim brings what its task was handed, and counts it", async (subject) => {
    await subject.accept(
      newTask("a", linking(linkOn("succeeded"), linkOn("succeeded", { hands: undefined }))),
    );
    const large = bytesOf("x".repeat(1000));
    await subject.settle(await subject.claimOne(), { kind: "succeeded", result: large });
    const [first, ...others] = await subject.claim({ contentBytesMax: 500 });
    expect(first?.input).toMatchObject({ from: "a", data: large });
    expect(others).toEqual([]);
    expect((await subject.claimOne()).input).toMatchObject({ isHanded: false, data: undefined });
  });

  test("an id or a unique key that is taken leaves out what would have had it, and nothing else", async (subject) => {
    const claims = {
      policy: { unique: { until: "ended", forMs: 0 } },
      unique: { key: "k", onConflict: "reject", keepUntil: undefined, startBy: undefined },
    } as const;
    await subject.accept(newTask("taken", { queue: other }), newTask("holder", { ...claims, queue: other }));
    const links = [
      linkOn("succeeded", { ownId: taskIdOf("taken") }),
      linkOn("succeeded", { task: claims }),
      linkOn("succeeded", { ownId: taskIdOf("free") }),
    ];
    await subject.accept(newTask("a", linking(...links)));
    expect(await subject.settle(await subject.claimOne(), succeeded)).toMatchObject({ kind: "applied" });
    expect((await subject.task("taken")).content).toEqual(bytesOf("content of taken"));
    expect((await subject.task("free")).lineage).toEqual({ parentId: "a", rootId: "a" });
    expect((await subject.list()).tasks).toHaveLength(4);
  });

  test("an id that was revoked is cancelled as it is made", async (subject) => {
    const cancel = { reason: "not needed", at: subject.now };
    const revocation = { ref: refOf("child"), cancel, until: plus(subject.now, 1000) };
    await subject.store.revoke([revocation], subject.now);
    await subject.accept(newTask("a", linking(linkOn("succeeded", { ownId: taskIdOf("child") }))));
    await subject.settle(await subject.claimOne(), succeeded);
    expect(await subject.task("child")).toMatchObject({ state: "cancelled", cancel });
  });

  test("delays count from when a task is made, and instants stay", async (subject) => {
    const acceptedAt = subject.now;
    const notBefore = plus(acceptedAt, 1000);
    const timed = { acceptedAt, task: { notBefore } };
    const links = [
      linkOn("succeeded", timed),
      linkOn("succeeded", { ...timed, isStartFixed: true }),
      linkOn("succeeded", { expireAt: plus(acceptedAt, 600) }),
    ];
    await subject.accept(newTask("a", linking(...links)));
    subject.advance(500);
    await subject.settle(await subject.claimOne(), succeeded);
    const [delayed, fixed, expiring] = [0, 1, 2].map((at) => subject.task(childOf("a", "succeeded", at)));
    expect(await delayed).toMatchObject({ state: "scheduled", notBefore: acceptedAt + 1500 });
    expect(await fixed).toMatchObject({ state: "scheduled", notBefore });
    expect((await expiring)?.policy.expireMs).toBe(100);
  });

  test("who waits hears of what is ready, and of when the next one is due", async (subject) => {
    const heard: GateNews[] = [];
    subject.store.onGateNews((news) => heard.push(news));
    const delayed = { acceptedAt: subject.now, task: { queue: other, notBefore: plus(subject.now, 700) } };
    await subject.accept(newTask("a", linking(linkOn("succeeded"), linkOn("succeeded", delayed))));
    await subject.settle(await subject.claimOne(), succeeded);
    const queue = { namespace: defaultNamespace, queue: "default" };
    expect(heard).toEqual([{ opened: [{ queue, count: 1 }], wakeAt: undefined, dueAt: subject.now + 700 }]);
  });

  test(
    "a queue comes into being for what was promised, beyond the limit, too",
    async (subject) => {
      await subject.accept(newTask("a", linking(linkOn("succeeded", { task: { queue: other } }))));
      expect(await subject.accept(newTask("b", { queue: other }))).toEqual([
        { refused: "queue_limit", max: 1 },
      ]);
      await subject.settle(await subject.claimOne(), succeeded);
      expect((await subject.claimOne({ queues: [other] })).id).toBe(childOf("a", "succeeded"));
    },
    { limits: { queuesPerNamespaceMax: 1 } },
  );

  test("what comes after a task that an end has made is stored, and listed before it", async (subject) => {
    await subject.accept(newTask("a", linking(linkOn("succeeded"))));
    await subject.settle(await subject.claimOne(), succeeded);
    expect(await subject.accept(newTask("b"))).toEqual(["accepted"]);
    expect((await subject.list()).tasks.map(({ id }) => id)).toEqual(["b", childOf("a", "succeeded"), "a"]);
  });

  test("links, and what was handed on, are there after a restart", async (subject) => {
    const { links, policy } = linking(linkOn("succeeded"));
    await subject.accept(newTask("a", { links, policy }), newTask("b", { links, policy }));
    await subject.settle(await subject.claimOne(), succeeded);
    await subject.reopen();
    const [b, child] = await subject.claim();
    expect(child?.input).toMatchObject({ from: "a", data: bytesOf("42") });
    expect((await subject.task("b")).links).toEqual(links);
    if (b) await subject.settle(b, succeeded);
    expect(await subject.task(childOf("b", "succeeded"))).toMatchObject({ input: { from: "b" } });
  });
}
