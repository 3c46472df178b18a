import { create, toBinary } from "@bufbuild/protobuf";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import { expect, test } from "vitest";
import { defaultNamespace, instantOf, plus } from "../../../server/src/model/ids.ts";
import type { ScheduleSettings, SlotRecord, Started } from "../../../server/src/model/schedule-record.ts";
import { canvasTarget, openBeat, scheduleRefOf, taskTarget } from "../../support/beat-room.ts";

type Beat = Awaited<ReturnType<typeof openBeat>>;

const ref = scheduleRefOf();
const slotMs = 10_000;

/** Opens rooms with one schedule, every ten seconds. */
async function withSchedule(own: Partial<ScheduleSettings> = {}): Promise<Beat> {
  const beat = await openBeat();
  await beat.make(own);
  return beat;
}

const nextSlot = ({ clock }: Beat): Promise<void> => clock.advance(slotMs);

/** What became of its slots, oldest first, each in a few words. */
async function told({ schedules }: Beat): Promise<readonly string[]> {
  const records = await schedules.history(ref, { before: undefined, limit: 100 });
  return records
    .map(({ outcome, state }) => {
      if (outcome.kind === "started") return `${outcome.started.kind} ${state}`;
      return outcome.kind === "not_made" ? `not made: ${outcome.why}` : outcome.reason;
    })
    .reverse();
}

function startedIn({ outcome }: SlotRecord): Started {
  if (outcome.kind !== "started") throw new Error("nothing was started");
  return outcome.started;
}

test("a schedule's tasks reach a worker when their time has come", async () => {
  const beat = await withSchedule({ priority: 3 });
  const worker = await beat.worker();
  const taken = worker.takeOne();
  await nextSlot(beat);
  const lease = await taken;
  expect(await beat.read(lease.taskId)).toMatchObject({ state: "leased", priority: 3, name: "test.work" });
  await worker.succeed(lease);
  await nextSlot(beat);
  expect(await told(beat)).toEqual(["task succeeded", "task ready"]);
  await beat.close();
});

test("a server that drains fires nothing, and what is due stays due", async () => {
  const beat = await withSchedule();
  await nextSlot(beat);
  beat.broker.drain();
  await nextSlot(beat);
  expect(await told(beat)).toEqual(["task ready"]);
  expect((await beat.schedules.get(ref)).progress.next).toBe(beat.clock.now());
  await beat.close();
});

test("a priority that a target says itself is its own", async () => {
  const task = create(NewTaskSchema, { name: "test.work", options: { priority: 9 } });
  const target = { kind: "task", content: toBinary(NewTaskSchema, task) } as const;
  const beat = await withSchedule({ priority: 3, target });
  await nextSlot(beat);
  const [record] = await beat.schedules.history(ref, { before: undefined, limit: 1 });
  if (record === undefined) throw new Error("nothing became of the slot");
  expect((await beat.read(startedIn(record).id)).priority).toBe(9);
  await beat.close();
});

test("a schedule starts a canvas, which counts as running until it has ended", async () => {
  const beat = await withSchedule({ target: canvasTarget(), overlap: "skip" });
  const worker = await beat.worker();
  await nextSlot(beat);
  await nextSlot(beat);
  expect(await told(beat)).toEqual(["canvas open", "still_running"]);
  for (const lease of await worker.take()) await worker.succeed(lease);
  await nextSlot(beat);
  expect(await told(beat)).toEqual(["canvas succeeded", "still_running", "canvas open"]);
  await beat.close();
});

test("a slot that waits starts when what runs has ended", async () => {
  const beat = await withSchedule({ overlap: "queue_one" });
  const worker = await beat.worker();
  await nextSlot(beat);
  const first = await worker.takeOne();
  await nextSlot(beat);
  await worker.heartbeat();
  await nextSlot(beat);
  expect(await told(beat)).toEqual(["task leased", "one_is_waiting"]);
  await worker.succeed(first);
  await beat.clock.advance(2000);
  expect(await told(beat)).toEqual(["task succeeded", "one_is_waiting", "task ready"]);
  await beat.close();
});

