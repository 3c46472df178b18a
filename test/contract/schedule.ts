import { expect } from "vitest";
import {
  defaultNamespace,
  type Namespace,
  namespaceOf,
  plus,
  scheduleIdOf,
} from "../../server/src/model/ids.ts";
import { newSchedule } from "../support/new-schedule.ts";
import { bytesOf } from "../support/new-task.ts";
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
import type { Subject } from "./subject.ts";
import type { Suite } from "./suite.ts";
import { uniqueTask } from "./unique.ts";

const other = namespaceOf("other");

/** Schedules, how they are kept. */
export function scheduleCases(suite: Suite): void {
  changeCases(suite);
  pageCases(suite);
  clearCases(suite);
}

function changeCases({ case: test }: Suite): void {
  test("a schedule is read as it was put, once for each namespace", async (subject) => {
    const made = await make(subject, "s", {
      ...{ overlap: "queue_one", jitterMs: 5, expireAt: plus(subject.now, 99_999), runsMax: 7 },
      ...{ priority: 3, whenOver: "remove", description: "every ten seconds" },
    });
    expect(await subject.store.readSchedules([scheduleRef("none"), scheduleRef()])).toEqual([
      undefined,
      made,
    ]);
    const [elsewhere] = await subject.store.readSchedules([scheduleRef("s", other)]);
    expect(elsewhere).toBeUndefined();
    const same = { ...made, namespace: other };
    expect(await put(subject, same)).toEqual({ kind: "done" });
    expect(await subject.store.readSchedules([scheduleRef("s", other)])).toEqual([same]);
  });

  test("bytes of a schedule are its own", async (subject) => {
    const content = bytesOf("before");
    await make(subject, "s", { target: { kind: "task", content } });
    content.fill(0);
    expect((await scheduleOf(subject)).settings.target.content).toEqual(bytesOf("before"));
  });

  test("a schedule that is new must not be there, and tells its revision where it is", async (subject) => {
    const made = await make(subject);
    await change(subject, made, { settings: { ...made.settings, description: "changed" } });
    expect(await put(subject, newSchedule("s", subject.now))).toEqual({ kind: "conflict", revision: 2 });
    expect((await scheduleOf(subject)).settings.description).toBe("changed");
  });

  test("a change is written where nobody has changed or fired the schedule since it was read", async (subject) => {
    const made = await make(subject);
    const pause = { at: subject.now, note: "deploy", by: "ann" };
    expect(await change(subject, made, { pause })).toEqual({ kind: "done" });
    const paused = await scheduleOf(subject);
    expect(paused).toMatchObject({ pause, revision: 2, progress: { next: undefined, lookAt: undefined } });
    expect(await change(subject, made, { pause: undefined })).toEqual({ kind: "conflict", revision: 2 });
    expect(await change(subject, paused, { pause: undefined })).toEqual({ kind: "done" });
    const resumed = await scheduleOf(subject);
    subject.advance(10_000);
    expect(await fire(subject)).toEqual({ kind: "fired", notMade: [] });
    expect(await change(subject, resumed, { pause })).toEqual({ kind: "conflict", revision: 3 });
    expect(await scheduleOf(subject)).toMatchObject({ pause: undefined, progress: { fired: 1 } });
  });

  test("a change of a schedule that is not there conflicts", async (subject) => {
    const made = newSchedule("s", subject.now);
    expect(await change(subject, made, {})).toEqual({ kind: "conflict", revision: undefined });
    expect(await subject.store.readSchedules([scheduleRef()])).toEqual([undefined]);
  });

  test("what a change passes over is written down with it", async (subject) => {
    const made = await make(subject);
    const { progress } = made;
    const slot = { slot: subject.now, dueAt: subject.now, cause: "due", request: undefined } as const;
    const waiting = { ...made, progress: { ...progress, waiting: { ...slot, since: subject.now } } };
    await change(subject, waiting, { pause: { at: subject.now, note: "", by: "" } });
    expect(await recordsOf(subject)).toEqual([
      {
        ...slot,
        place: 0,
        at: subject.now,
        outcome: { kind: "skipped", reason: "paused", until: undefined },
      },
    ]);
    expect((await scheduleOf(subject)).progress).toMatchObject({ waiting: undefined, records: 1 });
  });

  test("a schedule is removed with its records, if it is of the revision that is meant", async (subject) => {
    await make(subject);
    subject.advance(10_000);
    await fire(subject);
    const { store } = subject;
    expect(await store.deleteSchedule(scheduleRef(), 2)).toEqual({ kind: "conflict", revision: 1 });
    expect(await store.deleteSchedule(scheduleRef(), 1)).toEqual({ kind: "deleted" });
    expect(await store.deleteSchedule(scheduleRef(), undefined)).toEqual({ kind: "unknown" });
    expect(await store.dueSchedules(plus(subject.now, 100_000), bounds)).toEqual([]);
    await make(subject);
    expect(await recordsOf(subject)).toEqual([]);
    expect(await store.deleteSchedule(scheduleRef(), undefined)).toEqual({ kind: "deleted" });
  });

  test(
    "a namespace has a bounded number of schedules, which may be changed and made room among",
    async (subject) => {
      const first = await make(subject, "a");
      await make(subject, "b");
      expect(await put(subject, newSchedule("c", subject.now))).toEqual({ kind: "limit" });
      expect(await put(subject, { ...newSchedule("c", subject.now), namespace: other })).toEqual({
        kind: "done",
      });
      expect(await change(subject, first, {})).toEqual({ kind: "done" });
      await subject.store.deleteSchedule(scheduleRef("b"), undefined);
      expect(await put(subject, newSchedule("c", subject.now))).toEqual({ kind: "done" });
    },
    { limits: { schedulesPerNamespaceMax: 2 } },
  );

  test("schedules go on over a restart", async (subject) => {
    const canvas = { kind: "canvas", content: bytesOf("two tasks") } as const;
    await make(subject, "canvas", { target: canvas });
    await make(subject, "over", { runsMax: 1 });
    const stopped = await make(subject, "stopped");
    await make(subject, "waits", { overlap: "queue_one" });
    const { policy, unique } = uniqueTask("any");
    for (const slot of [1, 2]) {
      subject.advance(10_000);
      for (const schedule of await subject.store.dueSchedules(subject.now, bounds))
        await subject.store.fireSchedules(
          [fireOf(schedule, dueOf(subject, schedule, slot === 2), { policy, unique })],
          subject.now,
        );
    }
    const note = { at: subject.now, note: "deploy", by: "ann" };
    await change(subject, await scheduleOf(subject, stopped.id), { pause: note });
    const seen = async () => {
      const schedules = await subject.store.listSchedules({
        ...{ namespace: defaultNamespace, after: undefined, ...bounds },
      });
      const records = await Promise.all(schedules.map(({ id }) => recordsOf(subject, id)));
      return { schedules, records, due: await subject.store.dueSchedules(plus(subject.now, 10_000), bounds) };
    };
    const before = await seen();
    const kinds = before.records.flat().map(({ outcome }) => outcome.kind);
    expect(new Set(kinds), "there is something of each kind").toEqual(new Set(["started", "not_made"]));
    expect(before.schedules).toMatchObject([
      { id: "canvas", progress: { fired: 2, last: { started: { kind: "canvas" } } } },
      { id: "over", progress: { end: "max_runs", last: { started: { kind: "task" } } } },
      { id: "stopped", pause: note, progress: { next: undefined } },
      { id: "waits", progress: { waiting: { cause: "due" } } },
    ]);
    await subject.reopen();
    expect(await seen()).toEqual(before);
    subject.advance(10_000);
    expect(await fire(subject, "canvas")).toEqual({ kind: "fired", notMade: [] });
    expect(await recordsOf(subject, "canvas")).toHaveLength(3);
  });
}

