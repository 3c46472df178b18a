import { expect } from "vitest";
import { plus, queueNameOf } from "../../server/src/model/ids.ts";
import { newTask } from "../support/new-task.ts";
import { lease, refOf, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const lengthMs = lease.leaseMs + lease.graceMs;
const idsOf = (items: readonly { readonly id: string }[]): string[] => items.map(({ id }) => id);

/** What time does to tasks: starts that come, leases that end. */
export function expiryCases({ case: test }: Suite): void {
  test("a lease whose grant never arrived gives its delivery back, once", async (subject) => {
    await subject.accept(newTask("a"));
    const claimed = await subject.claimOne();
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    expect(await subject.apply(refOf("a"), { kind: "lease_expired", neverArrived: true })).toBe("applied");
    expect(await subject.task("a")).toMatchObject({ state: "ready", reason: "lease_expired", deliveries: 0 });
    await subject.settle(claimed, { kind: "released" });
    expect((await subject.task("a")).deliveries, "its holder gives back what was given back").toBe(0);
    expect((await subject.claimOne()).deliveries).toBe(1);
  });

  test("due tasks are those whose time has come, earliest first, up to the limit", async (subject) => {
    const at = (ms: number) => ({ notBefore: plus(subject.now, ms), queue: queueNameOf(`queue-${ms % 2}`) });
    await subject.accept(
      newTask("c", at(30)),
      newTask("a", at(10)),
      newTask("d", at(41)),
      newTask("b", at(20)),
    );
    await subject.accept(newTask("b2", at(20)), newTask("ready"));
    expect(await subject.store.dueTasks(subject.now, 10)).toEqual([]);
    subject.advance(30);
    expect(idsOf(await subject.store.dueTasks(subject.now, 10))).toEqual(["a", "b", "b2", "c"]);
    expect(idsOf(await subject.store.dueTasks(subject.now, 2))).toEqual(["a", "b"]);
    expect(await subject.store.dueTasks(subject.now, 0)).toEqual([]);
  });

  test("asking what is due changes nothing; staging does, once", async (subject) => {
    await subject.accept(newTask("a", { notBefore: plus(subject.now, 10) }));
    subject.advance(10);
    const [head] = await subject.store.dueTasks(subject.now, 10);
    const { content: _, result: __, failure: ___, ...whole } = await subject.task("a");
    expect(head).toEqual(whole);
    expect(await subject.stage()).toBe(1);
    expect(await subject.task("a")).toMatchObject({ state: "ready", reason: undefined, revision: 2 });
    expect(await subject.stage()).toBe(0);
  });

  test("a scheduled task that is cancelled is not due any more", async (subject) => {
    await subject.accept(newTask("a", { notBefore: plus(subject.now, 10) }));
    await subject.cancel("a");
    subject.advance(10);
    expect(await subject.store.dueTasks(subject.now, 10)).toEqual([]);
  });

  test("expired leases are those that have ended, earliest first, up to the limit", async (subject) => {
    const own = (leaseMs: number) => ({ policy: { leaseMs } });
    await subject.accept(
      newTask("c", own(3000)),
      newTask("a", own(1000)),
      newTask("d", own(9000)),
      newTask("b", own(2000)),
    );
    await subject.accept(newTask("b2", own(2000)));
    await subject.claim();
    subject.advance(1000 + lease.graceMs);
    expect(await subject.store.expiredLeases(subject.now, 10)).toEqual([]);
    subject.advance(2001);
    expect(idsOf(await subject.store.expiredLeases(subject.now, 10))).toEqual(["a", "b", "b2", "c"]);
    expect(idsOf(await subject.store.expiredLeases(subject.now, 1))).toEqual(["a"]);
    expect(await subject.store.expiredLeases(subject.now, 0)).toEqual([]);
  });

  test("a lease whose end was moved is expired by its new end", async (subject) => {
    await subject.accept(newTask("long"), newTask("short"));
    const [long, short] = await subject.claim();
    if (!long || !short) throw new Error("two leases were expected");
    await subject.extend(long, 60_000);
    await subject.extend(short, 1000);
    subject.advance(1000 + lease.graceMs + 1);
    expect(idsOf(await subject.store.expiredLeases(subject.now, 10))).toEqual(["short"]);
    subject.advance(59_000);
    expect(idsOf(await subject.store.expiredLeases(subject.now, 10))).toEqual(["short", "long"]);
  });

  test("a settled or cancelled task has no lease that could expire", async (subject) => {
    await subject.accept(newTask("done"), newTask("back"));
    const [done, back] = await subject.claim();
    if (!done || !back) throw new Error("two leases were expected");
    await subject.settle(done, { kind: "succeeded", result: undefined });
    await subject.settle(back, { kind: "released" });
    subject.advance(lengthMs + 1);
    expect(await subject.store.expiredLeases(subject.now, 10)).toEqual([]);
  });

  test("a task that takes its workers down fails for good when its deliveries are used up", async (subject) => {
    await subject.accept(newTask("a", { policy: { maxDeliveries: 3 } }));
    for (let delivery = 1; delivery <= 3; delivery += 1) {
      expect(await subject.claimOne()).toMatchObject({ deliveries: delivery, attempt: 1 });
      await loseLease(subject);
    }
    expect(await subject.claim()).toEqual([]);
    expect(await subject.task("a")).toMatchObject({
      state: "failed",
      reason: "max_deliveries",
      deliveries: 3,
      attempt: 1,
      endedAt: subject.now,
    });
  });

  test("a lease that ends on a task that was to be cancelled cancels it", async (subject) => {
    await subject.accept(newTask("a"));
    await subject.claimOne();
    await subject.cancel("a", "not needed");
    await loseLease(subject);
    expect(await subject.task("a")).toMatchObject({ state: "cancelled", reason: "cancel_requested" });
    expect(await subject.claim()).toEqual([]);
  });

  test("attempts and deliveries are counted apart", async (subject) => {
    await subject.accept(newTask("a"));
    await subject.claimOne();
    await loseLease(subject);
    await subject.settle(await subject.claimOne(), { kind: "retry", delayMs: 0, failure: undefined });
    await subject.settle(await subject.claimOne(), { kind: "released" });
    await subject.claimOne();
    await loseLease(subject);
    expect(await subject.task("a")).toMatchObject({ attempt: 2, deliveries: 3 });
    expect(await subject.claimOne()).toMatchObject({ attempt: 2, deliveries: 4 });
  });
}

async function loseLease(subject: Subject): Promise<void> {
  subject.advance(lengthMs + 1);
  expect(await subject.reap()).toBe(1);
}
