import { expect } from "vitest";
import { limits } from "../../server/src/model/limits.ts";
import type { CheckpointVerdict } from "../../server/src/ports/checkpoint-store.ts";
import type { Claimed } from "../../server/src/ports/task-store.ts";
import { bytesOf, newTask } from "../support/new-task.ts";
import { lease, leaseRef, only, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

/** What attempts leave for their successors. */
export function checkpointCases({ case: test, declared }: Suite): void {
  test("what an attempt saved is found by the next one, and only by it", async (subject) => {
    await subject.accept(newTask("a"), newTask("b"));
    const first = await subject.claimOne();
    expect(await save(subject, first, "one")).toBe("saved");
    expect(await save(subject, first, "two")).toBe("saved");
    await subject.settle(first, { kind: "retry", delayMs: 0, failure: undefined });
    const again = await subject.claim();
    expect(again.map(({ id, checkpoint }) => [id, textOf(checkpoint)])).toEqual([
      ["a", "two"],
      ["b", undefined],
    ]);
  });

  test("a lost worker's successor finds what it saved", async (subject) => {
    await subject.accept(newTask("a"));
    await save(subject, await subject.claimOne(), "half");
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    await subject.reap();
    expect(textOf((await subject.claimOne()).checkpoint)).toBe("half");
  });

  test("a settlement after which the task goes on leaves a checkpoint with it", async (subject) => {
    await subject.accept(newTask("a"));
    const failure = bytesOf("broken");
    await subject.settle(await subject.claimOne(), { kind: "released", checkpoint: bytesOf("1") });
    const second = await subject.claimOne();
    expect(textOf(second.checkpoint)).toBe("1");
    await subject.settle(second, { kind: "retry", delayMs: 0, failure, checkpoint: bytesOf("2") });
    const third = await subject.claimOne();
    expect(textOf(third.checkpoint)).toBe("2");
    await subject.settle(third, {
      kind: "failed",
      failure,
      nonRetryable: false,
      delayMs: 0,
      checkpoint: bytesOf("3"),
    });
    expect(textOf((await subject.claimOne()).checkpoint)).toBe("3");
  });

  test("a lease that is over leaves nothing", async (subject) => {
    await subject.accept(newTask("a"));
    const first = await subject.claimOne();
    subject.advance(lease.leaseMs + lease.graceMs + 1);
    await subject.reap();
    expect(await save(subject, first, "late, and nobody else has it"), "as for a settlement").toBe("saved");
    const second = await subject.claimOne();
    expect(await save(subject, first, "late")).toBe("superseded");
    await subject.settle(second, { kind: "succeeded", result: undefined });
    expect(await save(subject, second, "done")).toBe("settled");
    await subject.accept(newTask("b"));
    const cancelled = await subject.claimOne();
    await subject.cancel("b");
    await subject.settle(cancelled, { kind: "released" });
    expect(await save(subject, cancelled, "stopped")).toBe("settled");
  });

  test("saving is no transition: no event, no revision", async (subject) => {
    await subject.accept(newTask("a"));
    const claimed = await subject.claimOne();
    const before = await subject.task("a");
    await save(subject, claimed, "half");
    expect(await subject.task("a")).toEqual(before);
    expect(await subject.eventsOf("a")).toHaveLength(before.revision);
  });

  test("a claim counts what was left as part of what it takes", async (subject) => {
    await subject.accept(newTask("a"), newTask("b"));
    const [a, b] = await subject.claim();
    if (!a || !b) throw new Error("two tasks were expected");
    await save(subject, a, "x".repeat(500));
    for (const each of [a, b]) await subject.settle(each, { kind: "released" });
    expect(await subject.claim({ contentBytesMax: 400 }), "the first in any case").toHaveLength(1);
    expect(await subject.claim({ contentBytesMax: 400 })).toHaveLength(1);
  });

  test("it goes with its task", async (subject) => {
    await subject.accept(newTask("a", { policy: { retentionMs: 0 } }));
    const claimed = await subject.claimOne();
    await save(subject, claimed, "half");
    await subject.settle(claimed, { kind: "succeeded", result: undefined });
    expect(await subject.store.prune(subject.now, 10)).toBe(1);
    subject.advance(limits.tombstoneMs);
    await subject.store.prune(subject.now, 10);
    await subject.accept(newTask("a"));
    await subject.settle(await subject.claimOne(), { kind: "released" });
    expect((await subject.claimOne()).checkpoint).toBeUndefined();
  });

  test("what a handler changes for later attempts is kept with the task", async (subject) => {
    const retry = { baseMs: 1, factor: 1, maxMs: 1, jitter: "none", delaysMs: [7], neverFor: ["X"] } as const;
    const overrides = { retry, maxAttempts: 9, timeLimitMs: 50 };
    await subject.accept(newTask("a"), newTask("b"));
    const first = await subject.claimOne();
    await subject.settle(first, { kind: "retry", delayMs: 0, failure: undefined, overrides });
    const second = await subject.claimOne();
    expect(second.policy).toEqual({ ...first.policy, ...overrides });
    await subject.settle(second, { kind: "released" });
    expect((await subject.task("a")).policy).toEqual(second.policy);
    expect((await subject.task("b")).policy).toEqual(first.policy);
  });

  if (declared.model.canReopen)
    test("what was saved outlives the store's closing", async (subject) => {
      await subject.accept(newTask("a"));
      const claimed = await subject.claimOne();
      await save(subject, claimed, "half");
      await subject.reopen();
      subject.advance(lease.leaseMs + lease.graceMs + 1);
      await subject.reap();
      expect(textOf((await subject.claimOne()).checkpoint)).toBe("half");
    });
}

async function save(subject: Subject, claimed: Claimed, text: string): Promise<CheckpointVerdict> {
  return only(
    await subject.store.saveCheckpoints([{ ...leaseRef(claimed), data: bytesOf(text), now: subject.now }]),
  );
}

const textOf = (data: Uint8Array | undefined): string | undefined => data && Buffer.from(data).toString();
