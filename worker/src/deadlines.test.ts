import { expect, test } from "vitest";
import { heldLeaseOf } from "../../test/support/held-lease.ts";
import { createManualClock } from "../../test/support/manual-clock.ts";
import { Deadlines } from "./deadlines.ts";
import type { HeldLease } from "./lease.ts";

function setUp() {
  const clock = createManualClock(0);
  const leases = new Set<HeldLease>();
  const due: string[] = [];
  const deadlines = new Deadlines(leases, clock, (lease, now) => {
    due.push(`${lease.grant.taskId} at ${now}`);
    lease.phase = "settling";
  });
  const run = (taskId: string, timeLimitMs: number) => {
    const lease = heldLeaseOf({ taskId, timeLimitMs }, clock.now());
    lease.begin(clock.now());
    leases.add(lease);
    deadlines.watch(lease.dueAt());
    return lease;
  };
  return { clock, leases, due, deadlines, run };
}

test("every lease is dealt with at its own time, on one timer", async () => {
  const { clock, due, run } = setUp();
  run("a", 300);
  run("b", 100);
  run("c", 200);
  expect(clock.timerCount).toBe(1);
  await clock.advance(250);
  expect(due).toEqual(["b at 100", "c at 200"]);
  await clock.advance(50);
  expect(due).toEqual(["b at 100", "c at 200", "a at 300"]);
  expect(clock.timerCount).toBe(0);
});

test("a lease that was confirmed meanwhile is left alone until its new time", async () => {
  const { clock, due, deadlines, leases } = setUp();
  const lease = heldLeaseOf({ taskId: "a" }, 0);
  lease.begin(0);
  leases.add(lease);
  deadlines.watch(lease.dueAt());
  lease.confirm(5000);
  await clock.advance(20_999);
  expect(due).toEqual([]);
  await clock.advance(1);
  expect(due).toEqual(["a at 21000"]);
});

test("a lease that has ended leaves nothing to do", async () => {
  const { clock, due, leases, run } = setUp();
  leases.delete(run("a", 100));
  await clock.advance(1000);
  expect(due).toEqual([]);
  expect(clock.timerCount).toBe(0);
});

test("after closing, nothing is due any more", async () => {
  const { clock, due, deadlines, run } = setUp();
  run("a", 100);
  deadlines.close();
  run("b", 50);
  await clock.advance(1000);
  expect(due).toEqual([]);
});
