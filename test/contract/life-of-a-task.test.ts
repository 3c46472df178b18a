import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { instantOf, plus } from "../../server/src/model/ids.ts";
import { limits } from "../../server/src/model/limits.ts";
import type { Outcome } from "../../server/src/model/outcome.ts";
import { type TaskPolicy, taskStates } from "../../server/src/model/task.ts";
import type { Claimed } from "../../server/src/ports/task-store.ts";
import { createMemoryStore } from "../../server/src/storage/memory/memory.ts";
import { bytesOf, newTask, type TaskDetails } from "../support/new-task.ts";
import { createSubject, lease, type MakePlace, refOf, type Subject } from "./subject.ts";

const drawing = readFileSync(new URL("../../docs/life-of-a-task.md", import.meta.url), "utf8");

test("the drawings of the life of a task show what the code does, and all of it", async () => {
  expect([...drawnArrows(drawing)].sort()).toEqual([...(await seenArrows())].sort());
});

test("every state and every reason of a task is in the text", () => {
  const reasons = [
    "delay",
    "backoff",
    "unknown_name",
    "released",
    "lease_expired",
    "max_attempts",
    "max_deliveries",
  ];
  const late = ["start_overdue", "at_most_once", "worker_lost"];
  const cancels = ["cancel_requested", "purged", "replaced"];
  const ends = [...late, ...cancels, "non_retryable", "rejected", "result_too_large"];
  for (const word of [...taskStates, ...reasons, ...ends]) expect(drawing).toContain(`\`${word}\``);
});

/** Every arrow of every drawing, as "from event to". */
function drawnArrows(text: string): Set<string> {
  const drawings = [...text.matchAll(/```mermaid\nstateDiagram-v2\n(.*?)```/gs)].map(
    ([, lines]) => lines ?? "",
  );
  const lines = drawings.flatMap((lines) => lines.split("\n")).filter((line) => line.trim() !== "");
  const arrows = lines.flatMap((line) => {
    const [, from, to, events] = /^ {4}(\S+) --> (\S+) : (.+)$/.exec(line) ?? [];
    if (events === undefined) throw new Error(`not an arrow: ${line}`);
    return events.split(", ").map((event) => `${from} ${event} ${to}`);
  });
  const arrowSet = new Set(arrows);
  if (arrowSet.size !== arrows.length) throw new Error("an arrow is drawn twice");
  return arrowSet;
}

type Event = (subject: Subject, claimed: Claimed | undefined) => Promise<unknown>;

const settled =
  (outcome: Outcome): Event =>
  async (subject, claimed) =>
    claimed && subject.settle(claimed, outcome);

const subjectEdit =
  (start: "ready" | "later"): Event =>
  (subject) =>
    subject.edit(refOf("a"), {
      priority: 9,
      start: start === "ready" ? subject.now : plus(subject.now, 1000),
    });

/** Everything that can happen to a task, each kind in all its variants. */
const events: Readonly<Record<string, readonly Event[]>> = {
  due: [(subject) => subject.stage(), (subject) => subject.apply(refOf("a"), { kind: "due" })],
  claim: [(subject) => subject.claim()],
  extend: [async (subject, claimed) => claimed && subject.extend(claimed)],
  lease_expired: [(subject) => subject.reap()],
  cancel: [(subject) => subject.cancel("a")],
  purge: [(subject) => subject.apply(refOf("a"), { kind: "purge" })],
  update: [subjectEdit("ready"), subjectEdit("later")],
  remove: [(subject) => subject.store.remove([refOf("a")], subject.now)],
  replace: [(subject) => subject.apply(refOf("a"), { kind: "replace" })],
  overdue: [(subject) => subject.apply(refOf("a"), { kind: "overdue" })],
  prune: [(subject) => subject.store.prune(subject.now, 10)],
  succeeded: [settled({ kind: "succeeded", result: undefined })],
  failed: [true, false].map((nonRetryable) =>
    settled({ kind: "failed", failure: bytesOf("x"), nonRetryable }),
  ),
  retry: [undefined, 0, 10].map((delayMs) => settled({ kind: "retry", delayMs, failure: undefined })),
  released: [undefined, true].map((unstarted) => settled({ kind: "released", unstarted })),
  rejected: [settled({ kind: "rejected", failure: bytesOf("x") })],
  result_too_large: [settled({ kind: "result_too_large", failure: bytesOf("x") })],
  unknown_name: [settled({ kind: "unknown_name" })],
};

