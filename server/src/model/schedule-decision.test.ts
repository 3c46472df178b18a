import { expect, test } from "vitest";
import { type Instant, instantOf, namespaceOf, scheduleIdOf } from "./ids.ts";
import type { ScheduleSpec, Slots } from "./schedule.ts";
import { changedSchedule, newSchedule } from "./schedule-change.ts";
import { decideBackfill, decideDue, decideTrigger, type ScheduleDecision } from "./schedule-decision.ts";
import type { Schedule, ScheduleSettings } from "./schedule-record.ts";
import { dueAtOf } from "./slot-due.ts";

/** Every hundred, from a hundred to a thousand. */
const slots: Slots = {
  nextAfter: (after) => {
    const next = Math.max(100, Math.floor(after / 100) * 100 + 100);
    return next > 1000 ? undefined : instantOf(next);
  },
};

const at = instantOf;
const ref = { namespace: namespaceOf("default"), id: scheduleIdOf("s") };
const spec: ScheduleSpec = { kind: "interval", everyMs: 1000, anchor: at(0) };

const settings = (own: Partial<ScheduleSettings> = {}): ScheduleSettings => ({
  ...{ spec, target: { kind: "task", content: new Uint8Array() } },
  ...{ catchUp: { kind: "one" }, overlap: "allow", jitterMs: 0, isEnabled: true },
  ...{ expireAt: undefined, runsMax: undefined, priority: undefined, whenOver: "keep", description: "" },
  ...own,
});

const made = (own: Partial<ScheduleSettings> = {}, now = 50): Schedule =>
  newSchedule(ref, settings(own), { slots, now: at(now) });

type Moment = { readonly isRunning?: boolean; readonly startsMax?: number };

const decide = (schedule: Schedule, now: number, { isRunning = false, startsMax = 100 }: Moment = {}) =>
  decideDue({ schedule, slots, isRunning, now: at(now) }, startsMax);

const after = (schedule: Schedule, { after: progress }: ScheduleDecision): Schedule => ({
  ...schedule,
  progress,
});

/** Each record in a few words. */
const words = ({ records }: Pick<ScheduleDecision, "records">): readonly string[] =>
  records.map(({ slot, outcome }) => {
    if (outcome.kind !== "skipped") return `${slot} ${outcome.kind}`;
    return `${slot}${outcome.until === undefined ? "" : `-${outcome.until}`} ${outcome.reason}`;
  });

const all = { kind: "all", max: 10, horizonMs: 10_000 } as const;

test("a new schedule waits for its first slot that is not over", () => {
  expect(made().progress).toMatchObject({ round: 1, next: 100, lookAt: 100, end: undefined, fired: 0 });
  expect(made({}, 300).progress).toMatchObject({ next: 300, lookAt: 300 });
  expect(made({}, 1001).progress).toMatchObject({ next: undefined, lookAt: undefined, end: "over" });
  expect(made({ isEnabled: false }).progress).toMatchObject({ next: undefined, end: undefined });
  expect(made({ expireAt: at(100) }).progress).toMatchObject({ next: undefined, end: "expired" });
});

test("nothing becomes of a slot before its time", () => {
  const decision = decide(made(), 99);
  expect(words(decision)).toEqual([]);
  expect(decision.after).toMatchObject({ round: 2, next: 100, lookAt: 100, fired: 0 });
});

test("a slot that is due is started, and the next one waited for", () => {
  const decision = decide(made(), 101);
  expect(words(decision)).toEqual(["100 started"]);
  expect(decision.records[0]).toMatchObject({ place: 0, dueAt: 100, at: 101, cause: "due" });
  expect(decision.after).toMatchObject({ next: 200, lookAt: 200, fired: 1, records: 1, passed: 100 });
  expect(decision.after.last).toMatchObject({ slot: 100, at: 101 });
});

test("ids follow from the schedule, its revision and the slot", () => {
  const idIn = (schedule: Schedule, now: number) => {
    const record = decide(schedule, now).records.at(-1);
    if (record?.outcome.kind !== "started") throw new Error("nothing was started");
    return record.outcome.started.id;
  };
  const schedule = made();
  expect(idIn(schedule, 100)).toBe(idIn(schedule, 150));
  const others = [
    { ...schedule, revision: 2 },
    { ...schedule, createdAt: at(49) },
    { ...schedule, id: scheduleIdOf("t") },
    { ...schedule, namespace: namespaceOf("other") },
    after(schedule, decide(schedule, 100)),
  ];
  const ids = [idIn(schedule, 100), ...others.map((other) => idIn(other, 200))];
  expect(new Set(ids).size).toBe(ids.length);
});

test("slots that went by are started as the catch-up says, a piece at a time", () => {
  const schedule = made({ catchUp: all });
  const first = decide(schedule, 450, { startsMax: 3 });
  expect(words(first)).toEqual(["100 started", "200 started", "300 started"]);
  expect(first.after).toMatchObject({ next: 400, lookAt: 400, fired: 3 });
  const second = decide(after(schedule, first), 450, { startsMax: 3 });
  expect(words(second)).toEqual(["400 started"]);
  expect(second.records[0]).toMatchObject({ place: 3 });
  expect(words(decide(made(), 450))).toEqual(["100-400 superseded", "400 started"]);
});

