import { describe, expect, test } from "vitest";
import { defaultNamespace, instantOf, plus, queueNameOf, taskIdOf, taskNameOf } from "./ids.ts";
import { defaults, limits } from "./limits.ts";
import type { Outcome } from "./outcome.ts";
import { type TaskHead, type TaskPolicy, type TaskState, taskStates } from "./task.ts";
import {
  decideSettle,
  type LeaseHead,
  type TaskChange,
  type TaskTrigger,
  transition,
} from "./task-machine.ts";

const now = instantOf(1_000_000);
const failure = new TextEncoder().encode("broken");
const cancel = { reason: "not needed", at: now };

const policy: TaskPolicy = {
  maxAttempts: 3,
  maxDeliveries: 5,
  retry: { baseMs: 1000, factor: 2, maxMs: 60_000, jitter: "full" },
  leaseMs: undefined,
  retentionMs: 500,
  deadLetterRetentionMs: 500,
};

const taskIn = (state: TaskState, details: Partial<TaskHead> = {}): TaskHead => ({
  namespace: defaultNamespace,
  id: taskIdOf("a"),
  name: taskNameOf("mail.send"),
  queue: queueNameOf("default"),
  priority: 5,
  policy,
  state,
  reason: undefined,
  revision: 7,
  attempt: 2,
  deliveries: 3,
  fence: { epoch: 1, seq: 1 },
  worker: "worker-1",
  createdAt: now,
  notBefore: undefined,
  startedAt: now,
  leaseUntil: state === "leased" ? now : undefined,
  endedAt: undefined,
  purgeAt: undefined,
  cancel: undefined,
  tags: [],
  replayOf: undefined,
  ties: undefined,
  gate: undefined,
  ...details,
});

/** A change that writes nothing but what it must. */
const nothing = {
  reason: undefined,
  attempt: 2,
  deliveriesDelta: 0,
  notBefore: undefined,
  endedAt: undefined,
  purgeAt: undefined,
  result: undefined,
  failure: undefined,
  cancel: undefined,
  more: undefined,
} as const;
const ended = { ...nothing, endedAt: now, purgeAt: plus(now, 500) };
const cancelled: TaskChange = {
  ...ended,
  state: "cancelled",
  event: "cancelled",
  reason: "cancel_requested",
};

describe("every trigger in every state", () => {
  const ready: TaskChange = { ...nothing, state: "ready", event: "became_ready" };
  const expired: TaskChange = { ...nothing, state: "ready", event: "lease_expired", reason: "lease_expired" };
  const requested: TaskChange = { ...nothing, state: "leased", event: "cancel_requested", cancel };
  const replaced: TaskChange = { ...cancelled, reason: "replaced" };
  const overdue: TaskChange = { ...ended, state: "expired", event: "expired", reason: "start_overdue" };
  const purged: TaskChange = { ...cancelled, reason: "purged" };

  /** What is not in this table means nothing. */
  const table: Readonly<Record<TaskTrigger["kind"], Partial<Record<TaskState, TaskChange>>>> = {
    due: { scheduled: ready },
    lease_expired: { leased: expired },
    cancel: { scheduled: { ...cancelled, cancel }, ready: { ...cancelled, cancel }, leased: requested },
    purge: { scheduled: purged, ready: purged },
    replace: { scheduled: replaced, ready: replaced },
    overdue: { scheduled: overdue, ready: overdue },
  };
  const triggers: readonly TaskTrigger[] = [
    { kind: "due" },
    { kind: "lease_expired" },
    { kind: "cancel", cancel },
    { kind: "purge" },
    { kind: "replace" },
    { kind: "overdue" },
  ];
  const cells = triggers.flatMap((trigger) =>
    taskStates.map((state) => [trigger.kind, state, trigger] as const),
  );

  test.each(cells)("%s when %s", (kind, state, trigger) => {
    expect(transition(taskIn(state), trigger, now)).toEqual(table[kind][state]);
  });
});

