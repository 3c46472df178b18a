import { expect } from "vitest";
import { plus } from "../../server/src/model/ids.ts";
import { type TaskChange, type TaskTrigger, transition } from "../../server/src/model/task-machine.ts";
import type { GuardedChange } from "../../server/src/ports/task-store.ts";
import { bytesOf, newTask } from "../support/new-task.ts";
import { lease, refOf, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

/** Changes that were decided elsewhere, and what must still hold for them. */
export function guardCases({ case: test }: Suite): void {
  test("a change is applied to the revision that it was decided on, and raises it by one", async (subject) => {
    await subject.accept(newTask("a"));
    const change = await decide(subject, "a", cancelNow(subject));
    expect(await subject.store.apply([change])).toEqual(["applied"]);
    expect(await subject.task("a")).toMatchObject({
      state: "cancelled",
      reason: "cancel_requested",
      revision: 2,
      cancel: { reason: "stop", at: subject.now },
      endedAt: subject.now,
    });
  });

  test("a change that was decided on an older revision is a conflict", async (subject) => {
    await subject.accept(newTask("a"));
    const change = await decide(subject, "a", cancelNow(subject));
    await subject.claimOne();
    expect(await subject.store.apply([change])).toEqual(["conflict"]);
    expect(await subject.task("a")).toMatchObject({ state: "leased", revision: 2, cancel: undefined });
  });

  test("a second terminal write that was decided beside the first is refused", async (subject) => {
    await subject.accept(newTask("a"));
    const first = await decide(subject, "a", cancelNow(subject));
    const second = await decide(subject, "a", { kind: "purge" });
    expect(await subject.store.apply([first, second])).toEqual(["applied", "conflict"]);
    expect(await subject.store.apply([second])).toEqual(["conflict"]);
    expect((await subject.task("a")).reason).toBe("cancel_requested");
    expect(await subject.eventsOf("a")).toHaveLength(2);
  });

  test("each change stands for itself: one conflict does not harm the others", async (subject) => {
    await subject.accept(newTask("a"), newTask("b"));
    const a = await decide(subject, "a", cancelNow(subject));
    const b = await decide(subject, "b", cancelNow(subject));
    const stale = { ...a, revision: 7 };
    const nobody = { ...b, ref: refOf("nobody") };
    expect(await subject.store.apply([stale, a, nobody, b])).toEqual([
      "conflict",
      "applied",
      "conflict",
      "applied",
    ]);
    expect(await subject.store.apply([])).toEqual([]);
  });

  test("a lease that was extended meanwhile does not expire", async (subject) => {
    await subject.accept(newTask("a"));
    const claimed = await subject.claimOne();
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    const expiry = await decide(subject, "a", { kind: "lease_expired" });
    await subject.extend(claimed);
    expect(await subject.store.apply([expiry])).toEqual(["conflict"]);
    expect((await subject.task("a")).state).toBe("leased");
  });

  test("a lease expires only once its end is strictly before the time given", async (subject) => {
    await subject.accept(newTask("a"));
    await subject.claimOne();
    subject.advance(lease.leaseMs + lease.graceMs);
    const expiry = await decide(subject, "a", { kind: "lease_expired" });
    expect(await subject.store.apply([expiry])).toEqual(["conflict"]);
    const later = { ...expiry, leaseUntilBefore: plus(subject.now, 1) };
    expect(await subject.store.apply([later])).toEqual(["applied"]);
  });

  test("a task without a lease has none that could have expired", async (subject) => {
    await subject.accept(newTask("a"));
    const change = await decide(subject, "a", cancelNow(subject));
    const guarded = { ...change, leaseUntilBefore: plus(subject.now, 1_000_000) };
    expect(await subject.store.apply([guarded])).toEqual(["conflict"]);
  });

  test("a change writes what it names and leaves the rest", async (subject) => {
    await subject.accept(newTask("a", { notBefore: subject.now, tags: ["kept"] }));
    await subject.settle(await subject.claimOne(), { kind: "retry", delayMs: 10, failure: bytesOf("kept") });
    const before = await subject.task("a");
    const due = await decide(subject, "a", { kind: "due" });
    const change: TaskChange = { ...due.change, attempt: 3, deliveriesDelta: -1, result: bytesOf("new") };
    subject.advance(77);
    expect(await subject.store.apply([{ ...due, change, now: subject.now }])).toEqual(["applied"]);
    expect(await subject.task("a")).toEqual({
      ...before,
      state: "ready",
      reason: undefined,
      revision: before.revision + 1,
      attempt: 3,
      deliveries: 0,
      result: bytesOf("new"),
    });
    expect((await subject.eventsOf("a")).at(-1)).toMatchObject({
      kind: "became_ready",
      at: subject.now,
      attempt: 3,
    });
  });
}

const cancelNow = (subject: Subject): TaskTrigger => ({
  kind: "cancel",
  cancel: { reason: "stop", at: subject.now },
});

/** What a room would write now; the caller may let things happen before it is written. */
async function decide(subject: Subject, id: string, trigger: TaskTrigger): Promise<GuardedChange> {
  const [head] = await subject.store.readHeads([refOf(id)]);
  const change = head && transition(head, trigger, subject.now);
  if (!head || !change) throw new Error(`${trigger.kind} means nothing to ${id}`);
  const leaseUntilBefore = trigger.kind === "lease_expired" ? subject.now : undefined;
  return { ref: refOf(id), revision: head.revision, leaseUntilBefore, change, now: subject.now };
}
