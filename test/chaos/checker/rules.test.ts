import { describe, expect, test } from "vitest";
import type { FaultLine, Fence, HistoryLine } from "../history.ts";
import { coverageOf } from "./coverage.ts";
import type { Evidence, StoredEvent, StoredTask } from "./evidence.ts";
import { report } from "./report.ts";
import { type RuleName, rules, violationsOf } from "./rules.ts";

const first: Fence = [100, 1];
const second: Fence = [100, 2];

/** One task that was sent, run, settled and seen as it should be. */
const enqueue = { task: "t1", argsHash: "args", proc: "producer" } as const;
const run = { op: "run", task: "t1", fence: first, proc: "worker-1" } as const;
const settle = { op: "settle", task: "t1", fence: first, proc: "worker-1", valueHash: "value-1" } as const;
const good: readonly HistoryLine[] = [
  { t: 1, op: "enqueue", phase: "invoke", ...enqueue },
  { t: 2, op: "enqueue", phase: "ok", ...enqueue },
  { t: 10, phase: "invoke", ...run },
  { t: 20, phase: "ok", valueHash: "value-1", ...run },
  { t: 21, phase: "invoke", ...settle },
  { t: 22, phase: "ok", code: "ACCEPTED", state: "succeeded", ...settle },
  { t: 30, op: "see", phase: "ok", proc: "observer", task: "t1", state: "succeeded", valueHash: "value-1" },
];
const stored: StoredTask = {
  id: "t1",
  state: "succeeded",
  reason: undefined,
  fence: first,
  argsHash: "args",
  resultHash: "value-1",
  deliveries: 1,
};
const events: readonly StoredEvent[] = eventsOf("accepted", "leased", "succeeded");

function eventsOf(...kinds: readonly string[]): StoredEvent[] {
  return kinds.map((kind, index) => ({ task: "t1", kind, revision: index + 1, at: index }));
}

type Change = {
  readonly lines?: readonly HistoryLine[];
  readonly tasks?: readonly StoredTask[];
  readonly events?: readonly StoredEvent[];
};

const evidence = (change: Change = {}): Evidence => ({ lines: good, tasks: [stored], events, ...change });

/** The same as before, run again by another worker under a newer fence from `t` on. */
const secondRun = (t: number): readonly HistoryLine[] => [
  { ...run, t, phase: "invoke", fence: second, proc: "worker-2" },
  { ...run, t: t + 5, phase: "ok", fence: second, proc: "worker-2", valueHash: "value-2" },
];
const settledBySecond: StoredTask = { ...stored, fence: second, resultHash: "value-2", deliveries: 2 };
const unsettled = good.slice(0, 4);
const unfinished = good.slice(0, 3);

