import { expect } from "vitest";
import { contentHashOf } from "../../server/src/model/content-hash.ts";
import { limits } from "../../server/src/model/limits.ts";
import { bytesOf, newTask } from "../support/new-task.ts";
import type { Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

const retentionMs = 1000;
const policy = { retentionMs };

/** Ended tasks that are forgotten, and what is remembered of them for a while. */
export function pruneCases({ case: test }: Suite): void {
  test("an ended task is there until its retention is over, and gone afterwards", async (subject) => {
    await succeed(subject, "a");
    subject.advance(retentionMs - 1);
    expect(await subject.store.prune(subject.now, 10)).toBe(0);
    expect((await subject.task("a")).state).toBe("succeeded");
    subject.advance(1);
    expect(await subject.store.prune(subject.now, 10)).toBe(1);
    await expect(subject.task("a")).rejects.toThrow("there is no task a");
    expect((await subject.list()).tasks).toEqual([]);
    expect(await subject.store.prune(subject.now, 10)).toBe(0);
  });

  test("however it ended", async (subject) => {
    await subject.accept(newTask("failed", { policy }), newTask("cancelled", { policy }));
    await subject.settle(await subject.claimOne(), { kind: "rejected", failure: bytesOf("no") });
    await subject.cancel("cancelled");
    subject.advance(retentionMs);
    expect(await subject.store.prune(subject.now, 10)).toBe(2);
  });

  test("a task that has not ended is kept for ever", async (subject) => {
    await subject.accept(newTask("a", { policy }), newTask("b", { policy }));
    await subject.claimOne();
    subject.advance(limits.retentionMsMax);
    expect(await subject.store.prune(subject.now, 10)).toBe(0);
    expect((await subject.list()).tasks).toHaveLength(2);
  });

  test("a removed task's id is remembered for a day: the same is a duplicate, another is refused", async (subject) => {
    await succeed(subject, "a");
    subject.advance(retentionMs);
    await subject.store.prune(subject.now, 10);
    subject.advance(limits.tombstoneMs - 1);
    expect(await subject.store.prune(subject.now, 10)).toBe(0);
    expect(await subject.accept(newTask("a", { policy }))).toEqual(["duplicate"]);
    expect(await subject.accept(newTask("a", { content: bytesOf("other") }))).toEqual(["exists"]);
    expect((await subject.list()).tasks).toEqual([]);
    subject.advance(1);
    expect(await subject.store.prune(subject.now, 10)).toBe(1);
    expect(await subject.accept(newTask("a", { content: bytesOf("other") }))).toEqual(["accepted"]);
    expect((await subject.claimOne()).content).toEqual(bytesOf("other"));
  });

  test("a removed task is remembered by the hash that came with it, too", async (subject) => {
    const tagged = newTask("a", {
      policy,
      tags: ["red"],
      contentHash: contentHashOf(newTask("a", { content: bytesOf("bare") })),
    });
    await subject.accept(tagged);
    await subject.settle(await subject.claimOne(), { kind: "succeeded", result: undefined });
    subject.advance(retentionMs);
    expect(await subject.store.prune(subject.now, 10)).toBe(1);
    expect(await subject.accept(newTask("a", { content: bytesOf("bare") }))).toEqual(["duplicate"]);
    expect(await subject.accept(newTask("a", { content: tagged.content }))).toEqual(["exists"]);
  });

  test("no more rows go than asked for, the longest over first", async (subject) => {
    for (const id of ["a", "b", "c"]) {
      await succeed(subject, id);
      subject.advance(10);
    }
    subject.advance(retentionMs);
    expect(await subject.store.prune(subject.now, 2)).toBe(2);
    expect((await subject.list()).tasks.map(({ id }) => id)).toEqual(["c"]);
    subject.advance(limits.tombstoneMs);
    // Two tombstones are over, and one task.
    expect(await subject.store.prune(subject.now, 2)).toBe(2);
    expect((await subject.list()).tasks).toEqual([]);
    expect(await subject.store.prune(subject.now, 2)).toBe(1);
    expect(await subject.store.prune(subject.now, 2)).toBe(0);
  });

  test("a lease on a removed task is lost", async (subject) => {
    const claimed = await succeed(subject, "a");
    subject.advance(retentionMs);
    await subject.store.prune(subject.now, 10);
    expect(await subject.extend(claimed)).toEqual({ held: false, state: undefined, why: "task_unknown" });
    expect(await subject.settle(claimed, { kind: "succeeded", result: undefined })).toEqual({
      kind: "lost",
      state: undefined,
      why: "task_unknown",
    });
  });
}

async function succeed(subject: Subject, id: string) {
  await subject.accept(newTask(id, { policy }));
  const claimed = await subject.claimOne();
  await subject.settle(claimed, { kind: "succeeded", result: undefined });
  return claimed;
}
