import { expect } from "vitest";
import { defaultNamespace, plus, taskIdOf } from "../../server/src/model/ids.ts";
import { bytesOf, newTask } from "../support/new-task.ts";
import { lease, refOf, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const broken = { kind: "failed", failure: bytesOf("broken"), nonRetryable: true } as const;
const retryNow = { kind: "retry", delayMs: 0, failure: bytesOf("again") } as const;

/** Tasks that failed for good, how they came to it, and what became of them. */
export function deadLetterCases(suite: Suite): void {
  historyCases(suite);
  replayCases(suite);
  listCases(suite);
}

function historyCases({ case: test }: Suite): void {
  test("each attempt that ended badly is told: when, how, whose, and with what failure", async (subject) => {
    await subject.accept(newTask("a"));
    const startedAt = subject.now;
    const first = await subject.claimOne({ worker: "w1" });
    subject.advance(10);
    await subject.settle(first, retryNow);
    await subject.claimOne({ worker: "w2" });
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    await subject.reap();
    const last = await subject.claimOne({ worker: "w3" });
    await subject.settle(last, { kind: "rejected", failure: bytesOf("no") });
    const attempts = await subject.store.readAttempts(refOf("a"));
    expect(attempts).toEqual([
      {
        ...{ attempt: 1, outcome: "failed", startedAt, endedAt: plus(startedAt, 10), worker: "w1" },
        failure: bytesOf("again"),
      },
      expect.objectContaining({ attempt: 2, outcome: "lease_expired", worker: "w2", failure: undefined }),
      expect.objectContaining({ attempt: 2, outcome: "rejected", worker: "w3", failure: bytesOf("no") }),
    ]);
  });

  test("a task that is tried again is no dead letter, and one that failed for good is one, however often it was tried", async (subject) => {
    await subject.accept(newTask("a", { policy: { maxAttempts: 4 } }), newTask("b"));
    const letters = async () => (await subject.list({ states: ["failed"] })).tasks.map(({ id }) => id);
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      expect(await letters(), `before attempt ${attempt}`).toEqual([]);
      const [a] = (await subject.claim()).filter(({ id }) => id === "a");
      if (a === undefined) throw new Error("it was to be tried");
      expect(a.attempt).toBe(attempt);
      await subject.settle(a, { ...broken, nonRetryable: false, delayMs: 0 });
    }
    expect(await letters()).toEqual(["a"]);
    expect(await subject.task("a")).toMatchObject({ state: "failed", reason: "max_attempts", attempt: 4 });
    expect(await subject.store.readAttempts(refOf("a"))).toHaveLength(4);
    expect((await subject.list()).tasks.map(({ id }) => id)).toEqual(["b", "a"]);
  });

  test("what went well, was given back or cancelled has no history, and neither has a strange task", async (subject) => {
    await subject.accept(newTask("a"), newTask("b"));
    const [a, b] = await subject.claim();
    if (!a || !b) throw new Error("two leases were expected");
    await subject.settle(a, { kind: "succeeded", result: bytesOf("1") });
    await subject.settle(b, { kind: "released" });
    await subject.cancel("b");
    for (const id of ["a", "b", "gone"]) expect(await subject.store.readAttempts(refOf(id))).toEqual([]);
  });

  test("an unknown name and many failures at once are noted, too", async (subject) => {
    await subject.accept(newTask("a"), newTask("b"), newTask("c"));
    const claimed = await subject.claim();
    await Promise.all(
      claimed.map((each) => subject.settle(each, each.id === "c" ? { kind: "unknown_name" } : broken)),
    );
    const outcomes = ["a", "b", "c"].map(
      async (id) => (await subject.store.readAttempts(refOf(id)))[0]?.outcome,
    );
    expect(await Promise.all(outcomes)).toEqual(["failed", "failed", "unknown_name"]);
  });

  test(
    "the newest attempts are kept, and the oldest go",
    async (subject) => {
      await subject.accept(newTask("a", { policy: { maxAttempts: 9 } }));
      for (let i = 0; i < 9; i += 1) await subject.settle(await subject.claimOne(), retryNow);
      const attempts = await subject.store.readAttempts(refOf("a"));
      expect(attempts.map(({ attempt }) => attempt)).toEqual([7, 8, 9]);
      expect((await subject.task("a")).state).toBe("failed");
    },
    { limits: { attemptHistoryMax: 3 } },
  );

  test("a record takes its history with it, however it goes", async (subject) => {
    for (const go of [
      () => subject.store.remove([refOf("a")], subject.now),
      () => subject.store.prune(subject.now, 10),
    ]) {
      await subject.accept(newTask("a", { policy: { retentionMs: 0 } }));
      await subject.settle(await subject.claimOne(), broken);
      await subject.store.noteReplays([noteOf(subject, "a", "b")]);
      await go();
      expect(await subject.store.readAttempts(refOf("a"))).toEqual([]);
      expect(await subject.store.readReplays([refOf("a")])).toEqual([undefined]);
      subject.advance(86_400_000);
      await subject.store.prune(subject.now, 10);
    }
  });

  test("a failed task is kept as long as dead letters are, another one as long as it asked for", async (subject) => {
    const policy = { retentionMs: 1000, deadLetterRetentionMs: 5000 };
    await subject.accept(newTask("a", { policy }), newTask("b", { policy }));
    const [a, b] = await subject.claim();
    if (!a || !b) throw new Error("two leases were expected");
    await subject.settle(a, broken);
    await subject.settle(b, { kind: "succeeded", result: undefined });
    expect((await subject.task("a")).purgeAt).toBe(subject.now + 5000);
    expect((await subject.task("b")).purgeAt).toBe(subject.now + 1000);
  });
}