describe("a lease that is over", () => {
  const expire = (details: Partial<TaskHead>, neverArrived = false) =>
    transition(taskIn("leased", details), { kind: "lease_expired", neverArrived }, now);

  test("gives the delivery back when its grant never arrived, and then cannot be the last one", () => {
    expect(expire({ deliveries: 5 }, true)).toEqual({
      ...nothing,
      state: "ready",
      event: "lease_expired",
      reason: "lease_expired",
      deliveriesDelta: -1,
    });
    expect(expire({ cancel }, true)?.state).toBe("cancelled");
  });

  test("fails the task when its deliveries are used up, and not before", () => {
    expect(expire({ deliveries: 4 })?.state).toBe("ready");
    for (const deliveries of [5, 6]) {
      expect(expire({ deliveries })).toEqual({
        ...ended,
        state: "failed",
        event: "failed",
        reason: "max_deliveries",
      });
    }
  });

  test("costs no attempt, however many there are left", () => {
    expect(expire({ attempt: 3 })).toMatchObject({ state: "ready", attempt: 3 });
  });

  test("cancels the task when that was asked for, whatever is left", () => {
    expect(expire({ cancel })).toEqual(cancelled);
    expect(expire({ cancel, deliveries: 5 })).toEqual(cancelled);
  });
});

test("asking for a cancel twice keeps the first request", () => {
  const task = taskIn("leased", { cancel });
  const again: TaskTrigger = { kind: "cancel", cancel: { reason: "again", at: plus(now, 1) } };
  expect(transition(task, again, now)).toBeUndefined();
});

describe("every outcome, with and without something left", () => {
  const outcomes = {
    succeeded: { kind: "succeeded", result: failure },
    failed: { kind: "failed", failure, nonRetryable: false },
    failed_for_good: { kind: "failed", failure, nonRetryable: true },
    retry: { kind: "retry", delayMs: undefined, failure },
    retry_at_once: { kind: "retry", delayMs: 0, failure: undefined },
    retry_later: { kind: "retry", delayMs: 70, failure: undefined },
    released: { kind: "released" },
    rejected: { kind: "rejected", failure },
    result_too_large: { kind: "result_too_large", failure },
    unknown_name: { kind: "unknown_name" },
  } as const satisfies Record<string, Outcome>;
  type Name = keyof typeof outcomes;

  const failed = (reason: TaskChange["reason"], withFailure = true): TaskChange => ({
    ...ended,
    state: "failed",
    event: "failed",
    reason,
    failure: withFailure ? failure : undefined,
  });
  const next = { ...nothing, event: "retried", reason: "backoff", attempt: 3 } as const;
  // The second attempt waits up to 2 s; chance is one half.
  const later: TaskChange = { ...next, state: "scheduled", notBefore: plus(now, 1000), failure };
  const renamed: TaskChange = {
    ...nothing,
    state: "scheduled",
    event: "retried",
    reason: "unknown_name",
    notBefore: plus(now, defaults.unknownNameDelayMs),
  };

  /** What an outcome does whatever is left, unless one of the tables below says otherwise. */
  const usual: Readonly<Record<Name, TaskChange>> = {
    succeeded: { ...ended, state: "succeeded", event: "succeeded", result: failure },
    failed: later,
    failed_for_good: failed("non_retryable"),
    retry: later,
    retry_at_once: { ...next, state: "ready" },
    retry_later: { ...next, state: "scheduled", notBefore: plus(now, 70) },
    released: { ...nothing, state: "ready", event: "released", reason: "released", deliveriesDelta: -1 },
    rejected: failed("rejected"),
    result_too_large: failed("result_too_large"),
    unknown_name: renamed,
  };
  const lastAttempt: Partial<Record<Name, TaskChange>> = {
    failed: failed("max_attempts"),
    retry: failed("max_attempts"),
    retry_at_once: failed("max_attempts", false),
    retry_later: failed("max_attempts", false),
  };
  const lastDelivery: Partial<Record<Name, TaskChange>> = {
    failed: failed("max_deliveries"),
    retry: failed("max_deliveries"),
    retry_at_once: failed("max_deliveries", false),
    retry_later: failed("max_deliveries", false),
    unknown_name: failed("max_deliveries", false),
  };

  const someLeft: LeaseHead = { policy, attempt: 2, deliveries: 3, createdAt: now };
  const names = Object.keys(outcomes) as Name[];
  const cells = names.flatMap((name) => [
    [name, "attempts and deliveries are left", someLeft, usual[name]] as const,
    [name, "it was the last attempt", { ...someLeft, attempt: 3 }, lastAttempt[name] ?? usual[name]] as const,
    [
      name,
      "it was the last delivery",
      { ...someLeft, deliveries: 5 },
      lastDelivery[name] ?? usual[name],
    ] as const,
  ]);

  test.each(cells)("%s when %s", (name, _when, lease, expected) => {
    const { outcome } = decideSettle(lease, outcomes[name], now, 0.5);
    // The attempt is written as the lease has it, where the outcome does not begin another.
    expect(outcome).toEqual({
      ...expected,
      attempt: expected.reason === "backoff" ? expected.attempt : lease.attempt,
    });
  });

  test.each(names)("%s when a cancel was requested", (name) => {
    const chosen = outcomes[name];
    const { ifCancelRequested } = decideSettle(someLeft, chosen, now, 0.5);
    const own = "failure" in chosen ? chosen.failure : undefined;
    expect(ifCancelRequested).toEqual(
      name === "succeeded" ? usual.succeeded : { ...cancelled, failure: own },
    );
  });

  test("a delay that was asked for is bounded", () => {
    const asked: Outcome = { kind: "retry", delayMs: Number.MAX_SAFE_INTEGER, failure: undefined };
    expect(decideSettle(someLeft, asked, now, 0.5).outcome.notBefore).toBe(plus(now, limits.delayMsMax));
  });

  test("a back-off that comes out as nothing makes the task ready at once", () => {
    expect(decideSettle(someLeft, outcomes.failed, now, 0).outcome).toEqual({
      ...next,
      state: "ready",
      failure,
    });
  });
});

