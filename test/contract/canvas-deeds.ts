import { expect } from "vitest";
import { defaultNamespace, partIdOf, type TaskRef } from "../../server/src/model/ids.ts";
import type { Outcome } from "../../server/src/model/outcome.ts";
import type { TaskInput, TaskState, TerminalState } from "../../server/src/model/task.ts";
import type { Claimed, SettleVerdict } from "../../server/src/ports/task-store.ts";
import { bytesOf } from "../support/new-task.ts";
import { idle, purging } from "./canvas-drawn.ts";
import { failureOf } from "./canvas-expected.ts";
import type { Handed, Value } from "./canvas-facts.ts";
import type { Moment } from "./canvas-log.ts";
import type { Plan } from "./canvas-plan.ts";
import { rootOf, textOf, valueLeft } from "./canvas-subject.ts";
import {
  barrierOf,
  type Drawing,
  expandedFor,
  growthOf,
  type Held,
  resultOf,
  taskPlan,
  type World,
} from "./canvas-world.ts";
import { settlementOf } from "./subject.ts";

/** What is done to the store in a run of the model, each with what it means written to the log. */

/** Submits a canvas; a second time it is a repeat. */
export async function submit({ subject, submitted, moment }: World, { id, canvas }: Drawing): Promise<void> {
  const at = moment();
  const isKnown = submitted.has(id);
  expect(await subject.store.submitCanvas(canvas, subject.now)).toBe(isKnown ? "duplicate" : "accepted");
  if (!isKnown) submitted.set(id, at);
}

/** Claims up to `limit` tasks, and looks at what they are handed. Links and callbacks are done with at once. */
export async function claim(world: World, limit: number): Promise<number> {
  const { subject, moment } = world;
  moment();
  const claimed = await subject.claim({ limit });
  for (const one of claimed) await take(world, one);
  return claimed.length;
}

async function take(world: World, claimed: Claimed): Promise<void> {
  const { subject, inputs, newest, held, ran, moment } = world;
  const label = textOf(claimed.content);
  const handed = await handedBy(world, claimed.input);
  const value = claimed.input?.isHanded ? handed?.value : undefined;
  const before = inputs.get(label);
  const now = { on: claimed.input?.on ?? "", handed };
  if (before !== undefined) expect(now, `what ${label} is handed again`).toEqual(before);
  inputs.set(label, now);
  newest.set(label, claimed);
  if (taskPlan(world, label) !== undefined) held.push({ claimed, label, value });
  else {
    ran.set(label, (ran.get(label) ?? 0) + 1);
    moment();
    await subject.settle(claimed, { kind: "succeeded", result: undefined });
  }
}

/** What a task is handed of what is before it, read as for its worker. */
export async function handedBy(
  { subject, names }: World,
  input: TaskInput | undefined,
): Promise<Handed | undefined> {
  if (input === undefined) return undefined;
  const { from, isBarrier = false, isHanded, data } = input;
  const value = isBarrier ? ((await valueLeft(subject, from)) as Value) : textOf(data);
  const label = isBarrier ? from : (names.labels.get(from) ?? from);
  return { from: label, isBarrier, value: isHanded ? value : "" };
}

/** How a task's attempt ends by its script; undefined: it does not, and its lease is lost. */
async function outcomeOf(world: World, held: Held): Promise<Outcome | undefined> {
  const { label, claimed, value } = held;
  const script = taskPlan(world, label)?.script;
  const failure = bytesOf(failureOf(label));
  const result = bytesOf(resultOf(label, value));
  const again: Outcome = { kind: "failed", failure, nonRetryable: false, delayMs: 0 };
  switch (script?.kind) {
    case "fails":
      if (script.reason === "rejected") return { kind: "rejected", failure };
      return { ...again, nonRetryable: script.reason === "non_retryable" };
    case "retries":
      return claimed.attempt <= script.times
        ? { ...again, delayMs: script.delayMs }
        : { kind: "succeeded", result };
    case "loses_lease":
      return claimed.deliveries <= script.times ? undefined : { kind: "succeeded", result };
    case "lost":
      return undefined;
    case "unknown_name":
      return { kind: "unknown_name" };
    case "cancelled_running":
      return script.succeeds ? { kind: "succeeded", result } : again;
    case "replaced":
    case "adds": {
      if (script.isRetried && claimed.attempt === 1) return again;
      const growth = await growthOf(world, held);
      if (growth === undefined) throw new Error(`${label} adds nothing`);
      return script.kind === "adds" ? { kind: "succeeded", result, growth } : { kind: "replaced", growth };
    }
    default:
      return { kind: "succeeded", result };
  }
}

