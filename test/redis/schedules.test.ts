import { expect } from "vitest";
import { compile } from "../../server/src/beat/beat.ts";
import {
  barrierIdOf,
  canvasIdOf,
  defaultNamespace,
  type Instant,
  namespaceOf,
  plus,
} from "../../server/src/model/ids.ts";
import { decideDue } from "../../server/src/model/schedule-decision.ts";
import type { Schedule } from "../../server/src/model/schedule-record.ts";
import type { ScheduleFire } from "../../server/src/ports/schedule-store.ts";
import type { Store } from "../../server/src/ports/store.ts";
import { bounds, fireOf, scheduleRef } from "../contract/schedule-subject.ts";
import { claimRequest, only, refOf, taskQuery } from "../contract/subject.ts";
import { group, leaf, newCanvas } from "../support/new-canvas.ts";
import { newSchedule } from "../support/new-schedule.ts";
import { bytesOf, newTask } from "../support/new-task.ts";
import { acceptAt, openTwice } from "../support/stores-together.ts";
import { redisTests } from "./shared-store.ts";

async function put(store: Store, ...schedules: readonly Schedule[]): Promise<void> {
  const puts = schedules.map((schedule) => store.putSchedule({ schedule, before: undefined, records: [] }));
  for (const verdict of await Promise.all(puts)) expect(verdict).toEqual({ kind: "done" });
}

/** What is to be done about a schedule, as every server finds it. */
const fireAt = (schedule: Schedule, now: Instant): ScheduleFire =>
  fireOf(
    schedule,
    decideDue({ schedule, slots: compile(schedule.settings.spec), isRunning: false, now }, 1000),
  );

const kinds = (verdicts: readonly { readonly kind: string }[]) => verdicts.map(({ kind }) => kind);

/** Everything that may be claimed. */
async function countReady(store: Store, now: Instant): Promise<number> {
  let count = 0;
  for (let more = 1; more > 0; count += more) more = (await store.claim(claimRequest(now))).length;
  return count;
}