function pageCases({ case: test }: Suite): void {
  test("schedules are listed by id, page by page, within bytes, in one namespace", async (subject) => {
    const target = { kind: "task", content: bytesOf("0123456789") } as const;
    for (const id of ["b", "B", "a.2", "a-1", "c"]) await make(subject, id, { target });
    await put(subject, { ...newSchedule("a", subject.now), namespace: other });
    const page = async (after: string | undefined, wish: Partial<typeof bounds> = {}) => {
      const from = after === undefined ? undefined : scheduleIdOf(after);
      const wanted = { namespace: defaultNamespace, after: from, ...bounds, ...wish };
      return (await subject.store.listSchedules(wanted)).map(({ id }) => id);
    };
    expect(await page(undefined)).toEqual(["B", "a-1", "a.2", "b", "c"]);
    expect(await page("a-1", { limit: 2 })).toEqual(["a.2", "b"]);
    expect(await page("c")).toEqual([]);
    expect(await page("a-1", { bytesMax: 20 })).toEqual(["a.2", "b"]);
    expect(await page("a-1", { bytesMax: 5 })).toEqual(["a.2"]);
  });
}

function clearCases({ case: test }: Suite): void {
  test("a namespace that is cleared loses its schedules, a piece at a time, and takes no more", async (subject) => {
    const { store } = subject;
    const [record] = await store.openNamespaces({
      ...{ names: [defaultNamespace], queueCreation: "on_use", now: subject.now },
    });
    if (record === undefined) throw new Error("the namespace was not opened");
    for (const id of ["a", "b", "c"]) await make(subject, id);
    await put(subject, { ...newSchedule("a", subject.now), namespace: other });
    await store.updateNamespace({ ...record, state: "deleting", revision: record.revision + 1 });
    expect(await put(subject, newSchedule("d", subject.now))).toEqual({ kind: "deleting" });
    subject.advance(10_000);
    await clear(subject, 2);
    expect(await idsIn(subject, defaultNamespace)).toEqual([]);
    expect(await idsIn(subject, other)).toEqual(["a"]);
    const due = await store.dueSchedules(subject.now, bounds);
    expect(due.map(({ namespace }) => namespace)).toEqual([other]);
  });
}

async function clear({ store, now }: Subject, limit: number): Promise<void> {
  const pieces: string[] = [];
  do pieces.push(await store.clearNamespace(defaultNamespace, now, limit));
  while (pieces.at(-1) === "more" && pieces.length < 20);
  expect(pieces.at(-1)).toBe("gone");
  expect(pieces.length).toBeGreaterThan(2);
}

const idsIn = async ({ store }: Subject, namespace: Namespace) =>
  (await store.listSchedules({ namespace, after: undefined, ...bounds })).map(({ id }) => id);

const put = ({ store }: Subject, schedule: ReturnType<typeof newSchedule>) =>
  store.putSchedule({ schedule, before: undefined, records: [] });
