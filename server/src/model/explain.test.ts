import { expect, test } from "vitest";
import { causeText } from "./cause-text.ts";
import { type Cause, explain, isStartable } from "./explain.ts";
import type { GateLimit } from "./gate.ts";
import { defaultNamespace, instantOf, plus, queueNameOf, taskIdOf, taskNameOf } from "./ids.ts";
import type { LimitStanding, QueueService, TaskStanding } from "./standing.ts";
import type { TaskHead } from "./task.ts";

const now = instantOf(Date.UTC(2026, 0, 1));
const later = plus(now, 1500);
const noTies = { limitKey: undefined, orderingKey: undefined, fairnessKey: undefined, labels: undefined };
const ready: TaskHead = {
  ...{ namespace: defaultNamespace, id: taskIdOf("a"), name: taskNameOf("mail"), queue: queueNameOf("q") },
  ...{ priority: 5, policy: {} as TaskHead["policy"], state: "ready", reason: undefined, revision: 1 },
  ...{ attempt: 2, deliveries: 3, fence: undefined, worker: "w1", createdAt: now, notBefore: undefined },
  ...{ startedAt: undefined, leaseUntil: undefined, endedAt: undefined, purgeAt: undefined },
  ...{ cancel: undefined, tags: [], replayOf: undefined, ties: undefined, gate: undefined },
};
const free: TaskStanding = {
  ...{ head: ready, stop: undefined, isQueueDeleting: false, pause: undefined },
  ...{ first: undefined, limits: [], ahead: 0 },
};
const labels = { gpu: "yes" };
const idle = { labels: undefined, knows: undefined, hasRoom: true };
const served: QueueService = { isDraining: false, workers: [idle] };

const limitOf = (bound: Partial<GateLimit>, more: Partial<LimitStanding> = {}): LimitStanding => ({
  limit: {
    ...{ namespace: defaultNamespace, kind: "key", subject: "k", updatedAt: now },
    ...{ concurrency: undefined, rate: undefined },
    ...bound,
  },
  ...{ dueAt: 0, leased: 0, ahead: 0 },
  ...more,
});
const rate = { count: 2, periodMs: 1000, burst: 1 };
const say = (standing: Partial<TaskStanding>, service: Partial<QueueService> = {}): readonly Cause[] =>
  explain({ ...free, ...standing }, { ...served, ...service }, { now, aheadMax: 1000 });
const head = (own: Partial<TaskHead>): Partial<TaskStanding> => ({ head: { ...ready, ...own } });

type Row = {
  readonly task: string;
  readonly standing: Partial<TaskStanding>;
  readonly kinds: readonly Cause["kind"][];
  /** The first cause in words. */
  readonly text: string;
};