redisTests((test) => {
  test("two servers that both believe they lead start each slot once, whichever of them does", async (shared) => {
    const [first, second] = await openTwice(shared);
    const ids = Array.from({ length: 400 }, (_, at) => `s${at}`);
    const canvas = { target: { kind: "canvas", content: bytesOf("two tasks") } } as const;
    await put(first, ...ids.map((id, at) => newSchedule(id, shared.now, at % 4 === 0 ? canvas : {})));
    for (let round = 0; round < 3; round += 1) {
      shared.advance(10_000);
      const due = await Promise.all([first, second].map((store) => store.dueSchedules(shared.now, bounds)));
      const [own = [], others = []] = due.map((each) => each.map((one) => fireAt(one, shared.now)));
      expect([own.length, others.length]).toEqual([400, 400]);
      const verdicts = await Promise.all([
        first.fireSchedules(own, shared.now),
        second.fireSchedules(others.toReversed(), shared.now),
        second.fireSchedules(others, shared.now),
        first.fireSchedules(own.toReversed(), shared.now),
      ]);
      expect(kinds(verdicts.flat()).filter((kind) => kind === "fired")).toHaveLength(400);
      expect(await second.dueSchedules(shared.now, bounds)).toEqual([]);
    }
    const histories = await Promise.all(
      ids.map((id) => second.listSlotRecords({ ref: scheduleRef(id), before: undefined, limit: 10 })),
    );
    for (const records of histories) expect(records.map(({ place }) => place)).toEqual([2, 1, 0]);
    const slots = histories
      .flat()
      .flatMap(({ outcome }) => ("started" in outcome ? [outcome.started.id] : []));
    expect(new Set(slots).size).toBe(1200);
    expect(await countReady(first, shared.now)).toBe(3 * (300 + 2 * 100));
  });

  test("a schedule that one server changes while the other one fires it does one of both", async (shared) => {
    const [first, second] = await openTwice(shared);
    const made = Array.from({ length: 50 }, (_, at) => newSchedule(`s${at}`, shared.now));
    await put(first, ...made);
    shared.advance(10_000);
    const verdicts = await Promise.all(
      made.map((schedule) => {
        const { revision, progress } = schedule;
        const changed = { ...schedule, revision: 2, progress: { ...progress, round: progress.round + 1 } };
        const before = { revision, round: progress.round };
        return Promise.all([
          first.fireSchedules([fireAt(schedule, shared.now)], shared.now).then(only),
          second.putSchedule({ schedule: changed, before, records: [] }),
        ]);
      }),
    );
    for (const both of verdicts) expect(kinds(both).toSorted()[0]).toBe("conflict");
    for (const both of verdicts) expect(kinds(both).toSorted()[1]).not.toBe("conflict");
    const fired = verdicts.filter(([fire]) => fire?.kind === "fired").length;
    expect(await countReady(second, shared.now)).toBe(fired);
  });

  test("what is due in several namespaces comes earliest first, and together within the bounds", async (shared) => {
    const store = await shared.open();
    const names = ["red", "green", "blue"].map(namespaceOf);
    const target = { kind: "task", content: bytesOf("0123456789") } as const;
    const made = Array.from({ length: 9 }, (_, at) => {
      const spec = { kind: "clocked", at: plus(shared.now, 1000 * (9 - at)) } as const;
      const namespace = names[at % 3] ?? defaultNamespace;
      return { ...newSchedule(`s${at}`, shared.now, { spec, target }), namespace };
    });
    await put(store, ...made);
    shared.advance(7000);
    const due = async (wish: Partial<typeof bounds> = {}) =>
      (await store.dueSchedules(shared.now, { ...bounds, ...wish })).map(({ id }) => id);
    expect(await due()).toEqual(["s8", "s7", "s6", "s5", "s4", "s3", "s2"]);
    expect(await due({ limit: 4 })).toEqual(["s8", "s7", "s6", "s5"]);
    expect(await due({ bytesMax: 25 })).toEqual(["s8", "s7"]);
    expect(await due({ bytesMax: 1 })).toEqual(["s8"]);
    const fires = (await store.dueSchedules(shared.now, bounds)).map((each) => fireAt(each, shared.now));
    expect(kinds(await store.fireSchedules(fires, shared.now))).toEqual(fires.map(() => "fired"));
    for (const [at, namespace] of names.entries())
      expect(await store.claim({ ...claimRequest(shared.now), namespace })).toHaveLength([2, 2, 3][at] ?? 0);
  });

  test("a canvas of more tasks than one script stores is started whole by its slot, or not at all", async (shared) => {
    const store = await shared.open();
    const target = { kind: "canvas", content: bytesOf("a large one") } as const;
    await put(store, newSchedule("fits", shared.now, { target }), newSchedule("not", shared.now, { target }));
    await acceptAt(store, shared, newTask("taken"));
    shared.advance(10_000);
    const leaves = Array.from({ length: 1200 }, (_, at) => leaf(`leaf ${at}`));
    const taken = leaf("own", {}, { ownId: refOf("taken").id });
    const large = (fire: ScheduleFire, members: readonly ReturnType<typeof leaf>[]): ScheduleFire => ({
      ...fire,
      starts: fire.starts.map((one) => ({
        ...{ kind: "canvas", place: one.place },
        canvas: newCanvas(fire.ref.id, group("wait", ...members)),
      })),
    });
    const due = await store.dueSchedules(shared.now, bounds);
    const fires = due.map((each) =>
      large(fireAt(each, shared.now), each.id === "not" ? [...leaves, taken] : leaves),
    );
    expect(await store.fireSchedules(fires, shared.now)).toEqual([
      { kind: "fired", notMade: [] },
      { kind: "fired", notMade: [{ place: 0, why: "task_exists" }] },
    ]);
    const refs = ["fits", "not"].map((id) => ({ namespace: defaultNamespace, id: barrierIdOf(id) }));
    expect(await store.readBarriers(refs)).toMatchObject([{ state: "open" }, undefined]);
    const left = await store.list(taskQuery({ canvas: canvasIdOf("not"), full: false }));
    expect(left.tasks).toEqual([]);
    expect(await countReady(store, shared.now)).toBe(1201);
  });
});
