import { expect } from "vitest";
import { taskNameOf } from "../../server/src/model/ids.ts";
import type { KeepNewest } from "../../server/src/model/retention.ts";
import { bytesOf, newTask, type TaskDetails } from "../support/new-task.ts";
import { refOf, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

/** What is kept of ended tasks, beyond their time. */
export function retentionCases({ case: test }: Suite): void {
  test("of a bounded name the newest are kept: those that ended first go, and are remembered by their ids", async (subject) => {
    await subject.accept(...["a", "b", "c", "d"].map((id) => bounded(id, { count: 2 })));
    for (const id of ["c", "a", "d", "b"]) await end(subject, id);
    expect(await subject.store.pruneOverfull(subject.now, 10)).toBe(2);
    expect(await ids(subject)).toEqual(["b", "d"]);
    expect(await subject.accept(bounded("a", { count: 2 }))).toEqual(["duplicate"]);
    expect(await subject.accept(bounded("c", { count: 1 }))).toEqual(["exists"]);
    expect(await subject.store.pruneOverfull(subject.now, 10)).toBe(0);
    const queue = await subject.store.getQueue({ ...refOf("a"), queue: bounded("a", {}).queue });
    expect(queue?.depth.cancelled).toBe(2);
  });

  test("a bound in bytes is one on results and failures together", async (subject) => {
    const bound = { bytes: 10 };
    for (const [id, size] of [
      ["a", 4],
      ["b", 6],
      ["c", 4],
    ] as const)
      await succeed(subject, bounded(id, bound), size);
    expect(await subject.store.pruneOverfull(subject.now, 10)).toBe(1);
    expect(await ids(subject)).toEqual(["b", "c"]);
    await succeed(subject, bounded("d", bound), 11);
    expect(await subject.store.pruneOverfull(subject.now, 10), "alone beyond the bound").toBe(3);
    await succeed(subject, bounded("e", bound), 0);
    await failThenCancel(subject, "f", bound);
    expect(await subject.store.pruneOverfull(subject.now, 10), "a failure of eleven bytes").toBe(2);
    expect(await ids(subject)).toEqual([]);
  });

  test("zero keeps none, or none that has anything to show", async (subject) => {
    await succeed(subject, bounded("a", { bytes: 0 }), 0);
    expect(await subject.store.pruneOverfull(subject.now, 10)).toBe(0);
    await succeed(subject, bounded("b", { bytes: 0 }), 1);
    expect(await subject.store.pruneOverfull(subject.now, 10)).toBe(2);
    await succeed(subject, bounded("c", { count: 0 }), 1);
    expect(await subject.store.pruneOverfull(subject.now, 10)).toBe(1);
    expect(await ids(subject)).toEqual([]);
  });

  test("dead letters, other names and tasks without a bound neither count nor go", async (subject) => {
    const other = { name: taskNameOf("other") };
    await subject.accept(bounded("old", { count: 1 }), bounded("else", { count: 1 }, other), newTask("free"));
    await end(subject, "old");
    await end(subject, "else");
    await end(subject, "free");
    await fail(subject, bounded("letter", { count: 1 }));
    expect(await subject.store.pruneOverfull(subject.now, 10)).toBe(0);
    await subject.accept(bounded("new", { count: 1 }));
    await end(subject, "new");
    expect(await subject.store.pruneOverfull(subject.now, 10)).toBe(1);
    expect(await ids(subject)).toEqual(["else", "free", "letter", "new"]);
  });

  test("the bound of the one that ended last is in force for all of its name", async (subject) => {
    for (const id of ["a", "b", "c"]) await succeed(subject, bounded(id, { count: 5 }), 1);
    expect(await subject.store.pruneOverfull(subject.now, 10)).toBe(0);
    await succeed(subject, bounded("d", { count: 2 }), 1);
    expect(await subject.store.pruneOverfull(subject.now, 10)).toBe(2);
    await succeed(subject, bounded("e", { bytes: 100 }), 1);
    await succeed(subject, bounded("f", { bytes: 100 }), 1);
    expect(await subject.store.pruneOverfull(subject.now, 10)).toBe(0);
    expect(await ids(subject)).toEqual(["c", "d", "e", "f"]);
  });

  test("no more go at once than asked for, over all names", async (subject) => {
    for (const id of ["a", "b", "c", "d"])
      await succeed(subject, bounded(id, { count: 1 }, { name: taskNameOf(id < "c" ? "one" : "two") }), 1);
    for (const id of ["e", "f"])
      await succeed(subject, bounded(id, { count: 0 }, { name: taskNameOf("one") }), 1);
    expect(await subject.store.pruneOverfull(subject.now, 3)).toBe(3);
    expect(await subject.store.pruneOverfull(subject.now, 3)).toBe(2);
    expect(await ids(subject)).toEqual(["d"]);
  });

  test("what went because of its time, or by an operator, counts no more", async (subject) => {
    const bound = { count: 2 };
    await succeed(subject, bounded("a", bound, { policy: { retentionMs: 10, keepNewest: bound } }), 1);
    await succeed(subject, bounded("b", bound), 1);
    await succeed(subject, bounded("c", bound), 1);
    await subject.store.remove([refOf("b")], subject.now);
    subject.advance(10);
    await subject.store.prune(subject.now, 10);
    await succeed(subject, bounded("d", bound), 1);
    expect(await subject.store.pruneOverfull(subject.now, 10)).toBe(0);
    expect(await ids(subject)).toEqual(["c", "d"]);
  });

  test("the time of an ended task can be set anew, sooner and later, and then that alone counts", async (subject) => {
    const bound = { count: 0 };
    for (const id of ["a", "b", "c"]) await succeed(subject, bounded(id, bound), 1);
    const { revision } = await subject.task("a");
    const later = subject.now + 1_000_000_000;
    expect(await subject.store.setRetention(refOf("a"), later as typeof subject.now)).toBe("set");
    expect(await subject.store.setRetention(refOf("b"), subject.now)).toBe("set");
    expect(await subject.task("a")).toMatchObject({ purgeAt: later, revision, state: "succeeded" });
    expect(await subject.store.pruneOverfull(subject.now, 10)).toBe(1);
    expect(await ids(subject)).toEqual(["a", "b"]);
    expect(await subject.store.prune(subject.now, 10)).toBe(1);
    subject.advance(999_999_999);
    await subject.store.prune(subject.now, 10);
    expect(await ids(subject)).toEqual(["a"]);
    subject.advance(1);
    await subject.store.prune(subject.now, 10);
    expect(await ids(subject)).toEqual([]);
  });

  test("a task that lives, and one that is not there, are said", async (subject) => {
    await subject.accept(newTask("a"));
    expect(await subject.store.setRetention(refOf("a"), subject.now)).toBe("live");
    await subject.claimOne();
    expect(await subject.store.setRetention(refOf("a"), subject.now)).toBe("live");
    expect(await subject.store.setRetention(refOf("b"), subject.now)).toBe("unknown");
  });
}

const bounded = (id: string, keepNewest: KeepNewest, details: TaskDetails = {}) =>
  newTask(id, { policy: { keepNewest }, contentHash: JSON.stringify([id, keepNewest]), ...details });

async function end(subject: Subject, id: string): Promise<void> {
  expect(await subject.cancel(id)).toBe("applied");
  subject.advance(1);
}

async function succeed(subject: Subject, task: ReturnType<typeof newTask>, size: number): Promise<void> {
  await subject.accept(task);
  const result = size === 0 ? undefined : bytesOf("x".repeat(size));
  await subject.settle(await subject.claimOne(), { kind: "succeeded", result });
  subject.advance(1);
}

async function fail(subject: Subject, task: ReturnType<typeof newTask>): Promise<void> {
  await subject.accept(task);
  const failed = { kind: "failed", failure: bytesOf("no"), nonRetryable: true } as const;
  await subject.settle(await subject.claimOne(), failed);
}

/** Fails once, and is cancelled while it waits for another attempt: its failure stays. */
async function failThenCancel(subject: Subject, id: string, bound: KeepNewest): Promise<void> {
  await subject.accept(bounded(id, bound));
  const failed = { kind: "failed", failure: bytesOf("x".repeat(11)), nonRetryable: false } as const;
  await subject.settle(await subject.claimOne(), failed);
  await end(subject, id);
}

const ids = async (subject: Subject): Promise<string[]> =>
  (await subject.list()).tasks.map(({ id }): string => id).sort();
