import { expect } from "vitest";
import { defaultNamespace, plus, queueNameOf } from "../../server/src/model/ids.ts";
import { unsaidNamespace } from "../../server/src/model/namespace.ts";
import { defaultQueue, newTask, tiesOf } from "../support/new-task.ts";
import { putLimit } from "./limits.ts";
import { refOf, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const aheadMax = 5;
const standing = ({ store }: Subject, id: string) => store.readStanding(refOf(id), aheadMax);
const aheadOf = async (subject: Subject, id: string) => (await standing(subject, id))?.ahead;
const queue = { namespace: defaultNamespace, queue: defaultQueue };

/** What a store knows of what stands in a task's way. That all of it is true of every waiting task at every step is tried at random by gate-model.ts. */
export function standingCases({ case: test }: Suite): void {
  test("a task is read with the pause of its queue as it was put, and one that is not there is not", async (subject) => {
    await subject.accept(newTask("a"), newTask("elsewhere", { queue: queueNameOf("red") }));
    const pause = { reason: "deploy", by: "ada", at: subject.now, resumeAt: plus(subject.now, 1000) };
    await subject.store.setPause(queue, pause, subject.now);
    expect(await standing(subject, "a")).toEqual({
      head: (await subject.store.readHeads([refOf("a")]))[0],
      ...{ stop: undefined, isQueueDeleting: false },
      ...{ pause, first: undefined, limits: [], ahead: 0 },
    });
    expect((await standing(subject, "elsewhere"))?.pause).toBeUndefined();
    expect(await standing(subject, "nobody")).toBeUndefined();
    expect(
      await subject.store.readStanding({ ...refOf("a"), namespace: "other" as never }, 1),
    ).toBeUndefined();
  });

  test("a task is read with the deletion of its queue, and with what stops its namespace", async (subject) => {
    const { store, now } = subject;
    const record = { name: defaultNamespace, settings: unsaidNamespace, createdAt: now } as const;
    await store.createNamespace({ ...record, state: "active", reason: "", revision: 1 });
    await subject.accept(newTask("a"));
    expect(await standing(subject, "a")).toMatchObject({ stop: undefined, isQueueDeleting: false });
    expect(await store.deleteQueue(queue, true, now)).toMatchObject({ kind: "deleting" });
    expect(await standing(subject, "a")).toMatchObject({ stop: undefined, isQueueDeleting: true });
    await store.updateNamespace({ ...record, state: "disabled", reason: "deploy", revision: 2 });
    const stop = { state: "disabled", reason: "deploy" };
    expect(await standing(subject, "a")).toMatchObject({ stop, isQueueDeleting: true });
    expect(await subject.claim()).toEqual([]);
  });

  test("those before a task are counted by priority, turn and acceptance, whatever ties them, and none that waits at a gate", async (subject) => {
    const tied = (id: string, ties: Parameters<typeof tiesOf>[0], more = {}) =>
      newTask(id, { ties: tiesOf(ties), ...more });
    await putLimit(subject, "key", "stopped", { concurrency: 0 });
    await subject.accept(
      newTask("free"),
      newTask("urgent", { priority: 9 }),
      tied("stuck", { limitKey: "stopped" }, { priority: 9 }),
      tied("labelled", { labels: { gpu: "yes" } }),
      tied("turn-a1", { fairnessKey: "a" }),
      tied("turn-a2", { fairnessKey: "a" }),
      tied("turn-b1", { fairnessKey: "b" }),
      newTask("low", { priority: 1 }),
      newTask("other", { queue: queueNameOf("red") }),
    );
    const counts: Record<string, number | undefined> = {};
    for (const id of ["urgent", "stuck", "free", "labelled", "turn-a1", "turn-b1", "other"])
      counts[id] = await aheadOf(subject, id);
    // The tasks of a and b alternate: the second of a comes after the first of b.
    expect(counts).toEqual({
      ...{ urgent: 0, stuck: 1, free: 1, labelled: 2, "turn-a1": 3, "turn-b1": 4, other: 0 },
    });
    expect(await aheadOf(subject, "turn-a2")).toBe(5);
    expect(await aheadOf(subject, "low"), "counted no further than one beyond the bound").toBe(aheadMax + 1);
  });

  test("only a ready task has others before it", async (subject) => {
    await subject.accept(
      newTask("a"),
      newTask("b"),
      newTask("later", { notBefore: plus(subject.now, 1000) }),
    );
    expect(await aheadOf(subject, "b")).toBe(1);
    expect(await aheadOf(subject, "later")).toBe(0);
    await subject.claim({ limit: 2 });
    expect(await aheadOf(subject, "b")).toBe(0);
    expect((await standing(subject, "b"))?.head).toMatchObject({
      state: "leased",
      worker: expect.any(String),
    });
  });

  test("a task is read with all limits that it obeys, what they do now, and those that pass before it", async (subject) => {
    const rate = { count: 10, periodMs: 1000, burst: 1 };
    await putLimit(subject, "key", "k", { concurrency: 3 });
    await putLimit(subject, "name", "mail.send", { concurrency: 8 });
    await putLimit(subject, "queue", defaultQueue, { rate });
    await putLimit(subject, "key", "another", { concurrency: 1 });
    const ties = tiesOf({ limitKey: "k" });
    await subject.accept(...["a", "b", "c", "d"].map((id) => newTask(id, { ties })), newTask("no key"));
    expect((await subject.claimOne()).id).toBe("a");
    const { limits = [] } = (await standing(subject, "d")) ?? {};
    expect(limits).toMatchObject([
      { limit: { kind: "key", subject: "k", concurrency: 3 }, leased: 1, ahead: 2 },
      { limit: { kind: "name", subject: "mail.send", concurrency: 8 }, leased: 1, ahead: 2 },
      {
        limit: { kind: "queue", subject: defaultQueue, rate },
        dueAt: subject.now + 100,
        leased: 1,
        ahead: 2,
      },
    ]);
  });
}