/** Histories that break a rule. */
const breaches: readonly (readonly [RuleName, string, Change])[] = [
  ["K1", "an accepted task is not in the store", { lines: good.slice(0, 2), tasks: [], events: [] }],
  ["K1", "an accepted task is in the store with other arguments", { tasks: [{ ...stored, argsHash: "x" }] }],
  ["K2", "a task has not ended", { lines: unsettled, tasks: [{ ...stored, state: "leased" }] }],
  ["K2", "a task ended twice", { events: eventsOf("accepted", "leased", "succeeded", "succeeded") }],
  ["K2", "a task ended in silence", { events: eventsOf("accepted", "leased") }],
  ["K2", "a task went on after its end", { events: eventsOf("accepted", "leased", "succeeded", "leased") }],
  ["K3", "a client saw another end", { lines: [...good.slice(0, 6), seen("failed", undefined)] }],
  ["K3", "a client saw another result", { lines: [...good.slice(0, 6), seen("succeeded", "value-2")] }],
  ["K3", "the log has another end", { events: eventsOf("accepted", "leased", "cancelled") }],
  [
    "K3",
    "two workers were told that theirs is the result",
    { lines: [...good, { ...settle, t: 40, phase: "ok", state: "succeeded", valueHash: "value-2" }] },
  ],
  ["K4", "the result is another attempt's", { tasks: [{ ...stored, resultHash: "value-2" }] }],
  ["K4", "nobody ran it under that fence", { tasks: [{ ...stored, fence: second }] }],
  [
    "K5",
    "two leases share a fence",
    { lines: [...good, { ...run, t: 50, phase: "invoke", proc: "worker-2" }] },
  ],
  [
    "K5",
    "a later lease has an older fence",
    {
      lines: [...good.slice(0, 2), ...secondRun(3), ...good.slice(2)],
      tasks: [settledBySecond],
    },
  ],
  ["K5", "a lease is above the record's fence", { lines: [...good, ...secondRun(40)] }],
  [
    "K6",
    "two workers ran it at once",
    { lines: [...unfinished, ...secondRun(15)], tasks: [settledBySecond] },
  ],
  [
    "K6",
    "the first worker was told to stop too late",
    {
      lines: [
        ...unfinished,
        ...secondRun(15),
        { t: 17, op: "abort", phase: "ok", proc: "worker-1", task: "t1", fence: first },
      ],
      tasks: [settledBySecond],
    },
  ],
  [
    "K6",
    "a frozen worker had long woken up",
    {
      lines: [...unfinished, ...freeze(11, 13), ...secondRun(1500)],
      tasks: [settledBySecond],
    },
  ],
  [
    "K7",
    "an accepted settlement is not the recorded one",
    { lines: [...good, ...secondRun(40)], tasks: [settledBySecond] },
  ],
  ["K7", "a settlement was accepted as another end", { tasks: [{ ...stored, state: "failed" }] }],
  [
    "K8",
    "a refused task is in the store",
    {
      lines: [
        { t: 1, op: "enqueue", phase: "invoke", ...enqueue },
        { t: 2, op: "enqueue", phase: "fail", code: "FIELD_INVALID", ...enqueue },
        ...good.slice(2),
      ],
    },
  ],
  ["K9", "a task is in the store twice", { tasks: [stored, stored] }],
  ["K9", "a task was accepted twice", { events: eventsOf("accepted", "leased", "accepted", "succeeded") }],
  ["K9", "a task is in the store that nobody sent", { lines: good.slice(2) }],
  ["K9", "a task was removed after it was accepted", { lines: good.slice(0, 1), tasks: [], events }],
  ["K10", "a delivery was run twice", { lines: [...good, ...secondRun(40)] }],
  [
    "K10",
    "a delivery was run twice, long before the database was killed",
    { lines: [...good, ...secondRun(40), { ...fault("kill", 2000), target: "postgres" }] },
  ],
];

/** Histories in which much went wrong, but nothing that may not. */
const innocent: readonly (readonly [string, Change])[] = [
  ["nothing went wrong", {}],
  [
    "the worker was killed, and the task ran elsewhere",
    {
      lines: [...unfinished, fault("kill", 12), ...secondRun(15)],
      tasks: [settledBySecond],
    },
  ],
  [
    "the first worker had been told to stop",
    {
      lines: [
        ...unfinished,
        { t: 14, op: "abort", phase: "ok", proc: "worker-1", task: "t1", fence: first },
        ...secondRun(15),
      ],
      tasks: [settledBySecond],
    },
  ],
  [
    "the first worker knew that its time was over",
    {
      lines: [
        ...good.slice(0, 2),
        { t: 10, phase: "invoke", deadline: 14, ...run },
        ...secondRun(15),
        { t: 30, phase: "ok", valueHash: "value-1", ...run },
        { ...settle, t: 31, phase: "fail", code: "LEASE_LOST", state: "succeeded" },
      ],
      tasks: [settledBySecond],
    },
  ],
  [
    "the first worker was frozen, and began late with an old fence",
    {
      lines: [
        ...good.slice(0, 2),
        ...freeze(9, 20),
        ...secondRun(15),
        { t: 21, phase: "invoke", ...run },
        { t: 22, phase: "ok", valueHash: "value-1", ...run },
      ],
      tasks: [settledBySecond],
    },
  ],
  [
    "the database was killed before it had kept the first lease",
    {
      lines: [...unfinished, { ...fault("kill", 12), target: "postgres" }, ...secondRun(15)],
      tasks: [{ ...settledBySecond, deliveries: 1 }],
    },
  ],
  [
    "an unanswered enqueue came to nothing",
    {
      lines: [
        { t: 1, op: "enqueue", phase: "invoke", ...enqueue },
        { t: 2, op: "enqueue", phase: "unknown", code: "RPC_UNAVAILABLE", ...enqueue },
      ],
      tasks: [],
      events: [],
    },
  ],
  [
    "an id was taken by other content, and stays with the first",
    {
      lines: [
        ...good,
        { t: 50, op: "enqueue", phase: "invoke", ...enqueue, argsHash: "other" },
        { t: 51, op: "enqueue", phase: "fail", code: "TASK_EXISTS", ...enqueue, argsHash: "other" },
      ],
    },
  ],
  [
    "an enqueue stayed open, was stored, and its repeat was refused by a server on its way out",
    {
      lines: [
        { t: 0, op: "enqueue", phase: "invoke", ...enqueue },
        { t: 0.5, op: "enqueue", phase: "unknown", ...enqueue },
        { t: 1, op: "enqueue", phase: "invoke", ...enqueue },
        { t: 2, op: "enqueue", phase: "fail", code: "DRAINING", ...enqueue },
        ...good.slice(2),
      ],
    },
  ],
];