describe("what a retry policy and a handler have to say", () => {
  const lease: LeaseHead = { policy, attempt: 2, deliveries: 3, createdAt: now };
  const decide = (outcome: Outcome, own: Partial<TaskPolicy> = {}): TaskChange =>
    decideSettle({ ...lease, policy: { ...policy, ...own } }, outcome, now, 0.5).outcome;
  const broken = { kind: "failed", failure, nonRetryable: false } as const;

  test("a failure of a type that is not tried again ends the task", () => {
    const retry = { ...policy.retry, retryFor: ["HttpError"] };
    const types = ["TypeError", "Error"];
    expect(decide({ ...broken, types }, { retry })).toMatchObject({
      state: "failed",
      reason: "non_retryable",
    });
    expect(decide({ ...broken, types: ["NotFound", "HttpError"] }, { retry }).state).toBe("scheduled");
  });

  test("a handler that asks for another attempt gets it, whatever types its policy names", () => {
    const retry = { ...policy.retry, neverFor: ["*"] };
    expect(decide({ kind: "retry", delayMs: 5, failure }, { retry }).state).toBe("scheduled");
  });

  test("the worker's own delay stands in for the policy's, up to the limit", () => {
    expect(decide({ ...broken, delayMs: 5 }).notBefore).toBe(now + 5);
    expect(decide({ ...broken, delayMs: 0 })).toMatchObject({ state: "ready", notBefore: undefined });
    const far = { kind: "retry", delayMs: undefined, failure, notBefore: instantOf(1e15) } as const;
    expect(decide(far).notBefore).toBe(now + limits.delayMsMax);
  });

  test("an instant wins over a delay, and the past means at once", () => {
    const asked = { kind: "retry", delayMs: 5, failure, notBefore: plus(now, 70) } as const;
    expect(decide(asked).notBefore).toBe(now + 70);
    expect(decide({ ...asked, notBefore: plus(now, -1) }).state).toBe("ready");
  });

  test("what the handler changes holds for this decision, and is kept", () => {
    const overrides = {
      maxAttempts: 2,
      timeLimitMs: 9,
      retry: { ...policy.retry, delaysMs: [30], jitter: "none" },
    } as const;
    const asked = { kind: "retry", delayMs: undefined, failure } as const;
    expect(decide({ ...asked, overrides }).state).toBe("failed");
    const longer = { ...overrides, maxAttempts: 10 };
    expect(decide({ ...asked, overrides: longer })).toMatchObject({
      notBefore: now + 30,
      more: { policy: { ...policy, ...longer } },
    });
  });

  test("a task that ends by what the handler changes gives its unique key up all the same", () => {
    const own = { unique: { until: "ended", forMs: 20 } } as const;
    const overrides = { maxAttempts: 2 };
    expect(decide({ kind: "retry", delayMs: undefined, failure, overrides }, own)).toMatchObject({
      state: "failed",
      more: { claimUntil: now + 20, policy: { maxAttempts: 2 } },
    });
  });

  test("an end that links name continues, and no other; a cancel that was requested leaves it there", () => {
    const result = failure;
    const success = { kind: "succeeded", result } as const;
    const continuesAfter = (outcome: Outcome, links: TaskPolicy["links"], more: Partial<TaskPolicy> = {}) =>
      decide(outcome, { links, ...more }).more?.continues;
    expect(continuesAfter(success, "succeeded")).toEqual({ on: "succeeded", unkept: undefined });
    expect(continuesAfter(success, "both", { ignoreResult: true })).toEqual({
      on: "succeeded",
      unkept: result,
    });
    expect(continuesAfter(success, "failed")).toBeUndefined();
    expect(continuesAfter({ ...broken, nonRetryable: true }, "failed")).toEqual({
      on: "failed",
      unkept: undefined,
    });
    expect(continuesAfter({ ...broken, nonRetryable: true }, "succeeded")).toBeUndefined();
    expect(continuesAfter(broken, "both"), "it has another attempt").toBeUndefined();
    const head = { policy: { ...policy, links: "both" as const }, attempt: 1, deliveries: 1, createdAt: now };
    const inSpite = decideSettle(head, success, now, 0).ifCancelRequested;
    expect(inSpite).toMatchObject({ state: "succeeded", result, more: { continues: undefined } });
    expect(decideSettle(head, broken, now, 0).ifCancelRequested.more).toBeUndefined();
  });

  test("what an attempt leaves goes to the next one, and nowhere where there is none", () => {
    const checkpoint = failure;
    expect(decide({ ...broken, checkpoint }).more).toMatchObject({ policy: undefined, checkpoint });
    expect(decide({ kind: "released", checkpoint }).more).toMatchObject({ policy: undefined, checkpoint });
    expect(decide({ ...broken, checkpoint, nonRetryable: true }).more).toBeUndefined();
  });
});

