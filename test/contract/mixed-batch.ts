import { expect } from "vitest";
import { defaultNamespace, plus } from "../../server/src/model/ids.ts";
import type { Outcome } from "../../server/src/model/outcome.ts";
import type { Claimed } from "../../server/src/ports/task-store.ts";
import { bytesOf, defaultQueue, newTask, type TaskDetails, tiesOf } from "../support/new-task.ts";
import { refOf, type Subject, settlementOf } from "./subject.ts";
import type { Suite } from "./suite.ts";

const succeeded: Outcome = { kind: "succeeded", result: undefined };
const failed: Outcome = { kind: "failed", failure: bytesOf("broken"), nonRetryable: true };

const idsOf = (items: readonly { readonly id: string }[]): string[] => items.map(({ id }) => id);

/** What ties a task to more than its queue, one way after the other. */
const ties: readonly TaskDetails[] = [
  {},
  { tags: ["red"] },
  {},
  {},
  { policy: { expireMs: 60_000 } },
  { ties: tiesOf({ limitKey: "customer" }) },
  { ties: tiesOf({ labels: {} }) },
];

const mixed = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => newTask(`t${from + at}`, ties[(from + at) % ties.length]));

const plain = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => newTask(`t${from + at}`));

/** Batches of tasks that only their queue has a say in, and others among them: stores may take a shorter way for the former. */
export function mixedBatchCases({ case: test }: Suite): void {
  test("tasks that say more and tasks that say nothing leave a queue in the order of acceptance", async (subject) => {
    await subject.accept(...plain(0, 30));
    await subject.accept(...mixed(30, 30));
    await subject.accept(...plain(60, 30));
    const order = Array.from({ length: 90 }, (_, at) => `t${at}`);
    const claimed: Claimed[] = [];
    for (const limit of [1, 7, 40, 2, 25, 100]) claimed.push(...(await subject.claim({ limit })));
    expect(idsOf(claimed)).toEqual(order);
    for (const { id, fence, attempt, deliveries } of claimed)
      expect(await subject.task(id)).toMatchObject({
        state: "leased",
        fence,
        attempt,
        deliveries,
        revision: 2,
      });
    await settleAll(subject, claimed, succeeded);
    const queue = await subject.store.getQueue({ namespace: defaultNamespace, queue: defaultQueue });
    expect(queue?.depth).toMatchObject({ ready: 0, leased: 0, succeeded: 90 });
    expect((await subject.list({ states: ["succeeded"] })).tasks).toHaveLength(90);
  });

  test("of settlements of one lease in one batch the first counts, whatever is beside it", async (subject) => {
    await subject.accept(newTask("a"), newTask("b", { tags: ["red"] }), newTask("c"));
    const [a, b, c] = await subject.claim();
    if (!a || !b || !c) throw new Error("three leases were expected");
    const { now } = subject;
    const verdicts = await subject.store.settle([
      settlementOf(a, succeeded, now),
      settlementOf(b, succeeded, now),
      settlementOf(a, succeeded, now),
      settlementOf(c, failed, now),
      settlementOf(a, failed, now),
      settlementOf(c, succeeded, now),
    ]);
    expect(verdicts).toEqual([
      { kind: "applied", state: "succeeded" },
      { kind: "applied", state: "succeeded" },
      { kind: "duplicate", state: "succeeded" },
      { kind: "applied", state: "failed" },
      { kind: "lost", state: "succeeded", why: "settled" },
      { kind: "lost", state: "failed", why: "settled" },
    ]);
    for (const id of ["a", "b", "c"]) expect(await subject.eventsOf(id)).toHaveLength(3);
    expect(await subject.store.expiredLeases(Number.MAX_SAFE_INTEGER as typeof now, 10)).toEqual([]);
  });

  test("of a batch some of which was there before, or is revoked, each gets its own verdict", async (subject) => {
    await subject.accept(...plain(0, 4));
    const cancel = { reason: "not needed", at: subject.now };
    await subject.store.revoke([{ ref: refOf("t5"), cancel, until: plus(subject.now, 1000) }], subject.now);
    const again = await subject.accept(...plain(2, 4), newTask("t0", { content: bytesOf("otherwise") }));
    expect(again).toEqual(["duplicate", "duplicate", "accepted", "accepted", "exists"]);
    expect((await subject.task("t5")).state).toBe("cancelled");
    expect(await subject.accept(newTask("t6"), newTask("t6"))).toEqual(["accepted", "duplicate"]);
    await settleAll(subject, await subject.claim(), succeeded);
    subject.advance(400 * 86_400_000);
    await subject.store.prune(subject.now, 100);
    expect(await subject.accept(...plain(6, 2))).toEqual(["duplicate", "accepted"]);
    expect(idsOf(await subject.claim())).toEqual(["t7"]);
  });

  test("a row remembers who had the task last, whatever their names are like", async (subject) => {
    await subject.accept(newTask("a"));
    for (const worker of ["w", "wörker-".repeat(20), "another", "x".repeat(255), "v"]) {
      const claimed = await subject.claimOne({ worker });
      expect(await subject.task("a")).toMatchObject({ state: "leased", worker, queue: claimed.queue });
      await subject.settle(claimed, { kind: "released" });
      expect(await subject.task("a")).toMatchObject({
        state: "ready",
        worker,
        content: newTask("a").content,
      });
    }
  });
}

const settleAll = (subject: Subject, claimed: readonly Claimed[], outcome: Outcome) =>
  subject.store.settle(claimed.map((each) => settlementOf(each, outcome, subject.now)));
