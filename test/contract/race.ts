import { expect } from "vitest";
import { defaultNamespace, queueNameOf } from "../../server/src/model/ids.ts";
import type { Outcome } from "../../server/src/model/outcome.ts";
import { transition } from "../../server/src/model/task-machine.ts";
import { bytesOf, defaultQueue, newTask } from "../support/new-task.ts";
import { lease, only, refOf, type Subject, settlementOf } from "./subject.ts";
import type { Suite } from "./suite.ts";

const times = <T>(count: number, make: (i: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => make(i)));

/** Many callers, one winner. */
export function raceCases({ case: test }: Suite): void {
  test("of many claims at once each task goes to one", async (subject) => {
    await subject.accept(...Array.from({ length: 300 }, (_, i) => newTask(`task-${i}`)));
    const claims = await times(50, (i) => subject.claim({ limit: 7, worker: `worker-${i}` }));
    const ids = claims.flat().map(({ id }) => id);
    expect(ids).toHaveLength(300);
    expect(new Set(ids).size).toBe(300);
    for (const [i, claimed] of claims.entries()) {
      for (const { id, fence } of claimed) {
        expect(await subject.task(id)).toMatchObject({ worker: `worker-${i}`, fence, deliveries: 1 });
      }
    }
  });

  test("the same task from fifty callers at once is stored once, and all are told so", async (subject) => {
    const verdicts = (await times(50, () => subject.accept(newTask("a")))).flat();
    expect(verdicts.filter((verdict) => verdict === "accepted")).toHaveLength(1);
    expect(verdicts.filter((verdict) => verdict === "duplicate")).toHaveLength(49);
    expect(await subject.eventsOf("a")).toHaveLength(1);
  });

  test("of fifty different tasks under one id one is stored", async (subject) => {
    const verdicts = (
      await times(50, (i) => subject.accept(newTask("a", { content: bytesOf(String(i)) })))
    ).flat();
    const winner = verdicts.indexOf("accepted");
    expect(verdicts).toEqual(verdicts.map((_, i) => (i === winner ? "accepted" : "exists")));
    expect((await subject.task("a")).content).toEqual(bytesOf(String(winner)));
  });

  test("of many outcomes of one lease one is applied", async (subject) => {
    await subject.accept(newTask("a"));
    const claimed = await subject.claimOne();
    const outcomes = Array.from(
      { length: 20 },
      (_, i): Outcome => ({ kind: "succeeded", result: bytesOf(String(i)) }),
    );
    const verdicts = await Promise.all(outcomes.map((outcome) => subject.settle(claimed, outcome)));
    const winner = verdicts.findIndex(({ kind }) => kind === "applied");
    expect(verdicts.filter(({ kind }) => kind === "applied")).toHaveLength(1);
    expect(verdicts.filter(({ kind }) => kind === "lost")).toHaveLength(19);
    expect((await subject.task("a")).result).toEqual(bytesOf(String(winner)));
    expect(await subject.eventsOf("a")).toHaveLength(3);
  });

  test("of many changes decided on one revision one is applied", async (subject) => {
    await subject.accept(newTask("a"));
    const head = only(await subject.store.readHeads([refOf("a")]));
    const answers = await times(20, async (i) => {
      const { now } = subject;
      const change =
        head && transition(head, { kind: "cancel", cancel: { reason: String(i), at: now } }, now);
      if (!change) throw new Error("a change was expected");
      const guarded = { ref: refOf("a"), revision: 1, leaseUntilBefore: undefined, change, now };
      return only(await subject.store.apply([guarded]));
    });
    expect(answers.filter((answer) => answer === "applied")).toHaveLength(1);
    expect((await subject.task("a")).cancel?.reason).toBe(String(answers.indexOf("applied")));
  });

  test("a settlement and the end of its lease: whoever comes first, the work counts once", async (subject) => {
    await subject.accept(...Array.from({ length: 20 }, (_, i) => newTask(`task-${i}`)));
    const leases = await subject.claim();
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    const settled = leases.map((claimed) =>
      subject.settle(claimed, { kind: "succeeded", result: undefined }),
    );
    await subject.reap();
    expect((await Promise.all(settled)).every(({ kind }) => kind === "applied")).toBe(true);
    expect(await subject.claim()).toEqual([]);
  });

  test("a settlement and a cancel: the loser is told the truth", async (subject) => {
    await subject.accept(...Array.from({ length: 20 }, (_, i) => newTask(`task-${i}`)));
    const leases = await subject.claim();
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    await subject.reap();
    const outcome: Outcome = { kind: "succeeded", result: undefined };
    const pairs = leases.map(async (claimed, i) => {
      const settling = () => subject.settle(claimed, outcome);
      const cancelling = () => subject.cancel(claimed.id);
      const [first, second] = i % 2 === 0 ? [settling(), cancelling()] : [cancelling(), settling()];
      return Promise.all([claimed.id, ...(i % 2 === 0 ? [first, second] : [second, first])]);
    });
    for (const [id, settled, cancelled] of await Promise.all(pairs)) {
      const { state } = await subject.task(String(id));
      expect(settled).toEqual(
        state === "succeeded"
          ? { kind: "applied", state: "succeeded" }
          : { kind: "lost", state: "cancelled", why: "cancelled" },
      );
      expect(cancelled === "applied").toBe(state === "cancelled");
      expect(await subject.eventsOf(String(id))).toHaveLength(4);
    }
  });

  test("an extension and the end of its lease: the lease is held in the end, or the task is free, never both", async (subject) => {
    await subject.accept(...Array.from({ length: 20 }, (_, i) => newTask(`task-${i}`)));
    const leases = await subject.claim();
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    const extended = leases.map((claimed) => subject.extend(claimed));
    const [answers] = await Promise.all([Promise.all(extended), subject.reap()]);
    expect(answers.every(({ held }) => held)).toBe(true);
    expect(await subject.claim()).toEqual([]);
    expect((await subject.list({ states: ["leased"] })).tasks).toHaveLength(20);
  });

  test("a purge and claims: each task is handed out or cancelled, never both", async (subject) => {
    await subject.accept(...Array.from({ length: 200 }, (_, i) => newTask(`task-${i}`)));
    const ref = { namespace: defaultNamespace, queue: defaultQueue };
    const { upTo } = await subject.store.purgeMark(ref);
    const claims: Promise<readonly { readonly id: string }[]>[] = [];
    const purges: Promise<number>[] = [];
    for (let i = 0; i < 10; i += 1) {
      claims.push(subject.claim({ limit: 10 }));
      purges.push(subject.store.purge(ref, upTo, subject.now, 10));
    }
    const claimed = (await Promise.all(claims)).flat();
    const purged = (await Promise.all(purges)).reduce((sum, count) => sum + count, 0);
    expect(claimed.length + purged).toBe(200);
    expect((await subject.list({ states: ["leased"] })).tasks).toHaveLength(claimed.length);
    expect((await subject.list({ states: ["cancelled"] })).tasks).toHaveLength(purged);
  });

  test("claims that find nothing do not hold up those who bring work", async (subject) => {
    const queues = [queueNameOf("red"), queueNameOf("blue")];
    const idle = times(100, (i) => subject.claim({ queues: [queues[i % 2] ?? defaultQueue] }));
    const accepted = subject.accept(...queues.map((queue) => newTask(queue, { queue })));
    const found = times(100, (i) => subject.claim({ queues: [queues[i % 2] ?? defaultQueue] }));
    expect(await accepted).toEqual(["accepted", "accepted"]);
    const claims = [...(await idle), ...(await found)].flat();
    expect(claims.map(({ id }) => id).sort()).toEqual(["blue", "red"]);
  });

  test("everything at once: every task ends once, and its history has no gap", async (subject) => {
    const ids = Array.from({ length: 200 }, (_, i) => `task-${i}`);
    await Promise.all([
      ...ids.map((id) => subject.accept(newTask(id))),
      ...ids.slice(0, 50).map((id) => subject.cancel(id)),
      times(20, () => claimAndSettle(subject)),
    ]);
    while ((await claimAndSettle(subject)) > 0);
    const { tasks } = await subject.list();
    expect(tasks).toHaveLength(200);
    for (const task of tasks) {
      expect(["succeeded", "cancelled"]).toContain(task.state);
      const revisions = (await subject.eventsOf(task.id)).map(({ revision }) => revision);
      expect(revisions).toEqual(Array.from({ length: task.revision }, (_, i) => i + 1));
    }
  });
}

async function claimAndSettle(subject: Subject): Promise<number> {
  const claimed = await subject.claim({ limit: 10 });
  const outcome: Outcome = { kind: "succeeded", result: undefined };
  await subject.store.settle(claimed.map((each) => settlementOf(each, outcome, subject.now)));
  return claimed.length;
}