/** Settles leases in one call. */
export async function settle(world: World, leases: readonly Held[]): Promise<void> {
  const { held, moment } = world;
  const items: { held: Held; outcome: Outcome }[] = [];
  for (const each of leases) {
    if (taskPlan(world, each.label)?.script.kind === "cancelled_running" && !world.asked.has(each.label))
      await cancel(world, each.claimed.id);
    const outcome = await outcomeOf(world, each);
    if (outcome !== undefined) items.push({ held: each, outcome });
  }
  if (items.length === 0) return;
  const at = moment();
  const verdicts = await settleAll(world, items);
  for (const [item, each] of items.entries()) {
    expect(verdicts[item], each.held.label).toMatchObject({ kind: "applied" });
    note(world, { ...each, at: { ...at, item } }, verdicts[item]);
    held.splice(held.indexOf(each.held), 1);
  }
  moment();
  for (const verdict of await settleAll(world, items)) expect(verdict.kind, "a repeat").not.toBe("applied");
}

const settleAll = (
  { subject }: World,
  items: readonly { readonly held: Held; readonly outcome: Outcome }[],
): Promise<readonly SettleVerdict[]> =>
  subject.store.settle(items.map(({ held, outcome }) => settlementOf(held.claimed, outcome, subject.now)));

/** Settles a lease that is over, as somebody does who was away: it counts where nobody has the task meanwhile. */
export async function settleLate(world: World, late: Held): Promise<void> {
  const { subject, stale, names, newest, log, moment } = world;
  stale.splice(stale.indexOf(late), 1);
  const outcome: Outcome = { kind: "succeeded", result: bytesOf(resultOf(late.label, late.value)) };
  const isFree = !log.ends.has(late.label) && newest.get(late.label) === late.claimed;
  const at = moment();
  const verdict = await subject.settle(late.claimed, outcome);
  expect(verdict.kind, `the late settlement of ${names.labels.get(late.claimed.id)}`).toBe(
    isFree ? "applied" : "lost",
  );
  if (isFree) note(world, { held: late, outcome, at }, verdict);
}

type Settled = { readonly held: Held; readonly outcome: Outcome; readonly at: Moment };

/** Writes down what a settlement was to its canvas. */
function note(
  world: World,
  { held: { label, claimed }, outcome, at }: Settled,
  verdict?: SettleVerdict,
): void {
  const { log, asked } = world;
  const state = verdict?.state;
  const isAsked = asked.has(label);
  const plan = taskPlan(world, label);
  if (outcome.kind === "replaced" && !isAsked) log.replaced.set(label, at);
  else if (outcome.kind === "succeeded") {
    noteEnd(world, label, { at, state: "succeeded", reason: undefined });
    if (!isAsked && plan?.script.kind === "adds")
      noteAdded(world, plan.group, { at, plans: plan.script.members });
  } else if (isAsked) noteEnd(world, label, { at, state: "cancelled", reason: "cancel_requested" });
  else {
    const reason = failedBy(outcome, claimed);
    if (reason !== undefined) noteEnd(world, label, { at, state: "failed", reason });
    else if (outcome.kind === "failed" && claimed.attempt === 1) log.attempts.set(label, at);
  }
  const end = log.ends.get(label);
  const expected: readonly (TaskState | undefined)[] = log.replaced.has(label)
    ? ["succeeded"]
    : end
      ? [end.state]
      : ["ready", "scheduled"];
  expect(expected, `the state of ${label}`).toContain(state);
}

