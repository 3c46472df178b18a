import fc from "fast-check";
import { expect, test } from "vitest";
import { compile } from "../../server/src/beat/beat.ts";
import { defaultNamespace, type Instant, plus } from "../../server/src/model/ids.ts";
import { limits } from "../../server/src/model/limits.ts";
import {
  decideBackfill,
  decideDue,
  decideTrigger,
  type ScheduleDecision,
} from "../../server/src/model/schedule-decision.ts";
import type { Schedule, ScheduleSettings } from "../../server/src/model/schedule-record.ts";
import { newSchedule } from "../support/new-schedule.ts";
import { bytesOf } from "../support/new-task.ts";
import { makeReference } from "./reference.ts";
import { bounds, change, fireOf, recordsOf, scheduleRef } from "./schedule-subject.ts";
import { createSubject, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";
import { uniqueTask } from "./unique.ts";

const bound = { ...limits, schedulesPerNamespaceMax: 2, scheduleHistoryMax: 5 };

/** Random schedules, on the store and on the reference, which must become the same. */
export function scheduleTwinCases({ name, declared, open }: Suite): void {
  const seed = Number(process.env["STEM_SEED"] ?? Date.now() % 2 ** 31);
  const runs = Math.ceil(declared.model.runs / 3);
  test(`keeps schedules as the reference does, over ${runs} random sequences`, {
    timeout: 240_000,
  }, async () => {
    process.stdout.write(`${name}: ${runs} random schedules; repeat them with STEM_SEED=${seed}\n`);
    const [real, reference] = await Promise.all([open(bound), createSubject(makeReference, bound)]);
    const sameSchedules = fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40, size: "max" }),
      (steps) => compare(real, reference, steps),
    );
    await fc
      .assert(sameSchedules, { seed, numRuns: runs })
      .finally(() => Promise.all([real.dispose(), reference.dispose()]));
  });
}

async function compare(real: Subject, reference: Subject, steps: readonly Step[]): Promise<void> {
  // What an earlier sequence has left.
  await Promise.all([clear(real), clear(reference)]);
  const remembered = new Map<string, Schedule>();
  for (const each of steps) {
    const expected = await take(reference, each, remembered);
    expect(await take(real, each, remembered)).toEqual(expected);
    if (each.kind === "remember") await remember(reference, each.id, remembered);
  }
  expect(await all(real)).toEqual(await all(reference));
}

const ids = ["a", "b", "c"] as const;
const idOf = fc.constantFrom(...ids);
const overlap = fc.constantFrom("allow", "skip", "queue_one", "cancel_running" as const);
const details = fc.record({ unique: fc.boolean(), stale: fc.boolean(), isRunning: fc.boolean() });

const settings = fc.record({
  everyMs: fc.constantFrom(1000, 7000),
  ...{ overlap, canvas: fc.boolean(), isEnabled: fc.boolean() },
  ...{ jitterMs: fc.constantFrom(0, 500), runsMax: fc.constantFrom(undefined, 1, 3) },
  expireMs: fc.constantFrom(undefined, 5000, 60_000),
  all: fc.boolean(),
  removes: fc.boolean(),
});

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("make" as const), id: idOf, settings }) },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ kind: fc.constant("change" as const), id: idOf, settings },
      ...{ isPaused: fc.boolean(), stale: fc.boolean() },
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("fire" as const), id: idOf, details }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("trigger" as const),
      id: idOf,
      details,
      request: idOf,
      overlap,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("backfill" as const), id: idOf, details, request: idOf }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("remember" as const), id: idOf }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("delete" as const),
      id: idOf,
      revision: fc.constantFrom(undefined, 1, 2),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(1, 900, 7000, 30_000) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("run" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("look" as const), limit: fc.constantFrom(1, 2, 100) }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
type Said = Extract<Step, { kind: "make" }>["settings"];
type Details = Extract<Step, { kind: "fire" }>["details"];

function saidOf(said: Said, now: Instant): Partial<ScheduleSettings> {
  const { everyMs, runsMax, expireMs, jitterMs, isEnabled, removes } = said;
  return {
    spec: { kind: "interval", everyMs, anchor: plus(now, 0), start: plus(now, 1) },
    target: { kind: said.canvas ? "canvas" : "task", content: bytesOf(JSON.stringify(said)) },
    catchUp: said.all ? { kind: "all", max: 4, horizonMs: 60_000 } : { kind: "one" },
    ...{ overlap: said.overlap, runsMax, jitterMs, isEnabled, whenOver: removes ? "remove" : "keep" },
    expireAt: expireMs === undefined ? undefined : plus(now, expireMs),
  };
}

