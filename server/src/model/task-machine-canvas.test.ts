import { expect, test } from "vitest";
import type { Growth, NewBarrier } from "./canvas.ts";
import { barrierIdOf, canvasIdOf, instantOf, partIdOf } from "./ids.ts";
import type { Outcome } from "./outcome.ts";
import type { TaskPolicy } from "./task.ts";
import { decideSettle, type LeaseHead } from "./task-machine.ts";

const now = instantOf(1_000_000);
const bytes = new TextEncoder().encode("data");

const lease = (member: TaskPolicy["member"], attempt = 1): LeaseHead => ({
  policy: {
    ...{ maxAttempts: 3, maxDeliveries: 5, leaseMs: undefined, retentionMs: 500, deadLetterRetentionMs: 500 },
    retry: { baseMs: 1000, factor: 2, maxMs: 60_000, jitter: "none" },
    member,
  },
  ...{ attempt, deliveries: attempt, createdAt: now },
});
const settled = (head: LeaseHead, outcome: Outcome) => decideSettle(head, outcome, now, 0);

const barrier: NewBarrier = {
  ...{ id: barrierIdOf("r"), shape: "one", onMemberFailure: "wait", size: 1, isSealed: true },
  ...{ callbacks: [], next: undefined },
  place: { canvas: canvasIdOf("c"), barrier: barrierIdOf("b"), index: 0, reports: "end" },
};
const growth: Growth = {
  ...{ contentHash: "h", members: undefined, parts: [] },
  replacement: { id: partIdOf("p"), barriers: [barrier], tasks: [] },
};
const replaced: Outcome = { kind: "replaced", growth };
const success: Outcome = { kind: "succeeded", result: bytes };
const again: Outcome = { kind: "failed", failure: bytes, nonRetryable: false };

test("a canvas hears of every end of a task of it", () => {
  expect(settled(lease("ends"), success).outcome.more?.continues).toEqual({
    on: "succeeded",
    unkept: undefined,
  });
  expect(settled(lease("ends"), { kind: "rejected", failure: bytes }).outcome.more?.continues).toMatchObject({
    on: "failed",
  });
  expect(settled(lease("ends"), again).ifCancelRequested.more?.continues).toMatchObject({ on: "cancelled" });
  expect(settled(lease("ends"), again).outcome.more).toBeUndefined();
});

test("a success in spite of a cancel is told as the last of its kind, and adds nothing", () => {
  const { ifCancelRequested } = settled(lease("ends"), { ...success, growth });
  expect(ifCancelRequested).toMatchObject({ state: "succeeded", result: bytes });
  expect(ifCancelRequested.more).toMatchObject({
    continues: { on: "succeeded", isLast: true },
    grows: undefined,
  });
});

test("a success adds what it says to its canvas, and is told", () => {
  expect(settled(lease("ends"), { ...success, growth }).outcome.more).toMatchObject({
    continues: { on: "succeeded" },
    grows: growth,
  });
});

test("a task that others stand in for has succeeded, and its canvas does not hear so", () => {
  const { outcome, ifCancelRequested } = settled(lease("ends"), replaced);
  expect(outcome).toMatchObject({ state: "succeeded", reason: "replaced", result: undefined });
  expect(outcome.more).toMatchObject({ continues: undefined, grows: growth });
  expect(ifCancelRequested).toMatchObject({ state: "cancelled", more: { grows: undefined } });
});

test("the end of a first attempt is told once, where somebody wants to know", () => {
  expect(settled(lease("attempts"), again).outcome.more?.continues).toEqual({
    on: "attempted",
    unkept: undefined,
  });
  expect(settled(lease("attempts", 2), again).outcome.more?.continues).toBeUndefined();
  expect(settled(lease("attempts"), { kind: "released" }).outcome.more).toBeUndefined();
  expect(settled(lease("attempts"), success).outcome.more?.continues).toMatchObject({ on: "succeeded" });
});

test("what stands in for a task has been tried as that was", () => {
  const first = settled(lease("attempts"), replaced).outcome.more;
  expect(first?.continues).toMatchObject({ on: "attempted" });
  const second = settled(lease("attempts", 2), replaced).outcome.more;
  expect(second?.continues).toBeUndefined();
  for (const more of [first, second])
    expect(more?.grows?.replacement?.barriers[0]?.place).toEqual({ ...barrier.place, isTried: true });
});