/** Why a task has failed by such an outcome; undefined: it goes on. */
function failedBy(outcome: Outcome, { policy, attempt, deliveries }: Claimed): string | undefined {
  if (outcome.kind === "rejected") return "rejected";
  if (outcome.kind === "unknown_name")
    return deliveries < policy.maxDeliveries ? undefined : "max_deliveries";
  if (outcome.kind !== "failed") throw new Error(`an outcome is ${outcome.kind}`);
  if (outcome.nonRetryable) return "non_retryable";
  return attempt < policy.maxAttempts ? undefined : "max_attempts";
}

const noteEnd = (
  { log, asked }: World,
  label: string,
  end: { readonly at: Moment; readonly state: TerminalState; readonly reason: string | undefined },
): void => void log.ends.set(label, { ...end, isAsked: asked.has(label) });

function noteAdded(
  { log }: World,
  group: string | undefined,
  added: { readonly at: Moment; readonly plans: readonly Plan[]; readonly isLast?: boolean },
): void {
  if (group === undefined) return;
  log.added.set(group, [...(log.added.get(group) ?? []), { isLast: false, ...added }]);
}

/** Asks to cancel a task: it ends if it waits, and hears of it if it runs. */
export async function cancel(world: World, id: TaskRef["id"]): Promise<void> {
  const { subject, names, asked, moment } = world;
  const label = names.labels.get(id) ?? id;
  const { state } = await subject.task(id);
  const at = moment();
  expect(await subject.cancel(id), `the cancel of ${label}`).toBe("applied");
  asked.add(label);
  if (state !== "leased") noteEnd(world, label, { at, state: "cancelled", reason: "cancel_requested" });
}

/** Cancels what waits to be cancelled, and purges what is to be purged. */
export async function cancelIdle(world: World, most: number): Promise<void> {
  const { subject, run, names, moment } = world;
  const { tasks } = await subject.list({ name: run, states: ["ready"] });
  for (const { id, queue, content } of tasks.slice(0, most)) {
    const script = taskPlan(world, textOf(content))?.script.kind;
    if (queue === idle && script === "cancelled") await cancel(world, id);
  }
  for (;;) {
    const [next] = (await subject.list({ name: run, states: ["ready"], queue: purging })).tasks.toReversed();
    if (next === undefined) return;
    const at = moment();
    const ref = { namespace: defaultNamespace, queue: purging };
    expect(await subject.store.purge(ref, Number.MAX_SAFE_INTEGER, subject.now, 1)).toBe(1);
    for (const { id } of (await subject.list({ name: run, states: ["cancelled"], queue: purging })).tasks) {
      const label = names.labels.get(id) ?? id;
      if (!world.log.ends.has(label)) noteEnd(world, label, { at, state: "cancelled", reason: "purged" });
    }
  }
}

/** Lets time go by: what is due is staged, leases that are over are ended, what has waited too long expires. */
export async function advance(world: World, ms: number): Promise<void> {
  const { subject, names, moment } = world;
  subject.advance(ms);
  for (;;) {
    const at = moment();
    const { expired, seen } = await subject.store.expireOverdue(subject.now, 1);
    for (const { id } of expired)
      noteEnd(world, names.labels.get(id) ?? id, { at, state: "expired", reason: undefined });
    if (seen === 0) break;
  }
  moment();
  await subject.stage();
  await reap(world);
}

