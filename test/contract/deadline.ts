import { expect } from "vitest";
import { plus } from "../../server/src/model/ids.ts";
import type { TaskPolicy } from "../../server/src/model/task.ts";
import { newTask } from "../support/new-task.ts";
import { lease, refOf, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

/** Tasks that wait too long. */
export function deadlineCases({ case: test, declared }: Suite): void {
  test("a task that waits past its expiry has expired, with an event and in the counts", async (subject) => {
    await subject.accept(task("a", { expireMs: 100 }), task("b", {}));
    subject.advance(99);
    expect(await sweep(subject)).toEqual({ expired: [], seen: 0 });
    subject.advance(1);
    expect(await sweep(subject)).toMatchObject({ expired: [{ id: "a" }], seen: 1 });
    expect(await subject.task("a")).toMatchObject({
      state: "expired",
      reason: undefined,
      endedAt: subject.now,
    });
    expect((await subject.eventsOf("a")).map(({ kind }) => kind)).toEqual(["accepted", "expired"]);
    const [queue] = await subject.store.listQueues((await subject.task("a")).namespace, undefined, 1);
    expect(queue?.depth).toMatchObject({ ready: 1, expired: 1 });
    expect(await sweep(subject), "once").toEqual({ expired: [], seen: 0 });
  });

  test("a scheduled task expires, too, and is not staged any more", async (subject) => {
    const notBefore = plus(subject.now, 100);
    await subject.accept({ ...task("a", { expireMs: 100 }), notBefore });
    subject.advance(100);
    await subject.stage();
    expect((await subject.task("a")).state).toBe("expired");
    await subject.accept({ ...task("b", { expireMs: 100 }), notBefore: plus(subject.now, 1000) });
    subject.advance(100);
    expect(await sweep(subject)).toMatchObject({ expired: [{ id: "b" }] });
  });

  test("a task is never handed out past its deadline, whether it was swept or not", async (subject) => {
    const overdue = ["a", "b", "c"].map((id) => task(id, { expireMs: 100 }));
    await subject.accept(...overdue, task("d", { startWithinMs: 100 }), task("e", {}));
    subject.advance(100);
    expect((await subject.claim({ limit: 2 })).map(({ id }) => id)).toEqual(["e"]);
    for (const id of ["a", "b", "c", "d"]) expect((await subject.task(id)).state).toBe("expired");
    expect((await subject.task("d")).reason).toBe("start_overdue");
    expect(await sweep(subject)).toEqual({ expired: [], seen: 0 });
  });

  test("a task that runs may come to its end; given back, it has expired", async (subject) => {
    await subject.accept(task("a", { expireMs: 100 }), task("b", { expireMs: 100 }));
    const [a, b] = await subject.claim();
    if (!a || !b) throw new Error("two tasks were expected");
    subject.advance(5000);
    expect(await sweep(subject)).toEqual({ expired: [], seen: 2 });
    expect(await subject.settle(a, { kind: "succeeded", result: undefined })).toMatchObject({
      kind: "applied",
    });
    expect(await subject.settle(b, { kind: "released" })).toEqual({ kind: "applied", state: "expired" });
  });

  test("the time to be taken in begins when a task becomes ready, each time", async (subject) => {
    await subject.accept({ ...task("a", { startWithinMs: 50 }), notBefore: plus(subject.now, 1000) });
    subject.advance(1000);
    expect((await sweep(subject)).expired).toEqual([]);
    await subject.stage();
    subject.advance(49);
    const claimed = await subject.claimOne();
    subject.advance(100);
    expect((await sweep(subject)).expired, "while it runs nothing counts").toEqual([]);
    await subject.settle(claimed, { kind: "retry", delayMs: 0, failure: undefined });
    subject.advance(49);
    expect((await sweep(subject)).expired).toEqual([]);
    subject.advance(1);
    expect((await sweep(subject)).expired).toHaveLength(1);
    expect(await subject.task("a")).toMatchObject({ state: "expired", reason: "start_overdue", attempt: 2 });
  });

  test("the time to be taken in is over while a task waits for another attempt", async (subject) => {
    await subject.accept(task("a", { startWithinMs: 50 }));
    const claimed = await subject.claimOne();
    await subject.settle(claimed, { kind: "retry", delayMs: 1000, failure: undefined });
    subject.advance(500);
    expect(await sweep(subject)).toMatchObject({ expired: [] });
    expect((await subject.task("a")).state).toBe("scheduled");
  });

  test("a task that is edited waits anew, for its time or for a worker", async (subject) => {
    await subject.accept(task("a", { startWithinMs: 50 }), {
      ...task("b", { startWithinMs: 50 }),
      notBefore: plus(subject.now, 5000),
    });
    const later = await subject.edit(refOf("a"), { start: plus(subject.now, 1000) });
    const soon = await subject.edit(refOf("b"), { start: subject.now });
    expect([later, soon]).toEqual(["applied", "applied"]);
    subject.advance(50);
    expect((await sweep(subject)).expired.map(({ id }) => id)).toEqual(["b"]);
    expect((await subject.task("a")).state).toBe("scheduled");
  });

  test("a debounced task waits as the last of its versions says", async (subject) => {
    const version = (id: string, policy: Partial<TaskPolicy>) =>
      newTask(id, {
        policy: { ...policy, unique: { until: "started", forMs: 0 } },
        unique: { key: "k", onConflict: "debounce", keepUntil: undefined, startBy: undefined },
        notBefore: plus(subject.now, 1000),
      });
    await subject.accept(version("a", { expireMs: 100 }));
    subject.advance(50);
    await subject.accept(version("b", { expireMs: 100 }));
    subject.advance(99);
    expect((await sweep(subject)).expired, "counted from the last").toEqual([]);
    await subject.accept(version("c", {}));
    subject.advance(500);
    expect((await sweep(subject)).expired, "which may say that it never expires").toEqual([]);
    await subject.accept(version("d", { expireMs: 10 }));
    subject.advance(10);
    expect((await sweep(subject)).expired).toMatchObject([{ id: "a" }]);
  });

  test("a task that expires gives its unique key up", async (subject) => {
    const unique = { key: "k", onConflict: "return", keepUntil: undefined, startBy: undefined } as const;
    const policy = { expireMs: 100, unique: { until: "ended", forMs: 0 } } as const;
    await subject.accept(newTask("a", { policy, unique }));
    subject.advance(100);
    await sweep(subject);
    expect(await subject.accept(newTask("b", { policy, unique }))).toEqual(["accepted"]);
  });

  test("as many are looked at as asked for, longest overdue first", async (subject) => {
    await subject.accept(
      task("late", { expireMs: 20 }),
      task("later", { expireMs: 30 }),
      task("first", { expireMs: 10 }),
    );
    subject.advance(1000);
    const first = await subject.store.expireOverdue(subject.now, 2);
    expect(first.expired.map(({ id }) => id)).toEqual(["first", "late"]);
    expect((await subject.store.expireOverdue(subject.now, 2)).expired.map(({ id }) => id)).toEqual([
      "later",
    ]);
  });

  test("a lease is not extended far beyond its attempt's time limit", async (subject) => {
    await subject.accept(task("a", { timeLimitMs: 30_000 }), task("b", {}));
    const [a, b] = await subject.claim();
    if (!a || !b) throw new Error("two tasks were expected");
    for (let beats = 0; beats < 9; beats++) {
      subject.advance(5000);
      for (const each of [a, b]) await subject.extend(each);
    }
    await subject.reap();
    expect([(await subject.task("a")).state, (await subject.task("b")).state]).toEqual(["ready", "leased"]);
  });

  test("an expired task is removed when its retention is over, and its id remembered", async (subject) => {
    await subject.accept(task("a", { expireMs: 10, retentionMs: 50 }));
    subject.advance(10);
    await sweep(subject);
    subject.advance(50);
    expect(await subject.store.prune(subject.now, 10)).toBe(1);
    expect(await subject.accept(task("a", { expireMs: 10, retentionMs: 50 }))).toEqual(["duplicate"]);
  });

  if (declared.model.canReopen)
    test("deadlines outlive the store's closing", async (subject) => {
      await subject.accept(task("a", { expireMs: 100 }), task("b", { startWithinMs: 100 }));
      await subject.reopen();
      subject.advance(lease.leaseMs);
      expect(await subject.claim()).toEqual([]);
      expect((await subject.task("a")).state).toBe("expired");
    });
}

const task = (id: string, policy: Partial<TaskPolicy>) => newTask(id, { policy });

const sweep = (subject: Subject) => subject.store.expireOverdue(subject.now, 1000);