function replayCases({ case: test }: Suite): void {
  test("a replay is noted, the last one stands, and a strange task is passed over", async (subject) => {
    await subject.accept(newTask("a"), newTask("b"));
    await subject.store.noteReplays([noteOf(subject, "a", "x"), noteOf(subject, "gone", "x")]);
    subject.advance(1);
    await subject.store.noteReplays([noteOf(subject, "a", "y")]);
    expect(await subject.store.readReplays(["a", "b", "gone"].map((id) => refOf(id)))).toEqual([
      ...[{ taskId: "y", at: subject.now }, undefined, undefined],
    ]);
  });
}

function listCases({ case: test }: Suite): void {
  test("ended tasks are listed by reason, by the time of their end, and by whether they were replayed", async (subject) => {
    await subject.accept(newTask("a"), newTask("b"), newTask("c"), newTask("live"));
    const [a, b, c] = await subject.claim();
    if (!a || !b || !c) throw new Error("three leases were expected");
    await subject.settle(a, broken);
    subject.advance(10);
    await subject.settle(b, { kind: "rejected", failure: bytesOf("no") });
    await subject.settle(c, { kind: "succeeded", result: undefined });
    await subject.store.noteReplays([noteOf(subject, "a", "x")]);
    const any = { reasons: [], from: undefined, to: undefined, isReplayed: undefined };
    const idsOf = async (ended: Partial<typeof any> | object) =>
      (await subject.list({ ended: { ...any, ...ended } })).tasks.map(({ id }) => id);
    expect(await idsOf({})).toEqual(["c", "b", "a"]);
    expect(await idsOf({ reasons: ["rejected", "max_attempts"] })).toEqual(["b"]);
    expect(await idsOf({ from: subject.now })).toEqual(["c", "b"]);
    expect(await idsOf({ to: subject.now })).toEqual(["a"]);
    expect(await idsOf({ isReplayed: true })).toEqual(["a"]);
    expect(await idsOf({ isReplayed: false })).toEqual(["c", "b"]);
    const failed = await subject.list({ states: ["failed"], ended: { ...any, isReplayed: false } });
    expect(failed.tasks.map(({ id }) => id)).toEqual(["b"]);
  });
}

const noteOf = (subject: Subject, id: string, by: string) => ({
  ref: { namespace: defaultNamespace, id: taskIdOf(id) },
  replay: { taskId: taskIdOf(by), at: subject.now },
});
