import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import type { PartTask } from "../../model/canvas.ts";
import {
  canvasIdOf,
  defaultNamespace,
  type Instant,
  instantOf,
  type PartId,
  partIdOf,
  plus,
  queueNameOf,
  rootOf,
  scheduleIdOf,
  taskIdOf,
  taskNameOf,
} from "../../model/ids.ts";
import { defaults, limits } from "../../model/limits.ts";
import { unsaidNamespace } from "../../model/namespace.ts";
import type { Outcome } from "../../model/outcome.ts";
import { usualRetryPolicy } from "../../model/retry.ts";
import type { NewTask } from "../../model/task.ts";
import { decideSettle } from "../../model/task-machine.ts";
import type { Claimed } from "../../ports/task-store.ts";
import { partText } from "./canvases/parts.ts";
import type { CanvasToKeep } from "./canvases/to-keep.ts";
import type { PutToKeep } from "./schedules/kept-schedule.ts";
import type { WriterCalls } from "./threads/writer-verbs.ts";
import { openWriter } from "./writer.ts";

const [namespace, queue, now] = [defaultNamespace, queueNameOf("q"), instantOf(1_800_000_000_000)];
const body = new Uint8Array(100);
/** Nothing of what ended is remembered any more. */
const later = plus(now, 1002 + limits.tombstoneMs);

/** A task that has a row in as many tables as there can be. */
const aTask = (id: string, keepUntil?: Instant): NewTask => ({
  ...{ namespace, id: taskIdOf(id), name: taskNameOf("mail"), queue, priority: 5, notBefore: undefined },
  ...{ tags: ["t"], replayOf: undefined, content: body, contentHash: undefined },
  lineage: { parentId: taskIdOf("nobody"), rootId: taskIdOf("nobody") },
  ties: { limitKey: "k", orderingKey: undefined, fairnessKey: id, labels: undefined },
  unique: { key: id, onConflict: "reject", keepUntil, startBy: undefined },
  policy: {
    ...{ maxAttempts: 4, maxDeliveries: 20, retry: usualRetryPolicy(defaults), leaseMs: undefined },
    ...{ retentionMs: 1000, deadLetterRetentionMs: 1000, keepNewest: { count: 10, bytes: undefined } },
    ...{ unique: { until: "ended", forMs: 0 }, expireMs: 60_000, takesInput: true, links: "both" },
  },
  links: [
    {
      ...{ on: "succeeded", hands: { member: undefined }, acceptedAt: now, ownId: undefined },
      ...{ isStartFixed: false, expireAt: undefined },
      task: { ...plain, name: taskNameOf("next"), queue, ties: undefined },
    },
  ],
  input: {
    ...{
      from: taskIdOf("nobody"),
      fromName: taskNameOf("mail"),
      rootId: taskIdOf("nobody"),
      on: "succeeded",
    },
    ...{ isHanded: true, member: undefined, data: body, reason: undefined, attempt: 1 },
  },
});

const plain = {
  ...{ priority: 5, notBefore: undefined, tags: [], content: body, contentHash: undefined },
  policy: {
    ...{ maxAttempts: 4, maxDeliveries: 20, retry: usualRetryPolicy(defaults), leaseMs: undefined },
    ...{ retentionMs: 1000, deadLetterRetentionMs: 1000, takesInput: true },
  },
} as const;

/** What is in a canvas goes into a queue of its own. */
const canvasQueue = queueNameOf("canvases");
const canvas = canvasIdOf("a canvas");

const aMember = (id: string, index: number, next?: PartId): PartTask => {
  const place = { canvas, barrier: rootOf(canvas), index, reports: next ? "unsuccessful" : "end" } as const;
  const policy = { ...plain.policy, member: "ends" } as const;
  return {
    ...{ id: taskIdOf(id), acceptedAt: now, isStartFixed: false, expireAt: undefined, hands: undefined },
    task: { ...plain, name: taskNameOf("step"), queue: canvasQueue, ties: undefined, policy, place, next },
  };
};

/** A canvas of two members, one of which starts another task, that is gone as soon as it has ended. */
function aCanvas(): CanvasToKeep {
  const next = partIdOf("next");
  const part = { id: next, barriers: [], tasks: [aMember("follower", 1)] };
  return {
    ...{ namespace, id: canvas, lineage: { parentId: undefined, rootId: taskIdOf(canvas) }, ended: [] },
    facts: {
      ...{ contentHash: "hash", deadline: plus(now, 1), retentionMs: 0, purgeAt: undefined, name: "report" },
      ...{ tags: ["t"], description: body, retryOf: undefined },
    },
    root: {
      ...{ id: rootOf(canvas), place: undefined, shape: "list", onMemberFailure: "wait", size: 2 },
      ...{ isSealed: true, callbacks: [], next: undefined },
    },
    start: {
      id: partIdOf("start"),
      barriers: [],
      tasks: [aMember("first", 0), aMember("leader", 1, next)],
    },
    parts: [partText(part)],
  };
}

/** A schedule that something has become of. */
function aSchedule(): PutToKeep {
  const slot = { slot: now, dueAt: now, cause: "due", request: undefined } as const;
  return {
    before: undefined,
    schedule: {
      ...{ namespace, id: scheduleIdOf("daily"), revision: 1, createdAt: now, changedAt: now },
      ...{ pause: undefined, settings: "{}", target: { kind: "task", content: body } },
      progress: {
        ...{ round: 1, next: later, waiting: undefined, lookAt: later, passed: now, last: undefined },
        ...{ fired: 0, records: 1, end: undefined },
      },
    },
    records: [{ ...slot, place: 0, at: now, outcome: { kind: "skipped", reason: "late", until: undefined } }],
  };
}

