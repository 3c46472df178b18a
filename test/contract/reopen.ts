import { expect } from "vitest";
import type { TaskTies } from "../../server/src/model/gate.ts";
import { defaultNamespace, plus, queueNameOf } from "../../server/src/model/ids.ts";
import { limits } from "../../server/src/model/limits.ts";
import { bytesOf, defaultQueue, newTask, tiesOf } from "../support/new-task.ts";
import { putLimit } from "./limits.ts";
import { lease, refOf } from "./subject.ts";
import type { Suite } from "./suite.ts";

const lengthMs = lease.leaseMs + lease.graceMs;

/** What a store that was closed and opened again still knows. */
export function reopenCases({ case: test }: Suite): void {
  test("tasks, results, queues, events and values are there after a restart", async (subject) => {
    await subject.accept(
      newTask("done", { tags: ["kept"] }),
      newTask("later", { notBefore: plus(subject.now, 10) }),
    );
    await subject.settle(await subject.claimOne(), { kind: "succeeded", result: bytesOf("42") });
    await subject.store.setPause(
      { namespace: defaultNamespace, queue: defaultQueue },
      { reason: "deploy", at: subject.now, by: "ada", resumeAt: plus(subject.now, 10) },
      subject.now,
    );
    const gate = { namespace: defaultNamespace, kind: "key", subject: "tenant" } as const;
    const pause = { reason: "repair", at: subject.now, by: "ada", resumeAt: plus(subject.now, 20) };
    await subject.store.setGatePause(gate, pause, subject.now);
    const cancel = { reason: "not needed", requester: "ada", at: subject.now };
    await subject.store.revoke(
      [{ ref: refOf("revoked"), cancel, until: plus(subject.now, 10) }],
      subject.now,
    );
    await subject.store.putMeta("key", bytesOf("value"));
    const snapshot = async () => ({
      tasks: await subject.list(),
      queues: await subject.store.listQueues(defaultNamespace, undefined, 10),
      limits: await subject.store.listLimits(defaultNamespace, undefined, 10),
      events: await subject.store.readEvents(undefined, 100),
      value: await subject.store.getMeta("key"),
    });
    const before = await snapshot();
    await subject.reopen();
    expect(await snapshot()).toEqual(before);
    expect(await subject.accept(newTask("done", { tags: ["kept"] }))).toEqual(["duplicate"]);
    await subject.accept(newTask("revoked"), newTask("held", { ties: tiesOf({ limitKey: "tenant" }) }));
    await subject.store.setPause(
      { namespace: defaultNamespace, queue: defaultQueue },
      undefined,
      subject.now,
    );
    expect(await subject.claim()).toEqual([]);
    expect(await subject.task("revoked")).toMatchObject({ state: "cancelled", cancel });
  });

  test("a bound on what is kept goes on over a restart", async (subject) => {
    const policy = { keepNewest: { count: 2 } };
    const end = async (id: string): Promise<void> => {
      await subject.accept(newTask(id, { policy }));
      await subject.cancel(id);
    };
    for (const id of ["a", "b", "c"]) await end(id);
    await subject.reopen();
    expect(await subject.store.pruneOverfull(subject.now, 10)).toBe(1);
    await end("d");
    expect(await subject.store.pruneOverfull(subject.now, 10)).toBe(1);
    expect((await subject.list()).tasks.map(({ id }) => id)).toEqual(["d", "c"]);
  });

  test("a lease is honoured over a restart: it begins anew, and its holder may settle it", async (subject) => {
    await subject.accept(newTask("plain"), newTask("own", { policy: { leaseMs: 60_000 } }));
    const [plain, own] = await subject.claim();
    if (!plain || !own) throw new Error("two leases were expected");
    const before = await subject.task("plain");
    subject.advance(lengthMs + 1);
    await subject.reopen();
    expect(await subject.task("plain")).toEqual({ ...before, leaseUntil: subject.now + lengthMs });
    expect((await subject.task("own")).leaseUntil).toBe(subject.now + 60_000 + lease.graceMs);
    expect(await subject.reap()).toBe(0);
    expect(await subject.extend(plain)).toMatchObject({ held: true });
    expect(await subject.settle(plain, { kind: "succeeded", result: undefined })).toMatchObject({
      kind: "applied",
    });
    expect(await subject.settle(plain, { kind: "succeeded", result: undefined })).toMatchObject({
      kind: "duplicate",
    });
  });

  test("a lease that was extended far ahead is not cut short by a restart", async (subject) => {
    await subject.accept(newTask("a"));
    await subject.extend(await subject.claimOne(), 3_600_000);
    const { leaseUntil } = await subject.task("a");
    await subject.reopen();
    expect((await subject.task("a")).leaseUntil).toBe(leaseUntil);
  });

  test("fences rise over a restart, and deliveries are still counted", async (subject) => {
    await subject.accept(newTask("a", { policy: { maxDeliveries: 3 } }), newTask("b"));
    let before = await subject.claimOne();
    for (let delivery = 2; delivery <= 3; delivery += 1) {
      await subject.reopen();
      subject.advance(lengthMs + 1);
      await subject.reap();
      expect(
        await subject.settle({ ...before, fence: { ...before.fence, epoch: 0 } }, { kind: "released" }),
      ).toMatchObject({
        kind: "lost",
      });
      const claimed = await subject.claimOne();
      expect(claimed).toMatchObject({ id: "a", deliveries: delivery });
      expect(claimed.fence.epoch).toBeGreaterThan(before.fence.epoch);
      expect(await subject.settle(before, { kind: "released" })).toMatchObject({
        kind: "lost",
        why: "superseded",
      });
      before = claimed;
    }
    subject.advance(lengthMs + 1);
    await subject.reap();
    expect(await subject.task("a")).toMatchObject({ state: "failed", reason: "max_deliveries" });
  });

  test("the order of acceptance goes on over a restart", async (subject) => {
    await subject.accept(newTask("a"), newTask("b"));
    const mark = await subject.store.purgeMark({ namespace: defaultNamespace, queue: defaultQueue });
    await subject.reopen();
    await subject.accept(newTask("c"));
    const first = await subject.list({ limit: 1 });
    expect(first.tasks.map(({ id }) => id)).toEqual(["c"]);
    await subject.reopen();
    const rest = await subject.list({ after: first.cursor });
    expect(rest.tasks.map(({ id }) => id)).toEqual(["b", "a"]);
    const ref = { namespace: defaultNamespace, queue: defaultQueue };
    expect(await subject.store.purge(ref, mark.upTo, subject.now, 10)).toBe(2);
    expect((await subject.claim()).map(({ id }) => id)).toEqual(["c"]);
  });

  test("events go on over a restart, and a reader resumes where it was", async (subject) => {
    await subject.accept(newTask("a"));
    const { events } = await subject.store.readEvents(undefined, 10);
    await subject.reopen();
    await subject.claim();
    const later = await subject.store.readEvents(events.at(-1)?.position, 10);
    expect(later.events.map(({ kind, revision }) => [kind, revision])).toEqual([["leased", 2]]);
    expect(await subject.store.truncateEvents(plus(subject.now, 1), 0, 10)).toBeGreaterThan(0);
    await subject.reopen();
    await subject.accept(newTask("b"));
    const after = await subject.store.readEvents(later.events.at(-1)?.position, 10);
    expect(after.events.map(({ taskId }) => taskId)).toEqual(["b"]);
    expect(await subject.store.readEvents(undefined, 10)).toEqual({ events: after.events, truncated: true });
  });

  test("ids of removed tasks are remembered over a restart", async (subject) => {
    await subject.accept(newTask("a", { policy: { retentionMs: 0 } }));
    await subject.settle(await subject.claimOne(), { kind: "succeeded", result: undefined });
    await subject.store.prune(subject.now, 10);
    await subject.reopen();
    expect(await subject.accept(newTask("a"))).toEqual(["duplicate"]);
    subject.advance(limits.tombstoneMs);
    await subject.store.prune(subject.now, 10);
    expect(await subject.accept(newTask("a"))).toEqual(["accepted"]);
  });

  test("limits, rates, orders, turns and labels go on over a restart", async (subject) => {
    const rate = { count: 1, periodMs: 1000, burst: 1 };
    await putLimit(subject, "key", "one", { concurrency: 1 });
    await putLimit(subject, "key", "slow", { rate });
    await subject.store.putWeight(
      { namespace: defaultNamespace, queue: queueNameOf("fair") },
      { key: "a", weight: 2 },
      subject.now,
    );
    const of = (id: string, ties: Partial<TaskTies>, queue = "default") =>
      newTask(id, { queue: queueNameOf(queue), ties: tiesOf(ties) });
    await subject.accept(
      ...["one-1", "one-2"].map((id) => of(id, { limitKey: "one" })),
      ...["slow-1", "slow-2"].map((id) => of(id, { limitKey: "slow" })),
      ...["order-1", "order-2"].map((id) => of(id, { orderingKey: "o" })),
      of("gpu", { labels: { gpu: "yes" } }),
    );
    await subject.accept(...[1, 2, 3, 4].map((n) => of(`a${n}`, { fairnessKey: "a" }, "fair")));
    const before = await subject.claim();
    expect(before.map(({ id }) => id)).toEqual(["one-1", "slow-1", "order-1"]);
    await subject.reopen();
    expect(await subject.claim(), "permits and tokens are still taken").toEqual([]);
    for (const claimed of before) await subject.settle(claimed, { kind: "succeeded", result: undefined });
    expect((await subject.claim()).map(({ id }) => id)).toEqual(["one-2", "order-2"]);
    subject.advance(1000);
    await subject.store.openGates(subject.now);
    expect((await subject.claim({ labels: { gpu: "yes" } })).map(({ id }) => id)).toEqual(["slow-2", "gpu"]);
    await subject.accept(...[1, 2].map((n) => of(`b${n}`, { fairnessKey: "b" }, "fair")));
    const turns = await subject.claim({ queues: [queueNameOf("fair")] });
    expect(turns.map(({ id }) => id)).toEqual(["a1", "a2", "b1", "a3", "a4", "b2"]);
  });
}