test("what runs is cancelled for the next slot", async () => {
  const beat = await withSchedule({ overlap: "cancel_running" });
  const worker = await beat.worker();
  await nextSlot(beat);
  const lease = await worker.takeOne();
  await nextSlot(beat);
  expect(worker.cancels).toMatchObject([{ token: lease.token }]);
  expect(await beat.read(lease.taskId)).toMatchObject({
    cancel: { reason: "the next slot of schedule s has come", requester: "stem" },
  });
  expect(await told(beat)).toEqual(["task leased", "task ready"]);
  await nextSlot(beat);
  expect(await told(beat)).toEqual(["task leased", "task cancelled", "task ready"]);
  await beat.close();
});

test("a canvas that runs is cancelled for the next slot", async () => {
  const beat = await withSchedule({ target: canvasTarget(), overlap: "cancel_running" });
  await nextSlot(beat);
  await nextSlot(beat);
  expect(await told(beat)).toEqual(["canvas cancelled", "canvas open"]);
  await beat.close();
});

test("a schedule is triggered once for each request, as its policy says or another one", async () => {
  const beat = await withSchedule({ overlap: "skip" });
  const trigger = (request: string, overlap?: ScheduleSettings["overlap"]) =>
    beat.schedules.trigger(ref, { request, overlap });
  const first = await trigger("a");
  if (first.kind !== "decided") throw new Error("nothing was decided");
  const started = startedIn(first.record);
  expect(await trigger("a")).toEqual({ kind: "repeated", started });
  expect(await trigger("b")).toMatchObject({ record: { outcome: { reason: "still_running" } } });
  expect(await trigger("c", "allow")).toMatchObject({ record: { cause: "trigger", request: "c" } });
  for (const _ of [1, 2]) expect(await trigger("d", "queue_one")).toEqual({ kind: "waiting" });
  const schedule = await beat.schedules.get(ref);
  expect(schedule.progress).toMatchObject({ fired: 0, next: plus(schedule.createdAt, slotMs) });
  await expect(
    beat.schedules.trigger(scheduleRefOf("none"), { request: "a", overlap: undefined }),
  ).rejects.toThrow("SCHEDULE_UNKNOWN");
  await beat.close();
});

test("slots of the past are started again, beside each other, and not twice for one request", async () => {
  const beat = await withSchedule({ overlap: "skip" });
  const from = beat.clock.now();
  await beat.clock.advance(5 * slotMs);
  const wish = { request: "again", from: plus(from, slotMs), to: plus(from, 4 * slotMs) };
  const records = await beat.schedules.backfill(ref, wish);
  expect(records.map(({ slot, cause }) => [slot - from, cause])).toEqual(
    [1, 2, 3].map((n) => [n * slotMs, "backfill"]),
  );
  await beat.schedules.backfill(ref, wish);
  const { tasks } = await beat.backend.list({
    ...{ namespace: defaultNamespace, states: [], queue: undefined, name: undefined, tag: undefined },
    ...{ createdFrom: undefined, createdTo: undefined, limit: 100, after: undefined },
    ...{ bytesMax: 1_000_000, full: false },
  });
  // One by a slot, for the others found it running, and three by the request.
  expect(tasks).toHaveLength(4);
  const refuse = async (range: { from: number; to: number }, why: RegExp) =>
    expect(
      beat.schedules.backfill(ref, {
        request: "r",
        from: instantOf(range.from),
        to: instantOf(range.to),
      }),
    ).rejects.toMatchObject({
      problem: { violations: [{ field: "to_time", description: expect.stringMatching(why) }] },
    });
  await refuse({ from, to: from }, /after the start/);
  await refuse({ from, to: from + 1_000_000 }, /future/);
  await beat.close();
});