const own: readonly Row[] = [
  {
    task: "that nothing keeps",
    standing: {},
    kinds: ["in_line"],
    text: "No other of its queue comes before it.",
  },
  {
    task: "with others before it",
    standing: { ahead: 7 },
    kinds: ["in_line"],
    text: "7 of its queue come before it.",
  },
  {
    task: "with too many before it to count",
    standing: { ahead: 1001 },
    kinds: ["in_line"],
    text: "More than 1000 of its queue come before it.",
  },
  {
    task: "whose key takes turns",
    standing: { ...head({ ties: { ...noTies, fairnessKey: "t" } }), ahead: 1 },
    kinds: ["in_line"],
    text: `1 of its queue comes before it, as the turn of its fairness key "t" has it.`,
  },
  {
    task: "that succeeded",
    standing: head({ state: "succeeded", endedAt: now }),
    kinds: ["ended"],
    text: "It has ended: succeeded, at 2026-01-01T00:00:00.000Z.",
  },
  {
    task: "that failed for good",
    standing: head({ state: "failed", reason: "max_attempts", endedAt: now }),
    kinds: ["ended"],
    text: "It has ended: failed (max_attempts), at 2026-01-01T00:00:00.000Z.",
  },
  {
    task: "that runs",
    standing: { ...head({ state: "leased", leaseUntil: later }), ahead: 3 },
    kinds: ["running"],
    text: `It runs: worker "w1" has its attempt 2 under a lease until 2026-01-01T00:00:01.500Z.`,
  },
  {
    task: "that backs off",
    standing: head({ state: "scheduled", reason: "backoff", notBefore: later }),
    kinds: ["scheduled"],
    text: "It waits until 2026-01-01T00:00:01.500Z (backoff).",
  },
  {
    task: "of a namespace that is disabled",
    standing: { stop: { state: "disabled", reason: "deploy" } },
    kinds: ["namespace_stopped", "in_line"],
    text: "Its namespace is disabled (deploy), until it is enabled.",
  },
  {
    task: "of a namespace that is being deleted, in a queue that is, too",
    standing: { stop: { state: "deleting", reason: "" }, isQueueDeleting: true },
    kinds: ["namespace_stopped", "queue_deleting", "in_line"],
    text: "Its namespace is being deleted, and it will be cancelled.",
  },
  {
    task: "of a queue that is being deleted",
    standing: { isQueueDeleting: true },
    kinds: ["queue_deleting", "in_line"],
    text: "Its queue is being deleted, and it will be cancelled.",
  },
  {
    task: "of a paused queue",
    standing: { pause: { reason: "deploy", by: "ada", at: now, resumeAt: later } },
    kinds: ["queue_paused", "in_line"],
    text: "Its queue is paused by ada (deploy), until 2026-01-01T00:00:01.500Z.",
  },
  {
    task: "of a queue that somebody paused",
    standing: { pause: { reason: "", at: now } },
    kinds: ["queue_paused", "in_line"],
    text: "Its queue is paused by somebody, until it is resumed.",
  },
  {
    task: "behind another of its order",
    standing: {
      ...head({ ties: { ...noTies, orderingKey: "o" } }),
      first: { id: taskIdOf("b"), state: "leased" },
    },
    kinds: ["order", "in_line"],
    text: `Task "b" of its ordering key "o" comes first, and is leased.`,
  },
];

const atLimits: readonly Row[] = [
  {
    task: "whose key is stopped",
    standing: { limits: [limitOf({ concurrency: 0, rate })] },
    kinds: ["limit_stopped", "in_line"],
    text: `Its limit key "k" is stopped by a limit of 0.`,
  },
  {
    task: "whose name is stopped by its rate",
    standing: { limits: [limitOf({ kind: "name", subject: "mail", rate: { ...rate, count: 0 } })] },
    kinds: ["limit_stopped", "in_line"],
    text: `Its name "mail" is stopped by a limit of 0.`,
  },
  {
    task: "whose queue runs as many as it may",
    standing: { limits: [limitOf({ kind: "queue", subject: "q", concurrency: 2 }, { leased: 3 })] },
    kinds: ["concurrency_reached", "in_line"],
    text: `Its queue "q" may run 2 at once, and 3 run.`,
  },
  {
    task: "whose rate is used up",
    standing: { limits: [limitOf({ rate, concurrency: 9 }, { dueAt: later })] },
    kinds: ["rate_reached", "in_line"],
    text: `Its limit key "k" may start 2 in 1000 ms, and the next one not until 2026-01-01T00:00:01.500Z.`,
  },
  {
    task: "whose limit is used up in both",
    standing: { limits: [limitOf({ rate, concurrency: 1 }, { dueAt: later, leased: 1 })] },
    kinds: ["concurrency_reached", "rate_reached", "in_line"],
    text: `Its limit key "k" may run 1 at once, and 1 run.`,
  },
  {
    task: "with as many before it as its limit has room for",
    standing: { limits: [limitOf({ concurrency: 3 }, { leased: 1, ahead: 2 })] },
    kinds: ["others_first", "in_line"],
    text: `Its limit key "k" has room for 2 more, and at least as many tasks come before it.`,
  },
  {
    task: "for which its limit has room",
    standing: { limits: [limitOf({ concurrency: 3 }, { leased: 1, ahead: 1 })] },
    kinds: ["in_line"],
    text: "No other of its queue comes before it.",
  },
  {
    task: "whose limit is being lifted",
    standing: { limits: [limitOf({}, { leased: 5, ahead: 9 })] },
    kinds: ["in_line"],
    text: "No other of its queue comes before it.",
  },
];