describe("the checker finds", () => {
  test.each(breaches)("%s: %s", (rule, _, change) => {
    expect(violationsOf(evidence(change)).map((violation) => violation.rule)).toContain(rule);
  });

  test("a breach of every rule there is", () => {
    expect([...new Set(breaches.map(([rule]) => rule))].toSorted()).toEqual(Object.keys(rules).toSorted());
  });
});

test.each(innocent)("the checker is content when %s", (_, change) => {
  expect(violationsOf(evidence(change))).toEqual([]);
});

test("a report tells the task's own lines, its record, and how to repeat the run", () => {
  const other: HistoryLine = { ...enqueue, t: 3, op: "enqueue", phase: "invoke", task: "t2" };
  const broken = evidence({ lines: [...good.slice(0, 2), other, fault("kill", 1.5)], tasks: [], events: [] });
  const text = report(violationsOf(broken), broken, { seed: 7, command: "npx vitest run x" });
  expect(text).toContain("K1: task t1 accepted from producer");
  expect(text).toContain('producer enqueue ok {"task":"t1"');
  expect(text).not.toContain("t2");
  expect(text).toContain("STEM_SEED=7 npx vitest run x");
});

test("coverage counts kills that fell while a call was open", () => {
  const lines: HistoryLine[] = [
    { t: 1, op: "enqueue", phase: "invoke", ...enqueue },
    { t: 2, op: "kill", phase: "ok", proc: "test", target: "server-1" },
    { t: 3, op: "enqueue", phase: "unknown", ...enqueue },
    { t: 4, op: "kill", phase: "ok", proc: "test", target: "server-2" },
    { t: 5, op: "kill", phase: "ok", proc: "test", target: "worker-1" },
    { ...settle, t: 6, phase: "fail", code: "LEASE_LOST" },
  ];
  expect(coverageOf(evidence({ lines, events: eventsOf("accepted", "lease_expired") }))).toMatchObject({
    serverKills: 2,
    killsInFlight: 1,
    leasesExpired: 1,
    settlementsRefused: 1,
    enqueuesUnknown: 1,
    unknownButStored: 1,
  });
});

function seen(state: "succeeded" | "failed", valueHash: string | undefined): HistoryLine {
  const sight = { t: 30, op: "see", phase: "ok", proc: "observer", task: "t1", state } as const;
  return valueHash === undefined ? sight : { ...sight, valueHash };
}

function fault(op: "kill" | "stop" | "continue", t: number): FaultLine {
  return { t, op, phase: "ok", proc: "test", target: "worker-1" };
}

function freeze(from: number, until: number): HistoryLine[] {
  return [fault("stop", from), fault("continue", until)];
}