describe("a task that may be started only once", () => {
  const once: LeaseHead = {
    policy: { ...policy, ackEarly: true },
    attempt: 1,
    deliveries: 1,
    createdAt: now,
  };
  const settled = (outcome: Outcome): TaskChange => decideSettle(once, outcome, now, 0.5).outcome;

  test.each<Outcome>([
    { kind: "failed", failure, nonRetryable: false },
    { kind: "retry", delayMs: 0, failure },
    { kind: "released" },
  ])("has no other attempt: $kind", (outcome) => {
    expect(settled(outcome)).toMatchObject({ state: "failed", reason: "at_most_once" });
  });

  test("goes back where its handler has not begun", () => {
    expect(settled({ kind: "released", unstarted: true }).state).toBe("ready");
    expect(settled({ kind: "unknown_name" }).state).toBe("scheduled");
  });

  test("fails when its worker falls silent", () => {
    expect(transition(taskIn("leased", once), { kind: "lease_expired" }, now)).toMatchObject({
      state: "failed",
      reason: "worker_lost",
    });
  });
});

test("a result that nobody wants is not written", () => {
  const lease: LeaseHead = {
    policy: { ...policy, ignoreResult: true },
    attempt: 1,
    deliveries: 1,
    createdAt: now,
  };
  expect(
    decideSettle(lease, { kind: "succeeded", result: failure }, now, 0.5).outcome.result,
  ).toBeUndefined();
});