/** A file in which one task has been retried, has succeeded and made another, and one waits; and a canvas that goes on. */
function aFullFile(keepUntil?: Instant) {
  const folder = mkdtempSync(join(tmpdir(), "stem-leftovers-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "stem.db");
  const lease = { leaseMs: 1000, graceMs: 0 };
  const options = { path, limits, durability: "relaxed", now, lease, pagesMax: undefined } as const;
  let writer = openWriter(options);
  const run = <T>(verb: (calls: WriterCalls) => T): T => {
    writer.begin(false);
    const answer = verb(writer.calls);
    writer.commit();
    return answer;
  };
  const claim = (from = queue) =>
    run((calls) =>
      calls.claim({
        ...{ namespace, queues: [from], limit: 1, worker: "w", now, ...lease },
        ...{ contentBytesMax: 10_000, tiers: undefined, turnsMax: undefined, labels: undefined },
      }),
    )[0];
  const settle = (claimed: Claimed | undefined, outcome: Outcome) => {
    if (claimed === undefined) throw new Error("there is nothing to settle");
    const decision = decideSettle(claimed, outcome, now, 0);
    const { id, fence } = claimed;
    run((calls) => calls.settle([{ namespace, id, fence, decision, outcomeHash: 1, now }]));
  };
  const settings = { ...unsaidNamespace, quotas: { ...unsaidNamespace.quotas, backlogBytes: 100_000 } };
  const record = {
    name: namespace,
    settings,
    state: "active",
    reason: "",
    createdAt: now,
    revision: 1,
  } as const;
  run((calls) => calls.createNamespace(record));
  run((calls) => calls.accept({ tasks: [aTask("a", keepUntil), aTask("b", keepUntil)], now, atomic: false }));
  run((calls) => calls.emitQueueEvent({ ref: { namespace, queue }, id: "e", name: "n", body, now }));
  const first = claim();
  if (first === undefined) throw new Error("nothing was claimed");
  const { id, fence } = first;
  const entries = [{ seq: 1, kind: "log", body }] as const;
  run((calls) => calls.writeOutput([{ namespace, id, fence, entries, now }]));
  settle(first, { kind: "failed", failure: body, nonRetryable: false, delayMs: 0, checkpoint: body });
  settle(claim(), { kind: "succeeded", result: body });
  run((calls) => calls.submitCanvas(aCanvas(), now));
  settle(claim(canvasQueue), { kind: "succeeded", result: body });
  const rows = () => {
    const db = new DatabaseSync(path, { readOnly: true });
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
    const counts = tables.map(({ name }) => [
      name,
      db.prepare(`SELECT count(*) AS n FROM ${name}`).get()?.["n"],
    ]);
    db.close();
    return Object.fromEntries(counts.filter(([, count]) => count !== 0)) as Record<string, number>;
  };
  onTestFinished(() => writer.close());
  const reopen = () => {
    writer.close();
    writer = openWriter(options);
  };
  /** Ends all that waits, and forgets all that ended, but for claims. */
  const forgetAll = () => {
    for (const from of [queue, canvasQueue])
      for (let next = claim(from); next !== undefined; next = claim(from))
        settle(next, { kind: "rejected", failure: body });
    expect(run((calls) => calls.pruneCanvases(plus(now, 1001), 10))).toBe(1);
    for (const at of [plus(now, 1001), later]) run((calls) => calls.prune(at, 100));
  };
  return { run, rows, record, reopen, forgetAll };
}

/** What speaks of all that ever was in the file. */
const ofTheFile = ["counters", "events", "migrations", "meta"];
const left = (rows: Record<string, number>) => Object.keys(rows).filter((name) => !ofTheFile.includes(name));

test("nothing of a namespace that was deleted stays, in whatever table", () => {
  const { run, rows, record } = aFullFile();
  run((calls) => calls.putSchedule(aSchedule()));
  expect(left(rows()).sort(), "it is full").toEqual([
    ...["attempts", "barriers", "canvas_tags", "canvases", "checkpoints", "contents", "deadlines", "inputs"],
    ...["links", "members", "namespaces", "output_heads", "outputs", "parts", "places", "queue_event_heads"],
    ...["queue_events", "queues", "results", "schedule_progress", "schedules", "shelved", "shelves"],
    ...["slot_records", "tags", "tasks", "ties", "turns", "unique_claims"],
  ]);
  run((calls) => calls.updateNamespace({ ...record, state: "deleting", revision: 2 }));
  while (run((calls) => calls.clearNamespace(namespace, now, 10)) !== "gone");
  expect(left(rows())).toEqual([]);
});

test("nothing of a task stays but its queue, once its record, its tombstone and its claim are over", () => {
  const { run, rows, forgetAll } = aFullFile();
  forgetAll();
  run((calls) => calls.pruneClaims(later, 100));
  expect(left(rows()).sort()).toEqual(["namespaces", "queue_event_heads", "queue_events", "queues"]);
});

test("a unique key that outlives all else of its task is in nobody's way after a restart", () => {
  const { run, rows, reopen, forgetAll } = aFullFile(plus(later, 1000));
  forgetAll();
  reopen();
  expect(rows()).toMatchObject({ unique_claims: 2 });
  const tasks = [aTask("a"), aTask("c")];
  expect(run((calls) => calls.accept({ tasks, now: later, atomic: false }))).toEqual([
    { unique: "taken", holder: "a" },
    "accepted",
  ]);
});
