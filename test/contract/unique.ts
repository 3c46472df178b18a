import { expect } from "vitest";
import { defaultNamespace, namespaceOf, plus, queueNameOf } from "../../server/src/model/ids.ts";
import type { Outcome } from "../../server/src/model/outcome.ts";
import type { NewTask } from "../../server/src/model/task.ts";
import type { UniqueScope, UniqueWish } from "../../server/src/model/unique.ts";
import { bytesOf, newTask, type TaskDetails } from "../support/new-task.ts";
import { lease, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

type Wish = Partial<UniqueWish> & Partial<UniqueScope>;

/** A task that claims the key "k" until its end, but for `wish`. */
export function uniqueTask(id: string, wish: Wish = {}, details: TaskDetails = {}): NewTask {
  const { until = "ended", keptAfter, ...rest } = wish;
  const { forMs = "forMs" in rest ? undefined : 0, ...unique } = rest;
  return newTask(id, {
    ...details,
    policy: { ...details.policy, unique: { until, forMs, ...(keptAfter && { keptAfter }) } },
    unique: { key: "k", onConflict: "return", keepUntil: undefined, startBy: undefined, ...unique },
  });
}

const kept = (holder: string) => [{ unique: "kept", holder }];
const succeeded: Outcome = { kind: "succeeded", result: undefined };
const claimOf = ({ store, now }: Subject, key = "k") => store.getClaim(defaultNamespace, key, now);

/** Unique keys: one task a key, for as long as it lives. */
export function uniqueCases(suite: Suite): void {
  claimingCases(suite);
  lastingCases(suite);
  conflictCases(suite);
  debounceCases(suite);
  atomicCases(suite);
}

function claimingCases({ case: test }: Suite): void {
  test("a second task with a unique key is not stored, and is told of the first", async (subject) => {
    expect(await subject.accept(uniqueTask("a"))).toEqual(["accepted"]);
    expect(await subject.accept(uniqueTask("b"), uniqueTask("c"))).toEqual([...kept("a"), ...kept("a")]);
    expect((await subject.list()).tasks.map(({ id }) => id)).toEqual(["a"]);
    expect(await subject.task("a")).toMatchObject({ claim: { key: "k", duplicates: 2 } });
    expect(await claimOf(subject)).toEqual({
      ...{ key: "k", taskId: "a", claimedAt: subject.now, freeAt: undefined, duplicates: 2 },
    });
  });

  test("of two that come at once with one key, one is stored", async (subject) => {
    const batches = Array.from({ length: 20 }, (_, i) => subject.accept(uniqueTask(`task-${i}`)));
    const verdicts = (await Promise.all(batches)).flat();
    expect(verdicts.filter((verdict) => verdict === "accepted")).toHaveLength(1);
    expect((await subject.list()).tasks).toHaveLength(1);
    expect((await claimOf(subject))?.duplicates).toBe(19);
  });

  test("a repeat of the task that has the key is a duplicate of itself, and counts nothing", async (subject) => {
    await subject.accept(uniqueTask("a"));
    expect(await subject.accept(uniqueTask("a"))).toEqual(["duplicate"]);
    expect(await subject.accept(uniqueTask("a", {}, { content: bytesOf("other") }))).toEqual(["exists"]);
    expect((await claimOf(subject))?.duplicates).toBe(0);
  });

  test("other keys, other namespaces and tasks without a key are free", async (subject) => {
    const other = namespaceOf("other");
    expect(
      await subject.accept(
        uniqueTask("a"),
        uniqueTask("b", { key: "K" }),
        uniqueTask("c", {}, { namespace: other }),
        newTask("d"),
      ),
    ).toEqual(["accepted", "accepted", "accepted", "accepted"]);
    const page = { namespace: defaultNamespace, limit: 10, now: subject.now };
    const keys = async (after: string | undefined) =>
      (await subject.store.listClaims({ ...page, after })).map(({ key }) => key);
    expect(await keys(undefined)).toEqual(["K", "k"]);
    expect(await keys("K")).toEqual(["k"]);
  });

  test(
    "a task that cannot be stored claims nothing, and replaces nothing",
    async (subject) => {
      await subject.accept(uniqueTask("a"));
      const elsewhere = { queue: queueNameOf("elsewhere") };
      const limit = { refused: "queue_limit", max: 1 };
      expect(await subject.accept(uniqueTask("b", { key: "free" }, elsewhere))).toEqual([limit]);
      expect(await claimOf(subject, "free")).toBeUndefined();
      expect(await subject.accept(uniqueTask("c", { onConflict: "replace" }, elsewhere))).toEqual([limit]);
      expect(await subject.task("a")).toMatchObject({ state: "ready", claim: { duplicates: 0 } });
    },
    { limits: { queuesPerNamespaceMax: 1 } },
  );
}

/** Every way in which a task ends. */
const ends: Readonly<Record<string, (subject: Subject) => Promise<unknown>>> = {
  "it succeeded": async (subject) => subject.settle(await subject.claimOne(), succeeded),
  "it failed for good": async (subject) =>
    subject.settle(await subject.claimOne(), { kind: "rejected", failure: bytesOf("x") }),
  "it was cancelled": (subject) => subject.cancel("a"),
  "it was cancelled while it ran": async (subject) => {
    const claimed = await subject.claimOne();
    await subject.cancel("a");
    await subject.settle(claimed, { kind: "released" });
  },
  "it was purged": (subject) =>
    subject.apply({ namespace: defaultNamespace, id: newTask("a").id }, { kind: "purge" }),
  "its workers never came back": async (subject) => {
    await subject.claimOne();
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    await subject.reap();
  },
};

function lastingCases({ case: test }: Suite): void {
  for (const [what, end] of Object.entries(ends)) {
    test(`a key is free when its task has ended because ${what}, and not before`, async (subject) => {
      await subject.accept(uniqueTask("a", {}, { policy: { maxDeliveries: 1 } }));
      expect(await subject.accept(uniqueTask("b"))).toEqual(kept("a"));
      await end(subject);
      expect(await claimOf(subject)).toBeUndefined();
      expect(await subject.accept(uniqueTask("b"))).toEqual(["accepted"]);
      expect(await claimOf(subject)).toMatchObject({ taskId: "b", duplicates: 0 });
      expect((await subject.task("a")).claim, "its count stays with it").toEqual({ key: "k", duplicates: 1 });
    });
  }

  test("a key is held over retries, lost leases and any length of time", async (subject) => {
    await subject.accept(uniqueTask("a"));
    await subject.settle(await subject.claimOne(), { kind: "retry", delayMs: 10, failure: undefined });
    expect(await subject.accept(uniqueTask("b"))).toEqual(kept("a"));
    subject.advance(365 * 86_400_000);
    await subject.stage();
    await subject.claimOne();
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    await subject.reap();
    await subject.store.pruneClaims(subject.now, 10);
    expect(await subject.accept(uniqueTask("b"))).toEqual(kept("a"));
  });

  test("many that end with one frame give their keys up, as one does", async (subject) => {
    const ids = ["a", "b", "c", "d", "e", "f"];
    await subject.accept(...ids.map((id) => uniqueTask(id, { key: id })));
    for (const claimed of await subject.claim()) await subject.settle(claimed, succeeded);
    const again = ids.map((id) => uniqueTask(`${id}2`, { key: id }));
    expect(await subject.accept(...again)).toEqual(ids.map(() => "accepted"));
  });

  test("a key that is claimed until the start is free when a worker has the task", async (subject) => {
    await subject.accept(uniqueTask("a", { until: "started" }));
    expect(await subject.accept(uniqueTask("b", { until: "started" }))).toEqual(kept("a"));
    const first = await subject.claimOne();
    expect(await subject.accept(uniqueTask("b", { until: "started" }))).toEqual(["accepted"]);
    await subject.settle(first, succeeded);
    expect(await subject.accept(uniqueTask("c", { until: "started" }))).toEqual(kept("b"));
    await subject.cancel("b");
    expect(await subject.accept(uniqueTask("c", { until: "started" }))).toEqual(["accepted"]);
  });

  test("a key lasts longer than its task where that was asked for, and no longer", async (subject) => {
    await subject.accept(uniqueTask("a", { forMs: 1000 }, { policy: { retentionMs: 0 } }));
    await subject.settle(await subject.claimOne(), succeeded);
    const freeAt = plus(subject.now, 1000);
    expect(await claimOf(subject)).toMatchObject({ taskId: "a", freeAt });
    subject.advance(999);
    await subject.store.prune(subject.now, 10);
    await subject.store.pruneClaims(subject.now, 10);
    expect(await subject.accept(uniqueTask("b"))).toEqual(kept("a"));
    expect(await subject.accept(uniqueTask("b", { onConflict: "replace" }))).toEqual(kept("a"));
    expect(await subject.accept(uniqueTask("b", { onConflict: "reject" }))).toEqual([
      { unique: "taken", holder: "a" },
    ]);
    subject.advance(1);
    expect(await claimOf(subject)).toBeUndefined();
    expect(await subject.accept(uniqueTask("b"))).toEqual(["accepted"]);
  });

  test("one task comes in a window, however soon it ends, and none while it lives", async (subject) => {
    const inWindow = (id: string) => uniqueTask(id, { keepUntil: plus(subject.now, 1000) });
    await subject.accept(inWindow("a"));
    await subject.settle(await subject.claimOne(), succeeded);
    subject.advance(999);
    expect(await subject.accept(inWindow("b"))).toEqual(kept("a"));
    subject.advance(1);
    expect(await subject.accept(inWindow("b"))).toEqual(["accepted"]);
    subject.advance(5000);
    expect(await subject.accept(inWindow("c"))).toEqual(kept("b"));
  });

  test("claims are forgotten when they are over and their tasks' retention is", async (subject) => {
    const details = { policy: { retentionMs: 1000 } };
    await subject.accept(
      uniqueTask("a", { key: "a" }, details),
      uniqueTask("b", { key: "b", forMs: 5000 }, details),
    );
    for (const claimed of await subject.claim()) await subject.settle(claimed, succeeded);
    expect(await subject.store.pruneClaims(subject.now, 10)).toBe(0);
    subject.advance(1000);
    await subject.store.prune(subject.now, 10);
    expect(await subject.store.pruneClaims(subject.now, 10)).toBe(1);
    expect(await claimOf(subject, "b")).toMatchObject({ taskId: "b" });
    subject.advance(4000);
    expect(await subject.store.pruneClaims(subject.now, 10)).toBe(1);
  });

  test("a claim outlives a restart with its holder", async (subject) => {
    await subject.accept(uniqueTask("a"));
    await subject.accept(uniqueTask("b"));
    await subject.reopen();
    expect(await subject.accept(uniqueTask("c"))).toEqual(kept("a"));
    expect((await claimOf(subject))?.duplicates).toBe(2);
    await subject.settle(await subject.claimOne(), succeeded);
    await subject.reopen();
    expect(await subject.accept(uniqueTask("c"))).toEqual(["accepted"]);
  });
}

function conflictCases({ case: test }: Suite): void {
  test("a task that wants to be refused is, and is told of the one that is there", async (subject) => {
    await subject.accept(uniqueTask("a"));
    expect(await subject.accept(uniqueTask("b", { onConflict: "reject" }))).toEqual([
      { unique: "taken", holder: "a" },
    ]);
    expect((await subject.task("a")).claim?.duplicates).toBe(1);
  });

  test("a task that replaces takes the place of the one that waits, which is cancelled", async (subject) => {
    await subject.accept(uniqueTask("a", { forMs: 5000 }));
    expect(await subject.accept(uniqueTask("b", { onConflict: "replace" }))).toEqual([
      { unique: "replaced", holder: "a" },
    ]);
    expect(await subject.task("a")).toMatchObject({
      ...{ state: "cancelled", reason: "replaced", revision: 2, claim: { duplicates: 1 } },
    });
    expect((await subject.eventsOf("a")).map(({ kind }) => kind)).toEqual(["accepted", "cancelled"]);
    expect(await claimOf(subject)).toMatchObject({ taskId: "b", freeAt: undefined, duplicates: 0 });
    expect((await subject.claim()).map(({ id }) => id)).toEqual(["b"]);
    expect(await subject.accept(uniqueTask("c", { onConflict: "replace" })), "it runs").toEqual(kept("b"));
  });
}

function debounceCases({ case: test }: Suite): void {
  const event = (subject: Subject, id: string, content: string, startBy?: UniqueWish["startBy"]) =>
    uniqueTask(
      id,
      { onConflict: "debounce", until: "started", startBy },
      { content: bytesOf(content), notBefore: plus(subject.now, 100) },
    );

  test("a debounced task has what came last, and starts that long after it", async (subject) => {
    await subject.accept(event(subject, "a", "first"));
    subject.advance(90);
    expect(await subject.accept(event(subject, "b", "second"))).toEqual([{ unique: "updated", holder: "a" }]);
    const start = plus(subject.now, 100);
    expect(await subject.task("a")).toMatchObject({
      ...{ state: "scheduled", revision: 2, notBefore: start, content: bytesOf("second") },
      claim: { duplicates: 1 },
    });
    expect((await subject.eventsOf("a")).map(({ kind }) => kind)).toEqual(["accepted", "updated"]);
    subject.advance(99);
    expect(await subject.stage()).toBe(0);
    subject.advance(1);
    expect(await subject.stage()).toBe(1);
    expect(await subject.claimOne()).toMatchObject({ id: "a", content: bytesOf("second") });
    expect(await subject.accept(event(subject, "c", "third")), "the next begins anew").toEqual(["accepted"]);
  });

  test("a debounced task is put off no longer than its bound", async (subject) => {
    const startBy = plus(subject.now, 150);
    await subject.accept(event(subject, "a", "first", startBy));
    subject.advance(90);
    await subject.accept(event(subject, "b", "second", plus(subject.now, 150)));
    expect((await subject.task("a")).notBefore).toBe(startBy);
    subject.advance(70);
    await subject.accept(event(subject, "c", "third"));
    expect(await subject.task("a")).toMatchObject({ notBefore: subject.now, content: bytesOf("third") });
    expect(await subject.stage()).toBe(1);
    await subject.accept(event(subject, "d", "fourth"));
    expect(await subject.task("a"), "due already").toMatchObject({
      ...{ state: "ready", notBefore: subject.now, content: bytesOf("fourth") },
    });
  });

  test("a repeat of the first is a duplicate, whatever came over it since", async (subject) => {
    const first = event(subject, "a", "first");
    await subject.accept(first, event(subject, "b", "second"));
    expect(await subject.accept(first)).toEqual(["duplicate"]);
    expect(await subject.accept(event(subject, "a", "second"))).toEqual(["exists"]);
  });

  test("a task of another queue does not take over a debounced one", async (subject) => {
    await subject.accept(event(subject, "a", "first"));
    const other = { ...event(subject, "b", "second"), queue: queueNameOf("other") };
    expect(await subject.accept(other)).toEqual([{ unique: "taken", holder: "a" }]);
    expect((await subject.task("a")).content).toEqual(bytesOf("first"));
  });

  test("a task that has been tried is not taken over by a debounced one", async (subject) => {
    await subject.accept(uniqueTask("a"));
    await subject.settle(await subject.claimOne(), { kind: "retry", delayMs: 50, failure: undefined });
    const before = await subject.task("a");
    expect(await subject.accept(event(subject, "b", "second"))).toEqual(kept("a"));
    expect(await subject.task("a")).toMatchObject({ content: before.content, notBefore: before.notBefore });
  });

  test("what a debounced task takes over are its options, too", async (subject) => {
    await subject.accept(event(subject, "a", "first"));
    const second = event(subject, "b", "second");
    await subject.accept({ ...second, priority: 9, policy: { ...second.policy, leaseMs: 1000 } });
    subject.advance(100);
    await subject.stage();
    expect(await subject.claimOne()).toMatchObject({ policy: { leaseMs: 1000 } });
    expect(await subject.task("a")).toMatchObject({
      priority: 9,
      leaseUntil: plus(subject.now, 1000 + lease.graceMs),
    });
  });
}

function atomicCases({ case: test }: Suite): void {
  const atomic = ({ store, now }: Subject, ...tasks: readonly NewTask[]) =>
    store.accept({ tasks, now, atomic: true });

  test("an atomic batch with a key that is refused stores and changes nothing", async (subject) => {
    await subject.accept(
      uniqueTask("a"),
      uniqueTask("w", { key: "w" }, { notBefore: plus(subject.now, 100) }),
    );
    const debounced = uniqueTask(
      "d",
      { key: "w", onConflict: "debounce" },
      { notBefore: plus(subject.now, 500) },
    );
    expect(
      await atomic(
        subject,
        newTask("plain"),
        uniqueTask("b"),
        uniqueTask("r", { key: "w", onConflict: "replace" }),
        debounced,
        uniqueTask("c", { onConflict: "reject" }),
      ),
    ).toEqual(["withheld", "withheld", "withheld", "withheld", { unique: "taken", holder: "a" }]);
    expect((await subject.list()).tasks.map(({ id }) => id)).toEqual(["w", "a"]);
    expect(await subject.task("a")).toMatchObject({ claim: { duplicates: 0 } });
    expect(await subject.task("w")).toMatchObject({
      state: "scheduled",
      revision: 1,
      claim: { duplicates: 0 },
    });
  });

  test("within an atomic batch the first task with a key has it", async (subject) => {
    const again = uniqueTask("b", { onConflict: "reject" });
    expect(await atomic(subject, uniqueTask("a"), again)).toEqual([
      "withheld",
      { unique: "taken", holder: "a" },
    ]);
    expect(await atomic(subject, uniqueTask("a"), uniqueTask("b"), newTask("c"))).toEqual([
      "accepted",
      { unique: "kept", holder: "a" },
      "accepted",
    ]);
  });
}
