import { expect } from "vitest";
import { compile } from "../../server/src/beat/beat.ts";
import { defaultNamespace, plus } from "../../server/src/model/ids.ts";
import { decideTrigger } from "../../server/src/model/schedule-decision.ts";
import type { Started } from "../../server/src/model/schedule-record.ts";
import { bytesOf, defaultQueue, newTask } from "../support/new-task.ts";
import { canvasOf } from "./canvas-subject.ts";
import {
  bounds,
  change,
  dueOf,
  fire,
  fireOf,
  make,
  recordsOf,
  scheduleOf,
  scheduleRef,
} from "./schedule-subject.ts";
import { only, type Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";
import { uniqueTask } from "./unique.ts";

/** Schedules, and what their slots start. */
export function scheduleFireCases(suite: Suite): void {
  dueCases(suite);
  startCases(suite);
  guardCases(suite);
  recreatedCases(suite);
  historyCases(suite);
}

function dueCases({ case: test }: Suite): void {
  test("schedules are due when their time has come, earliest first, within bounds", async (subject) => {
    const { now } = subject;
    const content = bytesOf("0123456789");
    for (const [id, seconds] of [
      ["late", 3],
      ["soon", 1],
      ["then", 2],
    ] as const)
      await make(subject, id, {
        spec: clocked(plus(now, seconds * 1000)),
        target: { kind: "task", content },
      });
    await make(subject, "off", { isEnabled: false });
    const due = async (ms: number, wish: Partial<typeof bounds> = {}) =>
      (await subject.store.dueSchedules(plus(now, ms), { ...bounds, ...wish })).map(({ id }) => id);
    expect(await due(999)).toEqual([]);
    expect(await due(1000)).toEqual(["soon"]);
    expect(await due(60_000)).toEqual(["soon", "then", "late"]);
    expect(await due(60_000, { limit: 2 })).toEqual(["soon", "then"]);
    expect(await due(60_000, { bytesMax: 15 })).toEqual(["soon"]);
    expect(await subject.store.dueSchedules(plus(now, 1000), bounds)).toEqual([
      await scheduleOf(subject, "soon"),
    ]);
  });

  test("a schedule that fired is due again when its next slot is", async (subject) => {
    await make(subject);
    subject.advance(10_000);
    expect(await subject.store.dueSchedules(subject.now, bounds)).toHaveLength(1);
    await fire(subject);
    expect(await subject.store.dueSchedules(plus(subject.now, 9_999), bounds)).toEqual([]);
    expect(await subject.store.dueSchedules(plus(subject.now, 10_000), bounds)).toHaveLength(1);
  });

  test("schedules of a namespace that is stopped are due when it goes on, and do not fire before", async (subject) => {
    const { store } = subject;
    const [record] = await store.openNamespaces({
      ...{ names: [defaultNamespace], queueCreation: "on_use", now: subject.now },
    });
    if (record === undefined) throw new Error("the namespace was not opened");
    await make(subject);
    await store.updateNamespace({ ...record, state: "disabled", revision: 2 });
    subject.advance(10_000);
    expect(await store.dueSchedules(subject.now, bounds)).toEqual([]);
    expect(await fire(subject)).toEqual({ kind: "conflict" });
    await store.updateNamespace({ ...record, state: "active", revision: 3 });
    expect(await store.dueSchedules(subject.now, bounds)).toHaveLength(1);
    expect(await fire(subject)).toEqual({ kind: "fired", notMade: [] });
  });
}

function startCases({ case: test }: Suite): void {
  test("a slot starts its task, and the schedule comes to its next one", async (subject) => {
    const made = await make(subject);
    subject.advance(10_000);
    const decision = dueOf(subject, made);
    expect(await fire(subject)).toEqual({ kind: "fired", notMade: [] });
    const [record] = await recordsOf(subject);
    expect(record).toEqual(decision.records[0]);
    const id = startedIn(record).id;
    expect(await subject.task(id)).toMatchObject({ id, state: "ready", createdAt: subject.now });
    expect(await scheduleOf(subject)).toEqual({ ...made, progress: decision.after });
    expect((await subject.eventsOf(id)).map(({ kind }) => kind)).toEqual(["accepted"]);
    expect((await subject.claimOne()).id).toBe(id);
  });

  test("a slot starts its canvas", async (subject) => {
    await make(subject, "s", { target: { kind: "canvas", content: bytesOf("two tasks") } });
    subject.advance(10_000);
    expect(await fire(subject)).toEqual({ kind: "fired", notMade: [] });
    const { id, kind } = startedIn((await recordsOf(subject))[0]);
    expect(kind).toBe("canvas");
    expect(await canvasOf(subject, id)).toMatchObject({ state: "open", createdAt: subject.now });
    expect(await subject.claim()).toHaveLength(2);
  });

  test("tasks of slots were promised: a queue that is closed or full takes them", async (subject) => {
    await make(subject);
    await closeQueue(subject, 1);
    subject.advance(10_000);
    expect(await fire(subject)).toEqual({ kind: "fired", notMade: [] });
    expect(await subject.claim()).toHaveLength(2);
  });

  test("a slot whose task cannot be made says so, and the schedule goes on", async (subject) => {
    const { policy, unique } = uniqueTask("any");
    await make(subject);
    subject.advance(10_000);
    await fire(subject, "s", { policy, unique });
    subject.advance(10_000);
    expect(await fire(subject, "s", { policy, unique })).toEqual({
      kind: "fired",
      notMade: [{ place: 1, why: "unique_taken" }],
    });
    expect((await recordsOf(subject)).map(({ outcome }) => outcome)).toMatchObject([
      { kind: "not_made", why: "unique_taken" },
      { kind: "started" },
    ]);
    expect((await scheduleOf(subject)).progress.next).toBe(plus(subject.now, 10_000));
  });

  test("a canvas that may not come in says so, and nothing of it is left", async (subject) => {
    await make(subject, "s", { target: { kind: "canvas", content: bytesOf("two tasks") } });
    await closeQueue(subject);
    subject.advance(10_000);
    expect(await fire(subject)).toEqual({ kind: "fired", notMade: [{ place: 0, why: "queue_closed" }] });
    expect((await recordsOf(subject))[0]?.outcome).toEqual({ kind: "not_made", why: "queue_closed" });
    expect((await subject.list()).tasks).toHaveLength(1);
  });

  test("what is there already by its id has been started", async (subject) => {
    const made = await make(subject);
    subject.advance(10_000);
    const { id } = startedIn(dueOf(subject, made).records[0]);
    await subject.accept(newTask(id));
    expect(await fire(subject)).toEqual({ kind: "fired", notMade: [] });
    expect(startedIn((await recordsOf(subject))[0]).id).toBe(id);
    expect((await subject.list()).tasks).toHaveLength(1);
  });

  test("several slots start in one write, of several schedules", async (subject) => {
    const catchUp = { kind: "all", max: 10, horizonMs: 1_000_000 } as const;
    await make(subject, "a", { catchUp });
    await make(subject, "b", { catchUp });
    subject.advance(30_000);
    const schedules = await subject.store.dueSchedules(subject.now, bounds);
    const fires = schedules.map((schedule) => fireOf(schedule, dueOf(subject, schedule)));
    expect(await subject.store.fireSchedules(fires, subject.now)).toEqual([
      { kind: "fired", notMade: [] },
      { kind: "fired", notMade: [] },
    ]);
    expect(await subject.claim()).toHaveLength(6);
  });

  test("a schedule may be removed by its last slot", async (subject) => {
    const made = await make(subject, "s", { spec: clocked(plus(subject.now, 1000)) });
    subject.advance(1000);
    const own = { ...fireOf(made, dueOf(subject, made)), after: "removed" } as const;
    expect(await subject.store.fireSchedules([own], subject.now)).toEqual([{ kind: "fired", notMade: [] }]);
    expect(await subject.store.readSchedules([scheduleRef()])).toEqual([undefined]);
    expect(await recordsOf(subject)).toEqual([]);
    expect(await subject.claim()).toHaveLength(1);
  });
}

function guardCases({ case: test }: Suite): void {
  test("of two that fire a slot, one does, however close they are", async (subject) => {
    const made = await make(subject);
    subject.advance(10_000);
    const own = fireOf(made, dueOf(subject, made));
    const verdicts = await Promise.all(
      Array.from({ length: 8 }, () => subject.store.fireSchedules([own], subject.now)),
    );
    expect(verdicts.flat().filter(({ kind }) => kind === "fired")).toHaveLength(1);
    expect(await subject.claim()).toHaveLength(1);
    expect(await recordsOf(subject)).toHaveLength(1);
  });

  test("of all that fire, trigger and change a schedule as they have read it, one has its way", async (subject) => {
    const made = await make(subject);
    subject.advance(10_000);
    const { store, now } = subject;
    const slots = compile(made.settings.spec);
    const found = { schedule: made, slots, isRunning: false, now };
    const calls = Array.from({ length: 5 }, async (_, at) => {
      const decisions = [dueOf(subject, made), decideTrigger(found, `${at}`, "allow")];
      const fired = decisions.map((each) => store.fireSchedules([fireOf(made, each)], now));
      const changed = change(subject, made, { pause: { at: now, note: `${at}`, by: "ann" } });
      return [...(await Promise.all(fired)).flat(), await changed];
    });
    const verdicts = (await Promise.all(calls)).flat().map(({ kind }) => kind);
    expect(verdicts.filter((kind) => kind !== "conflict")).toHaveLength(1);
    const after = await scheduleOf(subject);
    expect(after.progress.round).toBe(made.progress.round + 1);
    expect((await subject.list()).tasks.length + (after.revision - 1)).toBe(1);
  });

  test("a schedule that was changed, or removed, since it was read does not fire", async (subject) => {
    const made = await make(subject);
    await make(subject, "other");
    subject.advance(10_000);
    const own = fireOf(made, dueOf(subject, made));
    await change(subject, made, {});
    const others = await scheduleOf(subject, "other");
    const both = [own, fireOf(others, dueOf(subject, others))];
    expect(await subject.store.fireSchedules(both, subject.now)).toEqual([
      { kind: "conflict" },
      { kind: "fired", notMade: [] },
    ]);
    await subject.store.deleteSchedule(scheduleRef(), undefined);
    expect(only(await subject.store.fireSchedules([own], subject.now))).toEqual({ kind: "conflict" });
    expect(await subject.claim()).toHaveLength(1);
    expect(await recordsOf(subject)).toEqual([]);
  });
}

/** Rounds count from the beginning again, so that both may have come to the same one. */
function recreatedCases({ case: test }: Suite): void {
  test("what was decided about a schedule that was removed does not fire the one that was made in its place", async (subject) => {
    await make(subject);
    subject.advance(10_000);
    await fire(subject);
    const removed = await scheduleOf(subject);
    subject.advance(10_000);
    const own = fireOf(removed, dueOf(subject, removed));
    await subject.store.deleteSchedule(scheduleRef(), undefined);
    await change(subject, await make(subject), {});
    const made = await scheduleOf(subject);
    expect(made.progress.round).toBe(removed.progress.round);
    expect(await subject.store.fireSchedules([own], subject.now)).toEqual([{ kind: "conflict" }]);
    expect(await scheduleOf(subject)).toEqual(made);
    expect(await subject.claim()).toHaveLength(1);
  });
}

function historyCases({ case: test }: Suite): void {
  test(
    "the newest records are kept, and read from the newest on",
    async (subject) => {
      await make(subject);
      for (let slot = 0; slot < 5; slot += 1) {
        subject.advance(10_000);
        await fire(subject);
      }
      expect((await recordsOf(subject)).map(({ place }) => place)).toEqual([4, 3, 2]);
      expect((await recordsOf(subject, "s", 2)).map(({ place }) => place)).toEqual([4, 3]);
      const page = { ref: scheduleRef(), before: 3, limit: 10 };
      expect((await subject.store.listSlotRecords(page)).map(({ place }) => place)).toEqual([2]);
      expect(await recordsOf(subject, "none")).toEqual([]);
    },
    { limits: { scheduleHistoryMax: 3 } },
  );
}

/** The usual queue has a task, and takes no more. */
async function closeQueue(subject: Subject, backlogMax?: number): Promise<void> {
  await subject.accept(newTask("first"));
  const ref = { namespace: defaultNamespace, queue: defaultQueue };
  const queue = await subject.store.getQueue(ref);
  if (queue === undefined) throw new Error("there is no queue");
  const settings = { ...queue.settings, isClosed: true, backlogMax };
  expect(await subject.store.updateQueue(ref, settings, queue.revision)).toBe("done");
}

const clocked = (at: ReturnType<typeof plus>) => ({ kind: "clocked", at }) as const;

function startedIn(record: { readonly outcome: { readonly kind: string } } | undefined): Started {
  if (record === undefined || !("started" in record.outcome)) throw new Error("nothing was started");
  return record.outcome.started as Started;
}