type Situation = { readonly details?: TaskDetails; readonly lead?: (subject: Subject) => Promise<Claimed> };

const claimFirst = (subject: Subject): Promise<Claimed> => subject.claimOne();
const afterClaim =
  (then: Event) =>
  async (subject: Subject): Promise<Claimed> => {
    const claimed = await subject.claimOne();
    await then(subject, claimed);
    return claimed;
  };
const expire = (subject: Subject): Promise<number> => {
  subject.advance(lease.leaseMs + lease.graceMs + 1);
  return subject.reap();
};
const policy = (own: Partial<TaskPolicy>): TaskDetails => ({ policy: { retentionMs: 0, ...own } });
const atOnce = { jitter: "none", factor: 1, baseMs: 0, maxMs: 0 } as const;
const policies = [
  policy({}),
  policy({ retry: atOnce }),
  policy({ maxAttempts: 1 }),
  policy({ maxDeliveries: 1 }),
  policy({ ackEarly: true }),
  policy({ expireMs: 1_000_000 }),
];

/** Every situation in which a task's state, its counts or what was asked of it make a difference. */
const situations: readonly Situation[] = [
  { details: policy({}) },
  { details: { ...policy({}), notBefore: instantOf(Number.MAX_SAFE_INTEGER) } },
  { details: { ...policy({ expireMs: 1 }), notBefore: instantOf(Number.MAX_SAFE_INTEGER) } },
  ...policies.map((details) => ({ details, lead: claimFirst })),
  ...policies.map((details) => ({ details, lead: afterClaim(expire) })),
  ...[
    (subject: Subject) => subject.cancel("a"),
    settled({ kind: "released" }),
    settled({ kind: "retry", delayMs: 10, failure: undefined }),
    settled({ kind: "succeeded", result: undefined }),
    settled({ kind: "rejected", failure: bytesOf("x") }),
    async (subject: Subject) => {
      await expire(subject);
      await subject.cancel("a");
    },
  ].map((then) => ({ details: policy({}), lead: afterClaim(then) })),
  {
    details: policy({ expireMs: 1 }),
    lead: afterClaim(async (subject, claimed) => {
      subject.advance(1);
      await settled({ kind: "released" })(subject, claimed);
    }),
  },
];

/** Every arrow that a task takes when every event meets every situation. */
async function seenArrows(): Promise<Set<string>> {
  const arrows = new Set<string>();
  for (const situation of situations) {
    for (const [name, variants] of Object.entries(events)) {
      for (const event of variants)
        for (const arrow of await arrowsOf(situation, name, event)) arrows.add(arrow);
    }
  }
  return arrows;
}

/** The arrow by which the task came in, and the one that the event makes it take, if any. */
async function arrowsOf(situation: Situation, name: string, event: Event): Promise<readonly string[]> {
  const subject = await createSubject(makeMemory, limits);
  await subject.accept(newTask("a", situation.details));
  const accepted = `[*] accept ${(await subject.task("a")).state}`;
  const claimed = await situation.lead?.(subject);
  subject.advance(limits.leaseMsMax);
  const before = await subject.task("a");
  await event(subject, claimed);
  const [after] = await subject.store.read([refOf("a")]);
  if (after === undefined) return [accepted, `${before.state} ${name} [*]`];
  return isDeepStrictEqual(after, before) ? [accepted] : [accepted, `${before.state} ${name} ${after.state}`];
}

const makeMemory: MakePlace = async (options) => {
  const store = createMemoryStore(options);
  return { open: async () => store, remove: store.close };
};