test("a schedule has so many runs as it may, and no more", () => {
  const schedule = made({ catchUp: all, runsMax: 2 });
  const decision = decide(schedule, 450);
  expect(words(decision)).toEqual(["100 started", "200 started"]);
  expect(decision.after).toMatchObject({ next: undefined, lookAt: undefined, end: "max_runs", fired: 2 });
});

test("nothing fires from its expiry on", () => {
  const schedule = made({ catchUp: all, expireAt: at(250) });
  const decision = decide(schedule, 200);
  expect(words(decision)).toEqual(["100 started", "200 started"]);
  expect(decision.after).toMatchObject({ next: undefined, end: "expired" });
  expect(words(decide(schedule, 250))).toEqual(["100-251 expired"]);
});

test("a schedule is over with its last slot", () => {
  const decision = decide(made({}, 950), 1000);
  expect(words(decision)).toEqual(["1000 started"]);
  expect(decision.after).toMatchObject({ next: undefined, lookAt: undefined, end: "over" });
});

test("a slot is left out while what was started last goes on", () => {
  const schedule = made({ overlap: "skip" });
  expect(words(decide(schedule, 100, { isRunning: true }))).toEqual(["100 still_running"]);
  expect(words(decide(schedule, 100))).toEqual(["100 started"]);
  expect(decide(schedule, 100, { isRunning: true }).after).toMatchObject({ fired: 0, next: 200 });
});

test("of several slots at once only the first is started, where one may not run beside another", () => {
  expect(words(decide(made({ catchUp: all, overlap: "skip" }), 300))).toEqual([
    "100 started",
    "200 still_running",
    "300 still_running",
  ]);
  expect(words(decide(made({ catchUp: all, overlap: "queue_one" }), 300))).toEqual([
    "100 started",
    "300 one_is_waiting",
  ]);
});

test("of several slots at once only the newest is started, where it would cancel the others", () => {
  const schedule = made({ catchUp: all, overlap: "cancel_running" });
  const decision = decide(schedule, 300, { isRunning: true });
  expect(words(decision)).toEqual(["100 superseded", "200 superseded", "300 started"]);
  expect(decision.isLastCancelled).toBe(true);
  expect(decide(schedule, 300).isLastCancelled).toBe(false);
});

test("one slot waits for the end of what was started last, and is looked at the less often the longer it does", () => {
  const schedule = made({ overlap: "queue_one" });
  const waits = decide(schedule, 100, { isRunning: true });
  expect(words(waits)).toEqual([]);
  expect(waits.after).toMatchObject({ waiting: { slot: 100, since: 100 }, fired: 0, next: 200, lookAt: 200 });
  const still = decide(after(schedule, waits), 1000, { isRunning: true });
  expect(words(still)).toEqual(["200-1000 superseded", "1000 one_is_waiting"]);
  expect(still.after).toMatchObject({ next: undefined, end: "over", lookAt: 2000, waiting: { slot: 100 } });
  const later = decide(after(schedule, still), 80_100, { isRunning: true });
  expect(later.after.lookAt).toBe(90_100);
  expect(decide(after(schedule, still), 800_100, { isRunning: true }).after.lookAt).toBe(860_100);
  const started = decide(after(schedule, later), 90_100);
  expect(words(started)).toEqual(["100 started"]);
  expect(started.after).toMatchObject({ waiting: undefined, fired: 1, passed: 1000, lookAt: undefined });
});

test("what waits counts among the runs that there may be", () => {
  const schedule = made({ overlap: "queue_one", runsMax: 1 });
  const waits = decide(schedule, 100, { isRunning: true });
  expect(waits.after).toMatchObject({ next: undefined, end: "max_runs", fired: 0 });
  expect(decide(after(schedule, waits), 5000).after).toMatchObject({ fired: 1, end: "max_runs" });
});

test("what waited is running for the slot that comes then", () => {
  const schedule = made({ overlap: "queue_one" });
  const waits = after(schedule, decide(schedule, 100, { isRunning: true }));
  const decision = decide(waits, 200);
  expect(words(decision)).toEqual(["100 started"]);
  expect(decision.after.waiting).toMatchObject({ slot: 200 });
});

test("somebody's wish is started now, counts as no run, and moves no slot", () => {
  const schedule = made({ overlap: "skip", runsMax: 1 });
  const found = { schedule, slots, isRunning: false, now: at(70) };
  const decision = decideTrigger(found, "r", "skip");
  expect(words(decision)).toEqual(["70 started"]);
  expect(decision.records[0]).toMatchObject({ cause: "trigger", request: "r" });
  expect(decision.after).toMatchObject({ next: 100, fired: 0, last: { slot: 70 }, passed: undefined });
  expect(words(decideTrigger({ ...found, isRunning: true }, "r", "skip"))).toEqual(["70 still_running"]);
  const waits = decideTrigger({ ...found, isRunning: true }, "r", "queue_one");
  expect(waits.after).toMatchObject({ waiting: { slot: 70, cause: "trigger", request: "r" } });
});

