import { expect } from "vitest";
import { limits } from "../../server/src/model/limits.ts";
import { bytesOf, newTask } from "../support/new-task.ts";
import type { Suite } from "./suite.ts";

const retry = { baseMs: 1000, factor: 2, maxMs: 10_000, jitter: "none" } as const;

/** What each outcome makes of the task. */
export function outcomeCases({ case: test }: Suite): void {
  test("a failed attempt is tried again after its back-off, and costs an attempt", async (subject) => {
    await subject.accept(newTask("a", { policy: { retry } }));
    const outcome = { kind: "failed", failure: bytesOf("first"), nonRetryable: false } as const;
    expect(await subject.settle(await subject.claimOne(), outcome)).toEqual({
      kind: "applied",
      state: "scheduled",
    });
    expect(await subject.task("a")).toMatchObject({
      state: "scheduled",
      reason: "backoff",
      attempt: 2,
      deliveries: 1,
      notBefore: subject.now + 1000,
      failure: bytesOf("first"),
      endedAt: undefined,
    });
    subject.advance(1000);
    expect(await subject.stage()).toBe(1);
    expect(await subject.claimOne()).toMatchObject({ id: "a", attempt: 2, deliveries: 2 });
    expect((await subject.task("a")).failure).toEqual(bytesOf("first"));
  });

  test("the last attempt's failure is the task's end", async (subject) => {
    await subject.accept(newTask("a", { policy: { maxAttempts: 2, retry } }));
    const attempt = async (failure: string) =>
      subject.settle(await subject.claimOne(), {
        kind: "failed",
        failure: bytesOf(failure),
        nonRetryable: false,
      });
    await attempt("first");
    subject.advance(1000);
    await subject.stage();
    expect(await attempt("second")).toEqual({ kind: "applied", state: "failed" });
    expect(await subject.task("a")).toMatchObject({
      reason: "max_attempts",
      attempt: 2,
      failure: bytesOf("second"),
      endedAt: subject.now,
    });
    subject.advance(retry.maxMs);
    expect(await subject.stage()).toBe(0);
    expect(await subject.claim()).toEqual([]);
  });

  test("a retry that is asked for comes when it was asked for", async (subject) => {
    await subject.accept(newTask("soon"), newTask("later"));
    const [soon, later] = await subject.claim();
    if (!soon || !later) throw new Error("two leases were expected");
    const asked = { kind: "retry", failure: undefined } as const;
    expect(await subject.settle(soon, { ...asked, delayMs: 0 })).toEqual({ kind: "applied", state: "ready" });
    await subject.settle(later, { ...asked, delayMs: limits.delayMsMax + 1 });
    expect(await subject.task("soon")).toMatchObject({ state: "ready", reason: "backoff", attempt: 2 });
    expect((await subject.task("later")).notBefore).toBe(subject.now + limits.delayMsMax);
    expect(await subject.claimOne()).toMatchObject({ id: "soon", attempt: 2, deliveries: 2 });
  });

  test("a task given back is free of charge, in its old place, and at once", async (subject) => {
    await subject.accept(newTask("a"), newTask("b"));
    const claimed = await subject.claimOne();
    await subject.settle(claimed, { kind: "released" });
    expect(await subject.task("a")).toMatchObject({
      state: "ready",
      reason: "released",
      attempt: 1,
      deliveries: 0,
      leaseUntil: undefined,
    });
    expect(await subject.claimOne()).toMatchObject({ id: "a", attempt: 1, deliveries: 1 });
  });

  test("a task that nobody may try again fails at once", async (subject) => {
    const endings = {
      non_retryable: { kind: "failed", failure: bytesOf("no"), nonRetryable: true },
      rejected: { kind: "rejected", failure: bytesOf("no") },
      result_too_large: { kind: "result_too_large", failure: bytesOf("no") },
    } as const;
    for (const [reason, outcome] of Object.entries(endings)) {
      await subject.accept(newTask(reason));
      await subject.settle(await subject.claimOne(), outcome);
      expect(await subject.task(reason)).toMatchObject({
        state: "failed",
        reason,
        attempt: 1,
        failure: bytesOf("no"),
        endedAt: subject.now,
      });
    }
  });

  test("a task whose name the worker does not know waits for another worker, at the cost of a delivery", async (subject) => {
    await subject.accept(newTask("a", { policy: { maxDeliveries: 2 } }));
    await subject.settle(await subject.claimOne(), { kind: "unknown_name" });
    const { notBefore } = await subject.task("a");
    expect(await subject.task("a")).toMatchObject({ state: "scheduled", reason: "unknown_name", attempt: 1 });
    subject.advance((notBefore ?? 0) - subject.now);
    await subject.stage();
    await subject.settle(await subject.claimOne(), { kind: "unknown_name" });
    expect(await subject.task("a")).toMatchObject({
      state: "failed",
      reason: "max_deliveries",
      deliveries: 2,
    });
  });

  test("a result takes the place of nothing, and an earlier attempt's failure is kept beside it", async (subject) => {
    await subject.accept(newTask("a"));
    await subject.settle(await subject.claimOne(), { kind: "retry", delayMs: 0, failure: bytesOf("first") });
    await subject.settle(await subject.claimOne(), { kind: "succeeded", result: bytesOf("") });
    expect(await subject.task("a")).toMatchObject({ result: bytesOf(""), failure: bytesOf("first") });
  });

  test("the record is kept as long as the task asks for", async (subject) => {
    await subject.accept(newTask("a", { policy: { retentionMs: 5000 } }));
    await subject.settle(await subject.claimOne(), { kind: "succeeded", result: undefined });
    expect((await subject.task("a")).purgeAt).toBe(subject.now + 5000);
  });
}
