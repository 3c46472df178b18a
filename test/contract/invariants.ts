import { expect } from "vitest";
import type { TaskEvent } from "../../server/src/model/event.ts";
import type { Queue } from "../../server/src/model/queue.ts";
import { isTerminal, type Task, taskStates } from "../../server/src/model/task.ts";
import type { Side } from "./side.ts";

/** What is true of a store at any moment, whatever was done to it. */
export async function expectInvariants({ subject, namespace, leases }: Side): Promise<void> {
  const { tasks } = await subject.list({ namespace });
  const { events } = await subject.store.readEvents(undefined, 100_000);
  // A task that was removed and accepted anew begins a new life: only the last one is still to be read.
  const lives = Map.groupBy(events, ({ taskId }) => taskId);
  for (const task of tasks) {
    const all = lives.get(task.id) ?? [];
    expectOneLife(task, all.slice(all.findLastIndex(({ kind }) => kind === "accepted")));
  }
  for (const queue of await subject.store.listQueues(namespace, undefined, 100)) expectDepths(queue, tasks);
  expectRisingFences(leases);
  expectOneHolderAKey(tasks);
}

/** While a task lives that claims its key until its end, no other one with the key does. */
function expectOneHolderAKey(tasks: readonly Task[]): void {
  const keys = tasks.flatMap(({ state, policy, claim }) =>
    policy.unique?.until === "ended" && !isTerminal(state) && claim ? claim.key : [],
  );
  expect(keys).toEqual([...new Set(keys)]);
}

function expectOneLife(task: Task, life: readonly TaskEvent[]): void {
  expect(life.map(({ revision }) => revision)).toEqual(
    Array.from({ length: task.revision }, (_, i) => i + 1),
  );
  const ends = life.filter(
    ({ kind }) => kind === "succeeded" || kind === "failed" || kind === "cancelled" || kind === "expired",
  );
  expect(ends.map(({ revision }) => revision)).toEqual(isTerminal(task.state) ? [task.revision] : []);
  const count = (kind: TaskEvent["kind"]) => life.filter((event) => event.kind === kind).length;
  expect(task.deliveries).toBe(count("leased") - count("released"));
  expect(task.attempt).toBe(
    1 + life.filter(({ kind, reason }) => kind === "retried" && reason === "backoff").length,
  );
  expect(task.attempt).toBeLessThanOrEqual(task.policy.maxAttempts);
  expect(task.deliveries).toBeLessThanOrEqual(task.policy.maxDeliveries);
  expect(task.leaseUntil !== undefined).toBe(task.state === "leased");
  expect(task.endedAt !== undefined && task.purgeAt !== undefined).toBe(isTerminal(task.state));
}

function expectDepths({ name, depth, oldestReadyAt }: Queue, tasks: readonly Task[]): void {
  const own = tasks.filter(({ queue }) => queue === name);
  for (const state of taskStates) {
    expect(depth[state]).toBe(own.filter((task) => task.state === state).length);
  }
  const ready = own.filter(({ state }) => state === "ready").map(({ createdAt }) => createdAt);
  expect(oldestReadyAt).toBe(ready.length === 0 ? undefined : Math.min(...ready));
}

function expectRisingFences(leases: Side["leases"]): void {
  for (const ofOne of Map.groupBy(leases, ({ id }) => id).values()) {
    for (const [i, { fence }] of ofOne.entries()) {
      const before = ofOne[i - 1]?.fence ?? { epoch: 0, seq: 0 };
      expect(fence.epoch > before.epoch || (fence.epoch === before.epoch && fence.seq > before.seq)).toBe(
        true,
      );
    }
  }
}