test.each([...own, ...atLimits])("a task $task", ({ standing, kinds, text }) => {
  const causes = say(standing);
  expect(causes.map(({ kind }) => kind)).toEqual(kinds);
  expect(causes[0] && causeText(causes[0])).toBe(text);
  expect(isStartable(causes)).toBe(kinds[0] === "in_line");
});

const needsLabels = head({ ties: { ...noTies, labels } });
const services: readonly (Row & { readonly service: Partial<QueueService> })[] = [
  {
    task: "of a server that drains",
    ...{ standing: {}, service: { isDraining: true }, kinds: ["draining", "in_line"] },
    text: "This server drains, and hands out nothing more.",
  },
  {
    task: "that nobody is there for",
    ...{ standing: {}, service: { workers: [] }, kinds: ["no_worker", "in_line"] },
    text: "No worker takes tasks of its queue here.",
  },
  {
    task: "that requires what nobody has",
    standing: needsLabels,
    service: { workers: [idle, { ...idle, labels: { gpu: "no" } }] },
    kinds: ["labels_missing", "in_line"],
    text: "None of 2 workers at its queue has the labels that it requires: gpu=yes.",
  },
  {
    task: "whose name nobody knows",
    standing: needsLabels,
    service: { workers: [idle, { ...idle, labels, knows: () => false }] },
    kinds: ["name_unknown", "in_line"],
    text: "None of 1 worker that could take it knows its name.",
  },
  {
    task: "whose workers have no room",
    standing: {},
    service: {
      workers: [
        { ...idle, hasRoom: false },
        { ...idle, knows: () => false },
      ],
    },
    kinds: ["workers_busy", "in_line"],
    text: "None of 1 worker that could run it takes more now.",
  },
  {
    task: "whose worker has it all",
    standing: needsLabels,
    service: { workers: [idle, { labels, knows: () => true, hasRoom: true }] },
    kinds: ["in_line"],
    text: "No other of its queue comes before it.",
  },
];

test.each(services)("a task $task", ({ standing, service, kinds, text }) => {
  const causes = say(standing, service);
  expect(causes.map(({ kind }) => kind)).toEqual(kinds);
  expect(causes[0] && causeText(causes[0])).toBe(text);
  expect(isStartable(causes), "who is there does not matter to that").toBe(true);
});

test("all that keeps a task is said, what has to be over first coming first", () => {
  const standing: Partial<TaskStanding> = {
    head: { ...ready, state: "scheduled", reason: "delay", notBefore: later },
    pause: { reason: "", at: now },
    first: { id: taskIdOf("b"), state: "scheduled" },
    limits: [limitOf({ concurrency: 0 }), limitOf({ kind: "queue", concurrency: 1 }, { leased: 1 })],
  };
  const causes = say(standing, { workers: [] });
  expect(causes.map(({ kind }) => kind)).toEqual([
    ...["scheduled", "queue_paused", "order", "limit_stopped", "concurrency_reached", "no_worker"],
  ]);
  expect(isStartable(causes)).toBe(false);
});

test("who asked for a cancel, and why, is said where it is known", () => {
  const cancelled = (cancel: TaskHead["cancel"]) => say(head({ state: "leased", cancel }))[1];
  const texts = [
    { reason: "late", requester: "ada", at: now },
    { reason: "", at: now },
  ].map((cancel) => {
    const cause = cancelled(cancel);
    return cause && causeText(cause);
  });
  expect(texts).toEqual([
    "It is being cancelled, at the request of ada (late).",
    "It is being cancelled, at the request of somebody.",
  ]);
});
