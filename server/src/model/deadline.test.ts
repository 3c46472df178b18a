import { describe, expect, test } from "vitest";
import { defaultNamespace, instantOf, plus, queueNameOf, taskIdOf, taskNameOf } from "./ids.ts";
import { defaults } from "./limits.ts";
import type { Outcome } from "./outcome.ts";
import { usualRetryPolicy } from "./retry.ts";
import type { TaskHead, TaskPolicy, TaskState } from "./task.ts";
import { decideSettle, type TaskChange, transition } from "./task-machine.ts";

const now = instantOf(1_000_000);
const failure = new TextEncoder().encode("broken");
const broken = { kind: "failed", failure, nonRetryable: false, delayMs: 50 } as const;

/** A task that was accepted 100 ms ago. */
const task = (state: TaskState, own: Partial<TaskPolicy>): TaskHead => ({
  namespace: defaultNamespace,
  id: taskIdOf("a"),
  name: taskNameOf("mail.send"),
  queue: queueNameOf("default"),
  priority: 5,
  policy: {
    maxAttempts: 3,
    maxDeliveries: 5,
    retry: usualRetryPolicy(defaults),
    leaseMs: undefined,
    retentionMs: 500,
    deadLetterRetentionMs: defaults.deadLetterRetentionMs,
    ...own,
  },
  state,
  reason: undefined,
  revision: 7,
  attempt: 2,
  deliveries: 3,
  fence: { epoch: 1, seq: 1 },
  worker: "worker-1",
  createdAt: plus(now, -100),
  notBefore: undefined,
  startedAt: now,
  leaseUntil: undefined,
  endedAt: undefined,
  purgeAt: undefined,
  cancel: undefined,
  tags: [],
  replayOf: undefined,
  ties: undefined,
  gate: undefined,
});

const settled = (own: Partial<TaskPolicy>, outcome: Outcome): TaskChange =>
  decideSettle(task("leased", own), outcome, now, 0.5).outcome;

describe("deadlines", () => {
  test("another attempt that could only begin when it is too late is none, and its failure is kept", () => {
    expect(settled({ expireMs: 150 }, broken)).toMatchObject({
      state: "expired",
      reason: undefined,
      event: "expired",
      endedAt: now,
      purgeAt: plus(now, 500),
      notBefore: undefined,
      failure,
    });
    expect(settled({ expireMs: 151 }, broken)).toMatchObject({
      state: "scheduled",
      more: { waitUntil: now + 51 },
    });
  });

  test("a task that runs may come to its end, however late", () => {
    expect(settled({ expireMs: 1 }, { kind: "succeeded", result: failure }).state).toBe("succeeded");
    expect(settled({ expireMs: 1 }, { kind: "released" }).state).toBe("expired");
    const over = transition(task("leased", { expireMs: 1 }), { kind: "lease_expired" }, now);
    expect(over?.state).toBe("expired");
  });

  test("the time to be taken in begins anew whenever a task becomes ready", () => {
    const own = { startWithinMs: 70, expireMs: 1000 };
    expect(settled(own, { kind: "released" }).more?.waitUntil).toBe(now + 70);
    expect(transition(task("scheduled", own), { kind: "due" }, now)?.more?.waitUntil).toBe(now + 70);
    expect(settled(own, broken).more?.waitUntil, "while it is scheduled only its expiry counts").toBe(
      now + 900,
    );
    expect(settled({ startWithinMs: 70 }, broken).more?.waitUntil, "an earlier time is over").toBe(
      Number.MAX_SAFE_INTEGER,
    );
  });

  test("an overdue task says whether its expiry had come, or nobody took it", () => {
    const overdue = (own: Partial<TaskPolicy>) =>
      transition(task("ready", own), { kind: "overdue" }, now)?.reason;
    expect(overdue({ startWithinMs: 1, expireMs: 100 })).toBeUndefined();
    expect(overdue({ startWithinMs: 1, expireMs: 101 })).toBe("start_overdue");
  });
});
