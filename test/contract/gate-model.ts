import fc from "fast-check";
import { expect, test } from "vitest";
import { againAs } from "../../server/src/broker/replay.ts";
import type { LimitKind } from "../../server/src/model/gate.ts";
import {
  defaultNamespace,
  type Instant,
  plus,
  queueNameOf,
  taskIdOf,
  taskNameOf,
} from "../../server/src/model/ids.ts";
import { limits } from "../../server/src/model/limits.ts";
import { isTerminal, type NewTask } from "../../server/src/model/task.ts";
import type { AcceptVerdict, Claimed } from "../../server/src/ports/task-store.ts";
import { newTask, tiesOf } from "../support/new-task.ts";
import { expectExplained } from "./gate-explained.ts";
import { setGatePause } from "./gate-pause.ts";
import { createRules, type Rules } from "./gate-rules.ts";
import {
  type Draft,
  keys,
  names,
  pausable,
  queues,
  rates,
  type Step,
  step,
  subjects,
  uniqueKeys,
} from "./gate-steps.ts";
import { fairKeys, fairWeights } from "./gate-turns.ts";
import { putLimit } from "./limits.ts";
import { lease, refOf, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";

type World = {
  readonly subject: Subject;
  readonly rules: Rules;
  readonly leases: Claimed[];
  count: number;
};

async function perform(world: World, step: Step): Promise<void> {
  const { subject, rules, leases } = world;
  const { store, now } = subject;
  switch (step.kind) {
    case "accept":
      return accept(
        world,
        step.tasks.map((each) => taskOf(each, world.count++, now)),
      );
    case "claim":
      return claim(world, step);
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
    case "replay":
      return replay(world, step);
    case "pause": {
      const queue = queues[step.queue] ?? queueNameOf("none");
      await store.setPause(
        { namespace: defaultNamespace, queue },
        step.isPaused ? { reason: "", at: now } : undefined,
        now,
      );
      rules.paused[step.isPaused ? "add" : "delete"](queue);
      return;
    }
    case "pauseTasks":
      return pauseTasks(world, step);
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

async function accept({ subject, rules }: World, tasks: readonly NewTask[]): Promise<void> {
  for (const { id, queue } of tasks) rules.homes.set(id, queue);
  const verdicts = await subject.accept(...tasks);
  for (const [at, { id, queue, ties }] of tasks.entries())
    if (isStored(verdicts[at])) rules.turns.entered(id, queue, ties?.fairnessKey);
}

const isStored = (verdict: AcceptVerdict | undefined): boolean =>
  verdict === "accepted" ||
  (typeof verdict === "object" && "unique" in verdict && verdict.unique === "replaced");

async function claim(
  { subject, rules, leases }: World,
  { queues: asked, labels, limit }: Extract<Step, { kind: "claim" }>,
): Promise<void> {
  const want = { queues: asked.flatMap((index) => queues[index] ?? []), labels, limit };
  const expected = rules.granted(want, await rules.tasks());
  const claimed = await subject.claim(want);
  leases.push(...claimed);
  const ids = claimed.map(({ id }) => id);
  expect(ids.sort(), "what a claim brings").toEqual(expected.map(({ id }) => id).sort());
  rules.count(expected);
}

async function edit(
  { subject, rules }: World,
  { task, queue, priority, delayMs }: Extract<Step, { kind: "edit" }>,
): Promise<void> {
  const to = queue === undefined ? undefined : queues[queue];
  const [before] = await subject.store.read([refOf(`t${task}`)]);
  const verdict = await subject.edit(refOf(`t${task}`), {
    ...(to && { queue: to }),
    ...(priority !== undefined && { priority }),
    ...(delayMs !== undefined && { start: plus(subject.now, delayMs) }),
  });
  if (verdict === "applied" && before && to && to !== before.queue)
    rules.turns.entered(before.id, to, before.ties?.fairnessKey);
}

/** An ended task once more, with all that ties it, and the unique key that it had. */
async function replay(world: World, { task, queue }: Extract<Step, { kind: "replay" }>): Promise<void> {
  const [found] = await world.subject.store.read([refOf(`t${task}`)]);
  if (found === undefined || !isTerminal(found.state)) return;
  const to = queue === undefined ? undefined : queues[queue];
  const how = { queue: to, start: undefined, rewrite: undefined };
  await accept(world, [againAs(found, taskIdOf(`t${world.count++}`), how)]);
}

async function changeLimit(
  { subject, rules }: World,
  step: Extract<Step, { kind: "limit" | "lift" }>,
): Promise<void> {
  const about = subjects[step.subject];
  if (about === undefined) return;
  const { kind, subject: name } = about;
  const place = `${kind} ${name}`;
  if (step.kind === "lift" || (step.concurrency === undefined && rates[step.rate] === undefined)) {
    rules.bounds.delete(place);
    while (
      (await subject.store.deleteLimit({ namespace: defaultNamespace, kind, subject: name }, subject.now)) ===
      "more"
    );
    return;
  }
  const rate = rates[step.rate];
  const before = rules.bounds.get(place)?.dueAt ?? 0;
  const latest =
    rate && rate.count > 0 ? plus(subject.now, (rate.burst * rate.periodMs) / rate.count) : before;
  rules.bounds.set(place, { place, concurrency: step.concurrency, rate, dueAt: Math.min(before, latest) });
  const { concurrency } = step;
  await putLimit(subject, kind as LimitKind, name, {
    ...(concurrency !== undefined && { concurrency }),
    ...(rate && { rate }),
  });
}

async function pauseTasks(
  { subject, rules }: World,
  { subject: at, forMs }: Extract<Step, { kind: "pauseTasks" }>,
): Promise<void> {
  const about = pausable[at];
  if (about === undefined) return;
  const place = `${about.kind} ${about.subject}`;
  const until = forMs === undefined ? Number.POSITIVE_INFINITY : subject.now + forMs;
  if (forMs === 0) rules.gatePauses.delete(place);
  else rules.gatePauses.set(place, until);
  const pause = forMs === undefined ? {} : { resumeAt: plus(subject.now, forMs) };
  await setGatePause(subject, { namespace: defaultNamespace, ...about }, forMs === 0 ? undefined : pause);
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
      fairnessKey: draft.fair === undefined ? undefined : fairKeys[draft.fair],
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

/**
 * Random sequences of what limits, pauses, priorities, labels, orders, turns, cancels, edits, moves, replays and unique keys can do together,
 * against plain rules.
 */
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
        for (const queue of queues)
          for (const [key, weight] of fairWeights)
            await subject.store.putWeight(
              { namespace: defaultNamespace, queue },
              { key, weight },
              subject.now,
            );
        const world: World = { subject, rules: createRules(subject), leases: [], count: 0 };
        for (const each of steps) {
          await perform(world, each);
          await expectPermits(world);
          await expectClaims(world);
          await expectExplained(world, "waiting");
        }
        await expectExplained(world, "all");
      } finally {
        await subject.dispose();
      }
    });
    await fc.assert(holds, { seed, numRuns });
  });
}