async function reap(world: World): Promise<void> {
  const { subject, names, asked, held, stale, moment } = world;
  const isOneByOne = world.drawings.some(({ isDelicate }) => isDelicate);
  for (;;) {
    const over = await subject.store.expiredLeases(subject.now, isOneByOne ? 1 : 1000);
    if (over.length === 0) return;
    const at = moment();
    await subject.reap(isOneByOne ? 1 : 1000);
    for (const [item, { id, deliveries, policy }] of over.entries()) {
      const label = names.labels.get(id) ?? id;
      const when = { ...at, item };
      if (asked.has(label))
        noteEnd(world, label, { at: when, state: "cancelled", reason: "cancel_requested" });
      else if (deliveries >= policy.maxDeliveries)
        noteEnd(world, label, { at: when, state: "failed", reason: "max_deliveries" });
      for (const lost of held.filter((each) => each.label === label)) {
        held.splice(held.indexOf(lost), 1);
        stale.push(lost);
      }
    }
  }
}

/** Brings the next members to a group that takes them; after the last ones it takes no more. */
export async function add(world: World, label: string): Promise<boolean> {
  const { subject, plans, batches, moment } = world;
  const plan = plans.get(label);
  if (plan?.kind !== "group" || plan.additions === undefined) return false;
  const number = batches.get(label) ?? 0;
  if (number > plan.additions.length) return false;
  const members = plan.additions[number] ?? [];
  const isLast = number >= plan.additions.length - 1;
  const request = `${label} ${number}`;
  const ref = barrierOf(world, label);
  const [barrier] = ref ? await subject.store.readBarriers([ref]) : [];
  if (ref === undefined || barrier === undefined) return false;
  const { start, parts } = expandedFor(world, label, request, members);
  const addition = { ref, members: { ...start, id: partIdOf(request) }, parts, isLast };
  const at = moment();
  const verdict = await subject.store.addMembers(addition, subject.now);
  const isOpen = barrier.state === "open" && !barrier.isSealed;
  expect(verdict).toEqual(isOpen ? { kind: "added", first: barrier.size } : { kind: "closed" });
  batches.set(label, isLast ? plan.additions.length + 1 : number + 1);
  if (!isOpen) return false;
  noteAdded(world, label, { at, plans: members, isLast });
  moment();
  expect(await subject.store.addMembers(addition, subject.now)).toEqual({
    kind: "duplicate",
    first: barrier.size,
  });
  return true;
}

/** Ends a canvas before its members, where that is its lot. */
export async function close(world: World, { id, closes }: Drawing): Promise<void> {
  const { subject, log, moment } = world;
  if (closes === undefined) return;
  const ref = rootOf(id);
  const isDue = (await subject.store.overdueCanvases(subject.now, 100)).some((each) => each.id === ref.id);
  const [barrier] = await subject.store.readBarriers([ref]);
  if (closes === "deadline") expect(isDue, `whether ${id} is overdue`).toBe(barrier?.state === "open");
  const state = closes === "deadline" ? "failed" : "cancelled";
  const at = moment();
  const cause =
    closes === "deadline"
      ? ({
          state: "failed",
          reason: "deadline",
          task: undefined,
          name: undefined,
          attempt: 0,
          failure: undefined,
        } as const)
      : undefined;
  const isClosed = await subject.store.closeBarrier({ ref, state, cause, now: subject.now });
  expect(isClosed).toBe(barrier?.state === "open");
  if (isClosed) log.closed.set(ref.id, { at, state, ...(cause && { reason: cause.reason }) });
}

/** Cancels what goes on under barriers that have ended, a little at a time. Answers whether there was anything. */
export async function sweep(world: World): Promise<boolean> {
  const { subject, log, moment } = world;
  const { store } = subject;
  const refs = await store.barriersWithRest(3);
  for (const ref of refs) {
    const { tasks, barriers } = await store.readRest(ref, 2);
    for (const { id } of tasks) await cancel(world, id);
    for (const under of barriers) {
      const at = moment();
      const closing = { ref: under, state: "cancelled", cause: undefined, now: subject.now } as const;
      expect(await store.closeBarrier(closing)).toBe(true);
      log.closed.set(under.id, { at, state: "cancelled" });
    }
    moment();
    if (tasks.length === 0 && barriers.length === 0) await store.markSwept([ref]);
  }
  return refs.length > 0;
}
