import { expect } from "vitest";
import { namespaceOf, plus, queueNameOf } from "../../server/src/model/ids.ts";
import { editTask, noEdit } from "../../server/src/model/task-edit.ts";
import { bytesOf, defaultQueue, newTask } from "../support/new-task.ts";
import { lease, refOf } from "./subject.ts";
import type { Suite } from "./suite.ts";

const other = queueNameOf("other");

/** Changing tasks that wait. */
export function editCases({ case: test }: Suite): void {
  test("an edit writes what it names, raises the revision by one, writes one event, and leaves the rest", async (subject) => {
    await subject.accept(newTask("a", { tags: ["kept"], priority: 3 }));
    const before = await subject.task("a");
    subject.advance(5);
    expect(await subject.edit(refOf("a"), { priority: 7 })).toBe("applied");
    expect(await subject.task("a")).toEqual({ ...before, priority: 7, revision: 2 });
    expect((await subject.eventsOf("a")).at(-1)).toMatchObject({
      ...{ kind: "updated", revision: 2, attempt: 1, at: subject.now, queue: defaultQueue },
    });
  });

  test("an edit of a revision that is over is a conflict, and of a task that is gone", async (subject) => {
    await subject.accept(newTask("a"));
    const head = await subject.task("a");
    const edited = editTask(head, { ...noEdit, priority: 9 }, subject.now);
    if (typeof edited === "string") throw new Error(edited);
    await subject.claimOne();
    const edit = { ref: refOf("a"), revision: head.revision, edited, now: subject.now };
    const leased = { ...edit, revision: head.revision + 1 };
    const gone = { ...edit, ref: refOf("gone") };
    const strange = { ...edit, ref: refOf("a", namespaceOf("strange")) };
    expect(await subject.store.edit([edit, leased, gone, strange])).toEqual(Array(4).fill("conflict"));
    expect(await subject.task("a")).toMatchObject({ state: "leased", revision: 2, priority: head.priority });
  });

  test("a raised priority hands a task out first, and among equals it keeps its place", async (subject) => {
    await subject.accept(newTask("a"), newTask("b"), newTask("c"));
    await subject.edit(refOf("c"), { priority: 9 });
    await subject.edit(refOf("b"), { priority: 9 });
    expect((await subject.claim()).map(({ id }) => id)).toEqual(["b", "c", "a"]);
  });

  test("a moved task is handed out by its new queue, counted there, and made there where that is new", async (subject) => {
    await subject.accept(newTask("a"), newTask("later", { notBefore: plus(subject.now, 10) }));
    await subject.edit(refOf("a"), { queue: other });
    await subject.edit(refOf("later"), { queue: other });
    const ref = { namespace: (await subject.task("a")).namespace, queue: other };
    expect((await subject.store.getQueue(ref))?.depth).toMatchObject({ ready: 1, scheduled: 1 });
    expect((await subject.store.getQueue({ ...ref, queue: defaultQueue }))?.depth).toMatchObject({
      ...{ ready: 0, scheduled: 0 },
    });
    expect(await subject.claim()).toEqual([]);
    subject.advance(10);
    await subject.stage();
    expect((await subject.claim({ queues: [other] })).map(({ id, queue }) => [id, queue])).toEqual([
      ["a", other],
      ["later", other],
    ]);
  });

  test(
    "a task is not moved to a queue beyond the limit, and stays whole",
    async (subject) => {
      await subject.accept(newTask("a"));
      const before = await subject.task("a");
      expect(await subject.edit(refOf("a"), { queue: other, priority: 9 })).toEqual({
        refused: "queue_limit",
        max: 1,
      });
      expect(await subject.task("a")).toEqual(before);
      expect(await subject.claim()).toHaveLength(1);
    },
    { limits: { queuesPerNamespaceMax: 1 } },
  );

  test("a postponed task waits for its new time, and one that is hurried is ready at once", async (subject) => {
    await subject.accept(newTask("a"), newTask("b", { notBefore: plus(subject.now, 10_000) }));
    await subject.edit(refOf("a"), { start: plus(subject.now, 100) });
    await subject.edit(refOf("b"), { start: subject.now });
    expect(await subject.task("a")).toMatchObject({
      ...{ state: "scheduled", reason: "delay", notBefore: plus(subject.now, 100) },
    });
    expect(await subject.task("b")).toMatchObject({
      state: "ready",
      reason: undefined,
      notBefore: undefined,
    });
    expect((await subject.claim()).map(({ id }) => id)).toEqual(["b"]);
    subject.advance(99);
    expect(await subject.stage()).toBe(0);
    subject.advance(1);
    expect(await subject.stage()).toBe(1);
    expect((await subject.claimOne()).id).toBe("a");
  });

  test("changed content is handed out, and a repeat of the first submission is still a duplicate", async (subject) => {
    const submitted = newTask("a", { content: bytesOf("as submitted") });
    await subject.accept(submitted);
    await subject.edit(refOf("a"), { content: bytesOf("edited, and longer") });
    expect(await subject.accept(submitted)).toEqual(["duplicate"]);
    expect(await subject.accept({ ...submitted, content: bytesOf("edited, and longer") })).toEqual([
      "exists",
    ]);
    const claimed = await subject.claimOne({ contentBytesMax: 1 });
    expect(Buffer.from(claimed.content).toString()).toBe("edited, and longer");
    await subject.settle(claimed, { kind: "succeeded", result: undefined });
    await subject.store.remove([refOf("a")], subject.now);
    expect(await subject.accept(submitted)).toEqual(["duplicate"]);
  });

  test("a late settlement still counts for a task that was edited, unless it was postponed", async (subject) => {
    await subject.accept(newTask("a"), newTask("b"));
    const [a, b] = await subject.claim();
    if (!a || !b) throw new Error("two leases were expected");
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    await subject.reap();
    await subject.edit(refOf("a"), { queue: other });
    await subject.edit(refOf("b"), { start: plus(subject.now, 100) });
    const success = { kind: "succeeded", result: undefined } as const;
    expect(await subject.settle(a, success)).toEqual({ kind: "applied", state: "succeeded" });
    expect(await subject.settle(b, success)).toMatchObject({ kind: "lost", state: "scheduled" });
  });
}
