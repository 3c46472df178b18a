import fc from "fast-check";
import { expect, test } from "vitest";
import { isSatisfied, type LimitKind, type Rate } from "../../server/src/model/gate.ts";
import { defaultNamespace, type Instant, plus, queueNameOf, taskNameOf } from "../../server/src/model/ids.ts";
import { limits } from "../../server/src/model/limits.ts";
import type { Task } from "../../server/src/model/task.ts";
import type { Claimed } from "../../server/src/ports/task-store.ts";
import { newTask, tiesOf } from "../support/new-task.ts";
import {
  type Draft,
  keys,
  names,
  queues,
  rates,
  type Step,
  step,
  subjects,
  uniqueKeys,
} from "./gate-steps.ts";
import { putLimit } from "./limits.ts";
import { lease, refOf, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

/** What the model knows of a limit. */
type Bound = { concurrency: number | undefined; rate: Rate | undefined; dueAt: number };

/**
 * A plain model: whatever is ready is looked at in order, and what no limit, pause, label or order forbids is granted. It has no gates,
 * no lines, no index; it reads the tasks from the store, and keeps the limits itself.
 */
function createModel(subject: Subject) {
  const bounds = new Map<string, Bound>();
  const paused = new Set<string>();
  const boundsOf = (task: Task): Bound[] =>
    [
      `queue ${task.queue}`,
      `name ${task.name}`,
      ...(task.ties?.limitKey ? [`key ${task.ties.limitKey}`] : []),
    ].flatMap((place) => bounds.get(place) ?? []);
  const tasks = async (): Promise<Task[]> => [...(await subject.list()).tasks].reverse();

  function mayGo(task: Task, leased: readonly Task[]): boolean {
    return boundsOf(task).every((bound) => {
      const inUse = leased.filter((each) => boundsOf(each).includes(bound)).length;
      if (bound.concurrency !== undefined && inUse >= bound.concurrency) return false;
      const { rate, dueAt } = bound;
      if (rate === undefined) return true;
      const interval = rate.periodMs / rate.count;
      return (
        rate.count > 0 && subject.now >= Math.max(dueAt, subject.now) - (rate.burst - 1) * interval - 0.001
      );
    });
  }

  return {
    bounds,
    paused,
    tasks,
    /** What a claim must bring, in this order of granting. */
    async expected({
      queues: asked,
      labels: has,
      limit,
    }: Extract<Step, { kind: "claim" }>): Promise<string[]> {
      const all = await tasks();
      const leased = all.filter(({ state }) => state === "leased");
      const granted: string[] = [];
      for (const task of all
        .filter(({ state }) => state === "ready")
        .sort((a, b) => b.priority - a.priority)) {
        const { queue, ties } = task;
        const isFirst = !all.some(
          (each) =>
            each.ties?.orderingKey !== undefined &&
            each.ties.orderingKey === ties?.orderingKey &&
            each.queue === queue &&
            each.endedAt === undefined &&
            all.indexOf(each) < all.indexOf(task),
        );
        if (granted.length >= limit || !isFirst || paused.has(queue)) continue;
        if (!asked.some((index) => queues[index] === queue) || !isSatisfied(ties?.labels ?? {}, has))
          continue;
        if (!mayGo(task, leased)) continue;
        for (const bound of boundsOf(task))
          if (bound.rate && bound.rate.count > 0)
            bound.dueAt = Math.max(bound.dueAt, subject.now) + bound.rate.periodMs / bound.rate.count;
        leased.push(task);
        granted.push(task.id);
      }
      return granted;
    },
  };
}

type Model = ReturnType<typeof createModel>;
type World = { readonly subject: Subject; readonly model: Model; readonly leases: Claimed[]; count: number };

async function perform(world: World, step: Step): Promise<void> {
  const { subject, model, leases } = world;
  const { store, now } = subject;
  switch (step.kind) {
    case "accept":
      await subject.accept(...step.tasks.map((each) => taskOf(each, world.count++, now)));
      return;
    case "claim": {
      const expected = await model.expected(step);
      const claimed = await subject.claim({
        queues: step.queues.flatMap((index) => queues[index] ?? []),
        labels: step.labels,
        limit: step.limit,
      });
      leases.push(...claimed);
      expect(claimed.map(({ id }) => id).sort(), "what a claim brings").toEqual(expected.sort());
      return;
    }
    case "settle": {
      const claimed = leases[leases.length - 1 - step.lease];
      if (claimed === undefined) return;
      if (step.how === "succeeded") await subject.settle(claimed, { kind: "succeeded", result: undefined });
      if (step.how === "released") await subject.settle(claimed, { kind: "released" });
      if (step.how === "retry")
        await subject.settle(claimed, { kind: "retry", delayMs: 0, failure: undefined });
      return;
    }
    case "cancel":
      await subject.cancel(`t${step.task}`);
      return;
    case "revoke": {
      const cancel = { at: now, reason: "", requester: undefined };
      await store.revoke([{ ref: refOf(`t${step.task}`), cancel, until: plus(now, 3_600_000) }], now);
      return;
    }
    case "edit":
      return edit(world, step);
    case "pause": {
      const queue = queues[step.queue] ?? queueNameOf("none");
      await store.setPause(
        { namespace: defaultNamespace, queue },
        step.isPaused ? { reason: "", at: now } : undefined,
        now,
      );
      model.paused[step.isPaused ? "add" : "delete"](queue);
      return;
    }
    case "advance":
      subject.advance(step.ms);
      await subject.stage();
      await store.openGates(subject.now);
      return;
    case "reap":
      subject.advance(lease.leaseMs + lease.graceMs + 1);
      await subject.reap();
      await subject.stage();
      await store.openGates(subject.now);
      return;
    case "limit":
    case "lift":
      return changeLimit(world, step);
  }
}

/** A task of an order stays in its queue: what a move means to an order has cases of its own. */
async function edit(
  { subject }: World,
  { task, queue, priority }: Extract<Step, { kind: "edit" }>,
): Promise<void> {
  const ref = refOf(`t${task}`);
  const [head] = await subject.store.readHeads([ref]);
  if (head === undefined) return;
  const to = head.ties?.orderingKey === undefined && queue !== undefined ? queues[queue] : undefined;
  await subject.edit(ref, { ...(to && { queue: to }), ...(priority !== undefined && { priority }) });
}

async function changeLimit(
  { subject, model }: World,
  step: Extract<Step, { kind: "limit" | "lift" }>,
): Promise<void> {
  const about = subjects[step.subject];
  if (about === undefined) return;
  const { kind, subject: name } = about;
  const place = `${kind} ${name}`;
  if (step.kind === "lift" || (step.concurrency === undefined && rates[step.rate] === undefined)) {
    model.bounds.delete(place);
    while (
      (await subject.store.deleteLimit({ namespace: defaultNamespace, kind, subject: name }, subject.now)) ===
      "more"
    );
    return;
  }
  const rate = rates[step.rate];
  const before = model.bounds.get(place)?.dueAt ?? 0;
  const latest =
    rate && rate.count > 0 ? plus(subject.now, (rate.burst * rate.periodMs) / rate.count) : before;
  model.bounds.set(place, { concurrency: step.concurrency, rate, dueAt: Math.min(before, latest) });
  const { concurrency } = step;
  await putLimit(subject, kind as LimitKind, name, {
    ...(concurrency !== undefined && { concurrency }),
    ...(rate && { rate }),
  });
}

/** Permits in use are the live leases, whatever was done. */
async function expectPermits({ subject }: World): Promise<void> {
  const { tasks } = await subject.list();
  for (const { kind, subject: name } of subjects) {
    const status = await subject.store.getLimit({ namespace: defaultNamespace, kind, subject: name });
    if (status === undefined) continue;
    const own = tasks.filter(
      ({ queue, name: own, ties }) => name === { queue, name: own, key: ties?.limitKey }[kind],
    );
    expect(status.leased, `${kind} ${name}`).toBe(own.filter(({ state }) => state === "leased").length);
  }
}

/** Whoever has a key lives, and waits where its key lasts until the start. */
async function expectClaims({ subject }: World): Promise<void> {
  for (const key of uniqueKeys) {
    const claim = await subject.store.getClaim(defaultNamespace, key, subject.now);
    if (claim === undefined) continue;
    const { state, policy, fence } = await subject.task(claim.taskId);
    expect(["scheduled", "ready", "leased"], `who has ${key}`).toContain(state);
    if (policy.unique?.until === "started") expect(fence, `who has ${key}`).toBeUndefined();
  }
}

const taskOf = (draft: Draft, number: number, now: Instant) =>
  newTask(`t${number}`, {
    ...(draft.delayMs > 0 && { notBefore: plus(now, draft.delayMs) }),
    queue: queues[draft.queue] ?? queueNameOf("none"),
    name: names[draft.name] ?? taskNameOf("none"),
    priority: draft.priority,
    ties: tiesOf({
      limitKey: draft.key === undefined ? undefined : keys[draft.key],
      orderingKey: draft.order === undefined ? undefined : `o${draft.order}`,
      labels: draft.labels,
    }),
    policy: {
      ...{ maxAttempts: 1000, maxDeliveries: 1000 },
      ...(draft.unique && { unique: { until: draft.unique.until, forMs: 0 } }),
    },
    ...(draft.unique && {
      unique: {
        key: uniqueKeys[draft.unique.key] ?? "none",
        onConflict: draft.unique.onConflict,
        keepUntil: undefined,
        startBy: undefined,
      },
    }),
  });

/** Random sequences of what limits, pauses, priorities, labels, orders, cancels, edits and unique keys can do together, against a plain model. */
export function gateModelCases({ name, declared, open }: Suite): void {
  const seed = Number(process.env["STEM_SEED"] ?? Date.now() % 2 ** 31);
  const numRuns = Math.ceil(declared.model.runs / 6);
  test(`permits equal live leases at every step, and no ready task is passed over, over ${numRuns} random sequences`, {
    timeout: 240_000,
  }, async () => {
    process.stdout.write(
      `${name}: ${numRuns} random sequences at gates; repeat them with STEM_SEED=${seed}\n`,
    );
    const sequences = fc.array(step, { minLength: 10, maxLength: 60, size: "max" });
    const holds = fc.asyncProperty(sequences, async (steps) => {
      const subject = await open(limits);
      try {
        const world: World = { subject, model: createModel(subject), leases: [], count: 0 };
        for (const each of steps) {
          await perform(world, each);
          await expectPermits(world);
          await expectClaims(world);
        }
      } finally {
        await subject.dispose();
      }
    });
    await fc.assert(holds, { seed, numRuns });
  });
}