/** Takes a step; answers what is to be seen of it. `remembered`: schedules as they once were. */
async function take(
  subject: Subject,
  each: Step,
  remembered: ReadonlyMap<string, Schedule>,
): Promise<unknown> {
  const { store, now } = subject;
  switch (each.kind) {
    case "make": {
      const schedule = newSchedule(each.id, now, saidOf(each.settings, now));
      return store.putSchedule({ schedule, before: undefined, records: [] });
    }
    case "change": {
      const before = await found(subject, each.id, each.stale, remembered);
      if (before === undefined) return undefined;
      const pause = each.isPaused ? { at: now, note: "why", by: "who" } : undefined;
      return change(subject, before, {
        settings: { ...before.settings, ...saidOf(each.settings, now) },
        pause,
      });
    }
    case "fire":
      return fire(subject, each, remembered, (at) => decideDue(at, 3));
    case "trigger":
      return fire(subject, each, remembered, (at) => decideTrigger(at, each.request, each.overlap));
    case "backfill":
      return fire(subject, each, remembered, (at) =>
        decideBackfill(
          at,
          [plus(at.schedule.createdAt, -2000), plus(at.schedule.createdAt, -1000)],
          each.request,
        ),
      );
    case "delete":
      return store.deleteSchedule(scheduleRef(each.id), each.revision);
    case "wait":
      return subject.advance(each.ms);
    case "run":
      return run(subject);
    case "look":
      return look(subject, each.limit);
    case "remember":
      return undefined;
  }
}

async function found(
  { store }: Subject,
  id: string,
  stale: boolean,
  remembered: ReadonlyMap<string, Schedule>,
): Promise<Schedule | undefined> {
  if (stale && remembered.has(id)) return remembered.get(id);
  return (await store.readSchedules([scheduleRef(id)]))[0];
}

async function remember({ store }: Subject, id: string, into: Map<string, Schedule>): Promise<void> {
  const [schedule] = await store.readSchedules([scheduleRef(id)]);
  if (schedule !== undefined) into.set(id, schedule);
}

type FoundAt = Parameters<typeof decideDue>[0];

async function fire(
  subject: Subject,
  { id, details: how }: { readonly id: string; readonly details: Details },
  remembered: ReadonlyMap<string, Schedule>,
  decide: (at: FoundAt) => ScheduleDecision,
): Promise<unknown> {
  const { store, now } = subject;
  const schedule = await found(subject, id, how.stale, remembered);
  if (schedule === undefined) return undefined;
  const slots = compile(schedule.settings.spec);
  const decision = decide({ schedule, slots, isRunning: how.isRunning, now });
  const { policy, unique } = uniqueTask("any");
  const own = fireOf(schedule, decision, how.unique ? { policy, unique } : {});
  const isOver = decision.after.end !== undefined && schedule.settings.whenOver === "remove";
  return store.fireSchedules([isOver ? { ...own, after: "removed" } : own], now);
}

async function run(subject: Subject): Promise<readonly string[]> {
  const claimed = await subject.claim({ limit: 2 });
  for (const one of claimed) await subject.settle(one, { kind: "succeeded", result: undefined });
  return claimed.map(({ id }) => id);
}

async function look({ store, now }: Subject, limit: number): Promise<unknown> {
  const due = await store.dueSchedules(now, { ...bounds, limit: 100 });
  const listed = await store.listSchedules({
    namespace: defaultNamespace,
    after: undefined,
    ...bounds,
    limit,
  });
  // Those of one instant come in any order.
  const byId = due.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return { due: byId, listed, count: (await store.dueSchedules(now, { ...bounds, limit })).length };
}

/** All that there is. */
async function all(subject: Subject): Promise<unknown> {
  const { tasks } = await subject.list();
  const histories = await Promise.all(ids.map((id) => recordsOf(subject, id)));
  const states = tasks.map(({ id, state, place }) => [id, state, place?.canvas]);
  return { seen: await look(subject, 100), histories, states };
}

/** Away with all of it. */
async function clear({ store, now }: Subject): Promise<void> {
  while ((await store.clearNamespace(defaultNamespace, now, 100)) === "more");
  expect(await store.listSchedules({ namespace: defaultNamespace, after: undefined, ...bounds })).toEqual([]);
}