test("a schedule that is paused starts nothing, says why, and goes on from when it is resumed", async () => {
  const beat = await withSchedule();
  const at = beat.clock.now();
  expect(await beat.schedules.pause(ref, { note: "deploy", by: "ann" })).toMatchObject({
    pause: { at, note: "deploy", by: "ann" },
    revision: 2,
  });
  await beat.clock.advance(5 * slotMs);
  expect(await told(beat)).toEqual([]);
  const [foreseen] = await beat.schedules.preview(ref, 1);
  expect(foreseen).toMatchObject({ slot: plus(at, 5 * slotMs), skip: "paused" });
  await beat.clock.advance(1);
  expect((await beat.schedules.resume(ref)).progress.next).toBe(plus(at, 6 * slotMs));
  expect(await beat.schedules.resume(ref)).toMatchObject({ revision: 3, pause: undefined });
  await nextSlot(beat);
  expect(await told(beat)).toEqual(["task ready"]);
  await beat.close();
});

test("what comes is told with the reasons why some of it will not fire", async () => {
  const beat = await withSchedule({ runsMax: 2 });
  const now = beat.clock.now();
  const told = async (id: string, limit = 3) =>
    (await beat.schedules.preview(scheduleRefOf(id), limit)).map(({ slot, skip, until }) => [
      slot - now,
      skip,
      ...(until === undefined ? [] : [until - now]),
    ]);
  expect(await told("s")).toEqual([
    [slotMs, undefined],
    [2 * slotMs, undefined],
    [3 * slotMs, "max_runs"],
  ]);
  await beat.make({ expireAt: plus(now, 2 * slotMs) }, "short");
  expect(await told("short", 2)).toEqual([
    [slotMs, undefined],
    [2 * slotMs, "expired"],
  ]);
  await beat.make({ isEnabled: false }, "off");
  expect(await told("off", 1)).toEqual([[slotMs, "disabled"]]);
  await beat.make({ spec: { kind: "clocked", at: now } }, "once");
  expect(await told("once")).toEqual([[0, undefined]]);
  await beat.clock.advance(1);
  expect(await told("once")).toEqual([]);
  await beat.close();
});

test("a change needs the revision that it was made from, where it names one", async () => {
  const beat = await withSchedule();
  const rename = (description: string, revision?: number) =>
    beat.schedules.update(ref, (before) => ({ ...before, description }), revision);
  expect(await rename("one", 1)).toMatchObject({ revision: 2, settings: { description: "one" } });
  await expect(rename("two", 1)).rejects.toMatchObject({
    problem: { reason: "REVISION_CONFLICT", schedule: "s", revision: 2 },
  });
  await nextSlot(beat);
  expect(await rename("two", 2)).toMatchObject({ revision: 3, progress: { fired: 1 } });
  expect(await rename("three")).toMatchObject({ revision: 4 });
  await expect(beat.schedules.remove(ref, 3)).rejects.toMatchObject({ problem: { revision: 4 } });
  expect(await beat.schedules.remove(ref, 4)).toBe(true);
  expect(await beat.schedules.remove(ref, undefined)).toBe(false);
  await expect(rename("four")).rejects.toMatchObject({ problem: { reason: "SCHEDULE_UNKNOWN" } });
  await beat.close();
});

