import { expect } from "vitest";
import type { Outcome } from "../../server/src/model/outcome.ts";
import { bytesOf, newTask } from "../support/new-task.ts";
import { lease, leaseRef, refOf, type Subject, settlementOf } from "./subject.ts";
import type { Suite } from "./suite.ts";

const succeeded: Outcome = { kind: "succeeded", result: bytesOf("42") };
const failed: Outcome = { kind: "failed", failure: bytesOf("broken"), nonRetryable: true };
const released: Outcome = { kind: "released" };

/** Which settlements count: exactly one a lease, and only the newest lease's. */
export function settleCases({ case: test }: Suite): void {
  test("a settled task is what its outcome says", async (subject) => {
    await subject.accept(newTask("a"));
    subject.advance(100);
    const claimed = await subject.claimOne();
    subject.advance(300);
    expect(await subject.settle(claimed, succeeded)).toEqual({ kind: "applied", state: "succeeded" });
    expect(await subject.task("a")).toMatchObject({
      state: "succeeded",
      reason: undefined,
      revision: 3,
      result: bytesOf("42"),
      failure: undefined,
      fence: claimed.fence,
      worker: "worker-1",
      createdAt: subject.now - 400,
      startedAt: subject.now - 300,
      leaseUntil: undefined,
      endedAt: subject.now,
    });
  });

  test("the same settlement again is a duplicate and changes nothing", async (subject) => {
    await subject.accept(newTask("a"));
    const claimed = await subject.claimOne();
    await subject.settle(claimed, succeeded);
    const before = await subject.task("a");
    subject.advance(5000);
    expect(await subject.settle(claimed, succeeded)).toEqual({ kind: "duplicate", state: "succeeded" });
    expect(await subject.task("a")).toEqual(before);
    expect(await subject.eventsOf("a")).toHaveLength(3);
  });

  test("a second terminal write is refused: the first outcome stands", async (subject) => {
    await subject.accept(newTask("a"));
    const claimed = await subject.claimOne();
    await subject.settle(claimed, succeeded);
    const before = await subject.task("a");
    const lost = { kind: "lost", state: "succeeded", why: "settled" };
    expect(await subject.settle(claimed, failed)).toEqual(lost);
    expect(await subject.settle(claimed, { kind: "succeeded", result: bytesOf("43") })).toEqual(lost);
    expect(await subject.task("a")).toEqual(before);
    expect(await subject.eventsOf("a")).toHaveLength(3);
  });

  test("a late settlement counts while nobody else was given the task", async (subject) => {
    await subject.accept(newTask("a"), newTask("b"));
    const [a, b] = await subject.claim();
    if (!a || !b) throw new Error("two leases were expected");
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    expect(await subject.settle(a, succeeded)).toEqual({ kind: "applied", state: "succeeded" });
    expect(await subject.reap()).toBe(1);
    expect(await subject.settle(b, succeeded)).toEqual({ kind: "applied", state: "succeeded" });
    expect(await subject.claim()).toEqual([]);
  });

  test("a late settlement is refused after the lease moved on, and the new one goes on", async (subject) => {
    await subject.accept(newTask("a"));
    const old = await subject.claimOne();
    await expire(subject);
    const newer = await subject.claimOne();
    expect(await subject.settle(old, succeeded)).toEqual({
      kind: "lost",
      state: "leased",
      why: "superseded",
    });
    expect((await subject.task("a")).result).toBeUndefined();
    expect(await subject.settle(newer, failed)).toEqual({ kind: "applied", state: "failed" });
    expect(await subject.settle(old, succeeded)).toEqual({
      kind: "lost",
      state: "failed",
      why: "superseded",
    });
  });

  test("an old lease is lost also when the new one was settled with the same outcome", async (subject) => {
    await subject.accept(newTask("a"));
    const old = await subject.claimOne();
    await expire(subject);
    await subject.settle(await subject.claimOne(), succeeded);
    expect(await subject.settle(old, succeeded)).toEqual({
      kind: "lost",
      state: "succeeded",
      why: "superseded",
    });
  });

  test("a lease that gave its task back cannot settle it again", async (subject) => {
    await subject.accept(newTask("a"));
    const claimed = await subject.claimOne();
    expect(await subject.settle(claimed, released)).toEqual({ kind: "applied", state: "ready" });
    expect(await subject.settle(claimed, succeeded)).toEqual({
      kind: "lost",
      state: "ready",
      why: "settled",
    });
    expect(await subject.settle(claimed, released)).toEqual({ kind: "duplicate", state: "ready" });
    expect(await subject.claimOne()).toMatchObject({ id: "a" });
    expect(await subject.settle(claimed, released)).toEqual({
      kind: "lost",
      state: "leased",
      why: "superseded",
    });
  });

  test("a new lease is settled afresh, with the very outcome of the one before", async (subject) => {
    await subject.accept(newTask("a"));
    for (let delivery = 0; delivery < 3; delivery += 1) {
      const claimed = await subject.claimOne();
      expect(await subject.settle(claimed, released)).toEqual({ kind: "applied", state: "ready" });
    }
    expect((await subject.eventsOf("a")).map(({ kind }) => kind)).toEqual([
      "accepted",
      ...["leased", "released", "leased", "released", "leased", "released"],
    ]);
  });

  test("a settlement after a cancel that came first is lost", async (subject) => {
    await subject.accept(newTask("a"));
    const claimed = await subject.claimOne();
    await expire(subject);
    expect(await subject.cancel("a")).toBe("applied");
    expect(await subject.settle(claimed, succeeded)).toEqual({
      kind: "lost",
      state: "cancelled",
      why: "cancelled",
    });
    expect(await subject.task("a")).toMatchObject({ state: "cancelled", result: undefined });
  });

  test("a cancel after a settlement that came first means nothing", async (subject) => {
    await subject.accept(newTask("a"));
    await subject.settle(await subject.claimOne(), succeeded);
    expect(await subject.cancel("a")).toBe("meaningless");
    expect(await subject.task("a")).toMatchObject({ state: "succeeded", cancel: undefined });
  });

  test("a handler that succeeds in spite of a cancel has succeeded", async (subject) => {
    await subject.accept(newTask("a"));
    const claimed = await subject.claimOne();
    expect(await subject.cancel("a", "not needed")).toBe("applied");
    expect(await subject.task("a")).toMatchObject({ state: "leased", cancel: { reason: "not needed" } });
    expect(await subject.settle(claimed, succeeded)).toEqual({ kind: "applied", state: "succeeded" });
  });

  test("any other end of an attempt that was to be cancelled is a cancel", async (subject) => {
    const endings: Outcome[] = [
      { kind: "failed", failure: bytesOf("aborted"), nonRetryable: false },
      { kind: "retry", delayMs: 5, failure: undefined },
      released,
      { kind: "rejected", failure: bytesOf("refused") },
      { kind: "unknown_name" },
    ];
    await subject.accept(...endings.map(({ kind }) => newTask(kind)));
    const leases = await subject.claim();
    for (const [i, outcome] of endings.entries()) {
      const claimed = leases[i];
      if (!claimed) throw new Error("a lease for each was expected");
      await subject.cancel(outcome.kind);
      expect(await subject.settle(claimed, outcome)).toEqual({ kind: "applied", state: "cancelled" });
      expect(await subject.task(outcome.kind)).toMatchObject({ reason: "cancel_requested", deliveries: 1 });
      expect(await subject.settle(claimed, outcome)).toEqual({ kind: "duplicate", state: "cancelled" });
    }
    expect(await subject.stage()).toBe(0);
    expect(await subject.claim()).toEqual([]);
  });

  test("a lease of nobody's task, or one that never was, settles nothing", async (subject) => {
    await subject.accept(newTask("a"), newTask("unleased"));
    const claimed = await subject.claimOne();
    const nobody = { ...claimed, id: refOf("nobody").id };
    const never = { ...claimed, id: refOf("unleased").id };
    expect(await subject.settle(nobody, succeeded)).toEqual({
      kind: "lost",
      state: undefined,
      why: "task_unknown",
    });
    expect(await subject.settle(never, succeeded)).toEqual({
      kind: "lost",
      state: "ready",
      why: "superseded",
    });
  });

  test("every settlement of a batch has its own verdict, in order, and the first of a pair counts", async (subject) => {
    await subject.accept(newTask("a"), newTask("b"), newTask("c"));
    const [a, b, c] = await subject.claim();
    if (!a || !b || !c) throw new Error("three leases were expected");
    const { now } = subject;
    const lost = { ...settlementOf(b, succeeded, now), fence: { epoch: 0, seq: 1 } };
    const verdicts = await subject.store.settle([
      settlementOf(a, succeeded, now),
      lost,
      settlementOf(a, succeeded, now),
      settlementOf(a, failed, now),
      settlementOf(c, released, now),
    ]);
    expect(verdicts).toEqual([
      { kind: "applied", state: "succeeded" },
      { kind: "lost", state: "leased", why: "superseded" },
      { kind: "duplicate", state: "succeeded" },
      { kind: "lost", state: "succeeded", why: "settled" },
      { kind: "applied", state: "ready" },
    ]);
    expect(await subject.extend(b)).toMatchObject({ held: true });
  });

  test("a thousand settlements at once are applied each to its task", async (subject) => {
    const ids = Array.from({ length: 1000 }, (_, i) => `task-${i}`);
    await subject.accept(...ids.map((id) => newTask(id)));
    const leases = await subject.claim();
    const settlements = leases.map((each) =>
      settlementOf(each, { kind: "succeeded", result: bytesOf(each.id) }, subject.now),
    );
    const verdicts = await subject.store.settle(settlements);
    expect(verdicts.every(({ kind }) => kind === "applied")).toBe(true);
    const tasks = await subject.store.read(leases.map((each) => leaseRef(each)));
    expect(tasks.map((task) => task?.result)).toEqual(leases.map(({ id }) => bytesOf(id)));
  });
}

async function expire(subject: Subject): Promise<void> {
  subject.advance(lease.leaseMs + lease.graceMs + 1);
  await subject.reap();
}