test("the same wish starts the same, another one something else", () => {
  const found = { schedule: made(), slots, isRunning: false, now: at(70) };
  const outcomes = ["r", "r", "q"].map(
    (request) => decideTrigger(found, request, "allow").records[0]?.outcome,
  );
  expect(outcomes[1]).toEqual(outcomes[0]);
  expect(outcomes[2]).not.toEqual(outcomes[0]);
});

test("slots of the past are started beside whatever goes on", () => {
  const schedule = after(made(), decide(made(), 550));
  const found = { schedule, slots, isRunning: true, now: at(560) };
  const decision = decideBackfill(found, [at(100), at(200)], "r");
  expect(words(decision)).toEqual(["100 started", "200 started"]);
  expect(decision.after).toMatchObject({ next: 600, fired: 1, last: schedule.progress.last, passed: 500 });
});

test("jitter is over before the next slot, and no slot is due before its own", () => {
  const jitterMs = 90_000;
  const schedule = made({ jitterMs, catchUp: { kind: "none", graceMs: 0 } });
  const spread = { id: schedule.id, slots, jitterMs };
  const dues = [100, 200, 300, 400, 500].map((slot) => dueAtOf(spread, at(slot)));
  expect(dues.every((due, index) => due >= 100 + index * 100 && due < 200 + index * 100)).toBe(true);
  expect(new Set(dues.map((due) => due % 100)).size).toBeGreaterThan(1);
  expect(schedule.progress).toMatchObject({ next: 100, lookAt: dues[0] });
  let now: Instant | undefined = schedule.progress.lookAt;
  let current = schedule;
  for (const [index, due] of dues.entries()) {
    expect(now).toBe(due);
    expect(words(decide(current, due - 1))).toEqual([]);
    const decision = decide(current, due);
    expect(words(decision)).toEqual([`${100 + index * 100} started`]);
    current = after(current, decision);
    now = decision.after.lookAt;
  }
});

test("a change of what is started leaves the next slot; one of when it is due makes it begin anew", () => {
  const schedule = made();
  const coming = { slots, now: at(250) };
  const same = changedSchedule(schedule, { settings: settings({ priority: 3 }), pause: undefined }, coming);
  expect(same.schedule).toMatchObject({ revision: 2, changedAt: 250, progress: { round: 2, next: 100 } });
  const other = { ...spec, everyMs: 2000 };
  const anew = changedSchedule(schedule, { settings: settings({ spec: other }), pause: undefined }, coming);
  expect(anew.schedule.progress.next).toBe(300);
});

test("a schedule that goes on again begins anew, but not with a slot that was decided upon", () => {
  const fired = after(made(), decide(made(), 100));
  const pause = { at: at(100), note: "", by: "" };
  const paused = changedSchedule(
    fired,
    { settings: fired.settings, pause },
    { slots, now: at(100) },
  ).schedule;
  expect(paused.progress).toMatchObject({ next: undefined, lookAt: undefined, end: undefined });
  const resumed = (now: number) =>
    changedSchedule(paused, { settings: paused.settings, pause: undefined }, { slots, now: at(now) })
      .schedule;
  expect(resumed(100).progress.next).toBe(200);
  expect(resumed(350).progress.next).toBe(400);
  // Its clock was far ahead when it fired.
  expect(resumed(50).progress.next).toBe(100);
});

test("what waits is passed over by a pause", () => {
  const schedule = made({ overlap: "queue_one" });
  const waiting = after(schedule, decide(schedule, 100, { isRunning: true }));
  const pause = { at: at(120), note: "", by: "" };
  const changed = changedSchedule(waiting, { settings: waiting.settings, pause }, { slots, now: at(120) });
  expect(words(changed)).toEqual(["100 paused"]);
  expect(changed.schedule.progress).toMatchObject({ waiting: undefined, lookAt: undefined, records: 1 });
});

test("a clocked schedule has its instant, also when that is over, until it was decided upon", () => {
  const clocked = { kind: "clocked", at: at(100) } as const;
  const once: Slots = { nextAfter: (before) => (before < 100 ? at(100) : undefined) };
  const schedule = newSchedule(ref, settings({ spec: clocked }), { slots: once, now: at(500) });
  expect(schedule.progress).toMatchObject({ next: 100, lookAt: 100 });
  const decision = decideDue({ schedule, slots: once, isRunning: false, now: at(500) }, 100);
  expect(words(decision)).toEqual(["100 started"]);
  const done = after(schedule, decision);
  const pause = { at: at(500), note: "", by: "" };
  const paused = changedSchedule(done, { settings: done.settings, pause }, { slots: once, now: at(500) });
  const again = changedSchedule(
    paused.schedule,
    { settings: done.settings, pause: undefined },
    { slots: once, now: at(600) },
  );
  expect(again.schedule.progress).toMatchObject({ next: undefined, end: "over" });
});