test("settings that are not right are refused, with the path of the field", async () => {
  const beat = await withSchedule();
  const bad = (own: Partial<ScheduleSettings>, field: string) =>
    expect(beat.make(own, "bad")).rejects.toMatchObject({ problem: { violations: [{ field }] } });
  await bad({ spec: { kind: "cron", expression: "", zone: "UTC" } }, "spec.cron.expression");
  await bad({ catchUp: { kind: "all", max: 0, horizonMs: 1 } }, "catch_up.all.max");
  await bad({ jitterMs: -1 }, "jitter");
  await bad({ runsMax: 0 }, "max_runs");
  await bad({ description: "x".repeat(1025) }, "description");
  await bad({ target: { kind: "task", content: new Uint8Array(256 * 1024 + 1) } }, "task");
  await bad({ target: taskTarget("not a name") }, "task.name");
  const own = toBinary(NewTaskSchema, create(NewTaskSchema, { name: "test.work", id: "mine" }));
  await bad({ target: { kind: "task", content: own } }, "task.id");
  await expect(beat.make({})).rejects.toMatchObject({ problem: { reason: "SCHEDULE_EXISTS", revision: 1 } });
  await beat.close();
});

test("a schedule whose zone is not known any more is stopped, and holds nobody up", async () => {
  const beat = await withSchedule();
  const made = await beat.schedules.get(ref);
  const spec = { kind: "cron", expression: "* * * * *", zone: "Mars/Olympus" } as const;
  const broken = { ...made, id: scheduleRefOf("broken").id, settings: { ...made.settings, spec } };
  await beat.store.putSchedule({ schedule: broken, before: undefined, records: [] });
  await nextSlot(beat);
  expect(await told(beat)).toEqual(["task ready"]);
  const { progress } = await beat.schedules.get(scheduleRefOf("broken"));
  expect(progress).toMatchObject({ end: "broken", next: undefined, lookAt: undefined });
  const it = scheduleRefOf("broken");
  expect(await beat.schedules.preview(it, 3)).toEqual([]);
  expect(await beat.schedules.trigger(it, { request: "now", overlap: undefined })).toMatchObject({
    record: { outcome: { kind: "started" } },
  });
  expect(await beat.schedules.pause(it, { note: "", by: "" })).toMatchObject({ revision: 2 });
  const minutely = { ...spec, zone: "UTC" };
  await beat.schedules.update(it, (before) => ({ ...before, spec: minutely }), 2);
  expect((await beat.schedules.resume(it)).progress).toMatchObject({
    end: undefined,
    next: expect.any(Number),
  });
  await beat.close();
});

test("a slot whose task cannot be made says why, and the next one is tried again", async () => {
  const beat = await withSchedule();
  const made = await beat.schedules.get(ref);
  const { revision, progress } = made;
  const target = { kind: "task", content: new Uint8Array([255]) } as const;
  await beat.store.putSchedule({
    schedule: { ...made, settings: { ...made.settings, target }, progress: { ...progress, round: 2 } },
    ...{ before: { revision, round: progress.round }, records: [] },
  });
  await nextSlot(beat);
  await nextSlot(beat);
  expect(await told(beat)).toEqual(["not made: internal", "not made: internal"]);
  await beat.close();
});

test("a schedule removes itself when it is over, if it is to", async () => {
  const beat = await openBeat();
  const spec = { kind: "clocked", at: plus(beat.clock.now(), slotMs) } as const;
  await beat.make({ spec, whenOver: "remove" });
  await nextSlot(beat);
  await expect(beat.schedules.get(ref)).rejects.toThrow("SCHEDULE_UNKNOWN");
  expect(
    (await beat.store.getQueue({ namespace: defaultNamespace, queue: beat.routing.defaultQueue }))?.depth,
  ).toMatchObject({
    ready: 1,
  });
  await beat.close();
});

test("of two that fire for one store, each slot is fired once", async () => {
  const one = await withSchedule();
  await one.make({ catchUp: { kind: "all", max: 100, horizonMs: 1_000_000 } }, "all");
  const other = await openBeat({ store: one.store, clock: one.clock, seed: 2 });
  await one.clock.advance(10 * slotMs);
  await one.clock.jump(10 * slotMs);
  expect(await one.startedSlots("all")).toHaveLength(20);
  expect(new Set(await one.startedSlots("all")).size).toBe(20);
  expect(await one.startedSlots()).toHaveLength(11);
  await other.close();
  await one.close();
});
