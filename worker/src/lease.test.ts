import { expect, test, vi } from "vitest";
import { heldLeaseOf } from "../../test/support/held-lease.ts";
import { LeaseLost, TaskCancelled, TimeLimitExceeded, WorkerStopping } from "./errors.ts";

test("a lease is to be stopped at 80 % of its length, or of its own, from where it is counted", () => {
  expect(heldLeaseOf({}, 500).stopAt).toBe(16_500);
  expect(heldLeaseOf({ leaseMs: 5000 }, 500).stopAt).toBe(4500);
});

test("each confirmation counts anew; an extension may be of another length, and outlasts shorter confirmations", () => {
  const lease = heldLeaseOf({}, 0);
  lease.confirm(5000);
  expect(lease.stopAt).toBe(21_000);
  lease.extend(6000, 100_000);
  expect(lease.stopAt).toBe(86_000);
  lease.confirm(10_000);
  expect(lease.stopAt).toBe(86_000);
  lease.extend(10_000, 1000);
  expect(lease.stopAt).toBe(10_800);
});

test("while it waits for a slot, it is due when it should have begun", () => {
  expect(heldLeaseOf({}, 500).dueAt()).toBe(1500);
  expect(heldLeaseOf({ leaseMs: 1000 }, 500).dueAt()).toBe(1300);
});

test("while it runs, it is due at its time limit or for want of an answer, whichever is first", () => {
  const lease = heldLeaseOf({ timeLimitMs: 3000 });
  lease.begin(400);
  expect(lease.dueAt()).toBe(3400);
  const long = heldLeaseOf({ timeLimitMs: 60_000 });
  long.begin(400);
  expect(long.dueAt()).toBe(16_000);
  const free = heldLeaseOf();
  free.begin(400);
  expect(free.dueAt()).toBe(16_000);
});

test("once told to stop it is due no more, but for the grace after its time limit", () => {
  const lease = heldLeaseOf();
  lease.begin(0);
  lease.abort(new TaskCancelled(""));
  expect(lease.dueAt()).toBe(Number.POSITIVE_INFINITY);
  const late = heldLeaseOf({ timeLimitMs: 10 });
  late.begin(0);
  late.abort(new TimeLimitExceeded(10));
  late.limitAt = 5010;
  expect(late.dueAt()).toBe(5010);
  late.phase = "settling";
  expect(late.dueAt()).toBe(Number.POSITIVE_INFINITY);
});

test("the signal aborts with the first reason, also where it is looked at only afterwards", () => {
  const lease = heldLeaseOf();
  const onAbort = vi.fn();
  lease.signal.addEventListener("abort", onAbort);
  const cancelled = new TaskCancelled("enough");
  lease.abort(cancelled);
  lease.abort(new WorkerStopping());
  expect(onAbort).toHaveBeenCalledOnce();
  expect(lease.signal.reason).toBe(cancelled);
  const late = heldLeaseOf();
  late.abort(cancelled);
  expect(late.signal.reason).toBe(cancelled);
});

test("a lost lease outranks every other reason to stop", () => {
  const lease = heldLeaseOf();
  lease.abort(new TaskCancelled(""));
  lease.abort(new LeaseLost(false));
  expect(lease.stop).toBeInstanceOf(TaskCancelled);
  const lost = new LeaseLost(true);
  lease.abort(lost);
  expect(lease.stop).toBe(lost);
});

test("its soft time limit is due once, before all else, and stops nothing", () => {
  const lease = heldLeaseOf({ timeLimitMs: 9000, softTimeLimitMs: 3000 });
  lease.begin(400);
  expect(lease.dueAt()).toBe(3400);
  lease.warn();
  expect(lease.dueAt()).toBe(9400);
  expect(lease.softSignal.reason).toMatchObject({ name: "SoftTimeLimitExceeded", softTimeLimitMs: 3000 });
  expect(lease.stop).toBeUndefined();
});
