import { expect } from "vitest";
import { defaultNamespace } from "../../server/src/model/ids.ts";
import type { Claimed } from "../../server/src/ports/task-store.ts";
import { newTask } from "../support/new-task.ts";
import { lease, leaseRef, refOf, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const { leaseMs, graceMs } = lease;
const lengthMs = leaseMs + graceMs;

/** Leases while they are held, and how they are held on. */
export function leaseCases({ case: test }: Suite): void {
  test("a task that nobody settles is handed out again once its lease and the grace are over", async (subject) => {
    await subject.accept(newTask("a"));
    await subject.claimOne();
    subject.advance(lengthMs);
    expect(await subject.reap()).toBe(0);
    expect(await subject.claim()).toEqual([]);
    subject.advance(1);
    expect(await subject.reap()).toBe(1);
    expect(await subject.task("a")).toMatchObject({
      state: "ready",
      reason: "lease_expired",
      leaseUntil: undefined,
      worker: "worker-1",
    });
    expect(await subject.claimOne({ worker: "worker-2" })).toMatchObject({
      id: "a",
      attempt: 1,
      deliveries: 2,
    });
  });

  test("an extended lease does not end at its old end", async (subject) => {
    await subject.accept(newTask("a"));
    const claimed = await subject.claimOne();
    subject.advance(leaseMs);
    expect(await subject.extend(claimed)).toEqual({ held: true, cancel: undefined });
    subject.advance(lengthMs);
    expect(await subject.reap()).toBe(0);
    subject.advance(1);
    expect(await subject.reap()).toBe(1);
  });

  test("extending is idempotent, and leaves no trace but the lease's end", async (subject) => {
    await subject.accept(newTask("a"));
    const claimed = await subject.claimOne();
    const before = await subject.task("a");
    subject.advance(5000);
    await subject.extend(claimed);
    await subject.extend(claimed);
    expect(await subject.task("a")).toEqual({ ...before, leaseUntil: subject.now + lengthMs });
    expect(await subject.eventsOf("a")).toHaveLength(2);
  });

  test("a lease is extended by what is asked for, else by the task's own length, else by the default", async (subject) => {
    await subject.accept(newTask("own", { policy: { leaseMs: 60_000 } }), newTask("plain"));
    for (const claimed of await subject.claim()) await subject.extend(claimed);
    expect((await subject.task("own")).leaseUntil).toBe(subject.now + 60_000 + graceMs);
    expect((await subject.task("plain")).leaseUntil).toBe(subject.now + lengthMs);
    const held = await subject.store.extend({
      leases: (await subject.store.readHeads([refOf("own"), refOf("plain")])).flatMap((head) =>
        head?.fence ? { namespace: defaultNamespace, id: head.id, fence: head.fence } : [],
      ),
      now: subject.now,
      leaseMs: 1000,
      defaultLeaseMs: leaseMs,
      graceMs,
    });
    expect(held).toHaveLength(2);
    expect((await subject.task("own")).leaseUntil).toBe(subject.now + 1000 + graceMs);
    expect((await subject.task("plain")).leaseUntil).toBe(subject.now + 1000 + graceMs);
  });

  test("extending by the usual length leaves a longer extension as it is; naming a length may shorten it", async (subject) => {
    await subject.accept(newTask("a"));
    const claimed = await subject.claimOne();
    await subject.extend(claimed, 60_000);
    const until = subject.now + 60_000 + graceMs;
    subject.advance(1000);
    await subject.extend(claimed);
    expect((await subject.task("a")).leaseUntil).toBe(until);
    await subject.extend(claimed, 1000);
    expect((await subject.task("a")).leaseUntil).toBe(subject.now + 1000 + graceMs);
  });

  test("a lease past its deadline is held on while nobody else has the task", async (subject) => {
    await subject.accept(newTask("a"));
    const claimed = await subject.claimOne();
    subject.advance(lengthMs + 1);
    expect(await subject.extend(claimed)).toMatchObject({ held: true });
    expect(await subject.reap()).toBe(0);
  });

  test("a lease whose task went back to ready is taken up again, without a new delivery", async (subject) => {
    await subject.accept(newTask("a"));
    const claimed = await subject.claimOne();
    await expire(subject);
    const expired = await subject.task("a");
    expect(await subject.extend(claimed)).toMatchObject({ held: true });
    expect(await subject.task("a")).toEqual({
      ...expired,
      state: "leased",
      reason: undefined,
      leaseUntil: subject.now + lengthMs,
    });
    expect(await subject.claim()).toEqual([]);
    expect(await subject.settle(claimed, { kind: "succeeded", result: undefined })).toMatchObject({
      kind: "applied",
    });
  });

  test("a lease that was taken up again ends like any other", async (subject) => {
    await subject.accept(newTask("a"));
    const claimed = await subject.claimOne();
    await expire(subject);
    await subject.extend(claimed);
    await expire(subject);
    expect(await subject.task("a")).toMatchObject({ state: "ready", reason: "lease_expired", deliveries: 1 });
    expect(await subject.claimOne()).toMatchObject({ id: "a", deliveries: 2 });
  });

  test("an old lease is lost once the task was handed out again", async (subject) => {
    await subject.accept(newTask("a"));
    const old = await subject.claimOne();
    await expire(subject);
    const newer = await subject.claimOne();
    expect(await subject.extend(old)).toEqual({ held: false, state: "leased", why: "superseded" });
    expect(await subject.extend(newer)).toMatchObject({ held: true });
  });

  test("a settled lease cannot be extended, whatever its outcome was", async (subject) => {
    await subject.accept(newTask("done"), newTask("back"), newTask("again"));
    const [done, back, again] = await subject.claim();
    if (!done || !back || !again) throw new Error("three leases were expected");
    await subject.settle(done, { kind: "succeeded", result: undefined });
    await subject.settle(back, { kind: "released" });
    await subject.settle(again, { kind: "retry", delayMs: 1000, failure: undefined });
    expect(await subject.extend(done)).toEqual({ held: false, state: "succeeded", why: "settled" });
    expect(await subject.extend(back)).toEqual({ held: false, state: "ready", why: "settled" });
    expect(await subject.extend(again)).toEqual({ held: false, state: "scheduled", why: "settled" });
  });

  test("a lease on a cancelled task is lost; one whose task is to be cancelled is held and told so", async (subject) => {
    await subject.accept(newTask("a"), newTask("b"));
    const [gone, asked] = await subject.claim();
    if (!gone || !asked) throw new Error("two leases were expected");
    await expire(subject);
    await subject.cancel("a");
    expect(await subject.extend(gone)).toEqual({ held: false, state: "cancelled", why: "cancelled" });
    await subject.extend(asked);
    await subject.cancel("b", "too late");
    expect(await subject.extend(asked)).toEqual({ held: true, cancel: { reason: "too late" } });
  });

  test("a lease that used up the task's deliveries is over for good", async (subject) => {
    await subject.accept(newTask("a", { policy: { maxDeliveries: 1 } }));
    const claimed = await subject.claimOne();
    await expire(subject);
    expect(await subject.extend(claimed)).toEqual({ held: false, state: "failed", why: "settled" });
  });

  test("a lease on nobody's task is lost, and each lease of a batch has its own answer", async (subject) => {
    await subject.accept(newTask("a"), newTask("b"));
    const [a, b] = await subject.claim();
    if (!a || !b) throw new Error("two leases were expected");
    const nobody = { ...leaseRef(a), id: refOf("nobody").id };
    const never = { ...leaseRef(b), fence: { epoch: b.fence.epoch, seq: b.fence.seq + 1000 } };
    const leases = [nobody, leaseRef(a), never, leaseRef(a)];
    const answers = await subject.store.extend({
      leases,
      now: subject.now,
      leaseMs: undefined,
      defaultLeaseMs: leaseMs,
      graceMs,
    });
    expect(answers).toEqual([
      { held: false, state: undefined, why: "task_unknown" },
      { held: true, cancel: undefined },
      { held: false, state: "leased", why: "superseded" },
      { held: true, cancel: undefined },
    ]);
  });

  const ends: Readonly<Record<string, (subject: Subject, claimed: Claimed) => Promise<unknown>>> = {
    "its lease ends": expire,
    "its attempt fails": (subject, claimed) =>
      subject.settle(claimed, { kind: "failed", failure: new Uint8Array(1), nonRetryable: false }),
    "it is given back": (subject, claimed) => subject.settle(claimed, { kind: "released" }),
    "it is to be tried again": (subject, claimed) =>
      subject.settle(claimed, { kind: "retry", delayMs: 10, failure: undefined }),
  };
  for (const [how, end] of Object.entries(ends))
    test(`who asked to cancel a task that runs, and why, stays with it when ${how}`, async (subject) => {
      await subject.accept(newTask("a"));
      const claimed = await subject.claimOne();
      const cancel = { reason: "not needed", requester: "ada", at: subject.now };
      expect(await subject.apply(refOf("a"), { kind: "cancel", cancel })).toBe("applied");
      expect(await subject.cancel("a", "again"), "asked once is asked").toBe("meaningless");
      await end(subject, claimed);
      expect(await subject.task("a")).toMatchObject({
        state: "cancelled",
        reason: "cancel_requested",
        cancel,
      });
    });
}

async function expire(subject: Subject): Promise<void> {
  subject.advance(lengthMs + 1);
  await subject.reap();
}
