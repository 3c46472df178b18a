import { expect } from "vitest";
import { compile } from "../../server/src/beat/beat.ts";
import { defaultNamespace, type Instant, namespaceOf, plus } from "../../server/src/model/ids.ts";
import { newNamespace, unsaidNamespace } from "../../server/src/model/namespace.ts";
import { changedSchedule } from "../../server/src/model/schedule-change.ts";
import { decideDue } from "../../server/src/model/schedule-decision.ts";
import type { Schedule } from "../../server/src/model/schedule-record.ts";
import type { ScheduleFire } from "../../server/src/ports/schedule-store.ts";
import type { Store } from "../../server/src/ports/store.ts";
import { bounds, fireOf, scheduleRef } from "../contract/schedule-subject.ts";
import { claimRequest } from "../contract/subject.ts";
import { newSchedule } from "../support/new-schedule.ts";
import { bytesOf, newTask } from "../support/new-task.ts";
import { openTwice } from "../support/stores-together.ts";
import { postgresTests, type SharedStore } from "./shared-store.ts";
import { statistic } from "./statistics.ts";

const stopped = namespaceOf("stopped");
/** More often than Postgres plans for what it is asked with: from then on its plan is for any moment. */
const times = 12;
const dueIn = (now: Instant, ms: number) => ({ spec: { kind: "clocked", at: plus(now, ms) } }) as const;

/** Makes so many schedules, named by their numbers. */
async function makeMany(store: Store, count: number, made: (at: number) => Schedule): Promise<void> {
  const all = Array.from({ length: count }, (_, at) => made(at));
  const verdicts = await Promise.all(
    all.map((schedule) => store.putSchedule({ schedule, before: undefined, records: [] })),
  );
  expect(verdicts.filter(({ kind }) => kind !== "done")).toEqual([]);
}

/** How many rows of schedules, and entries of their indexes, were read. */
const schedulesRead = (shared: SharedStore): Promise<number> =>
  statistic(
    shared,
    `SELECT (SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables WHERE relname = 'schedules')
      + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'schedules')`,
  );

/** What is to be done about schedules as they were read. */
const decide = (schedules: readonly Schedule[], now: Instant): readonly ScheduleFire[] =>
  schedules.map((schedule) => {
    const slots = compile(schedule.settings.spec);
    return fireOf(schedule, decideDue({ schedule, slots, isRunning: false, now }, 100));
  });

/** The ids of the tasks that a decision's canvases begin with. */
const tasksOf = (fire: ScheduleFire | undefined): readonly string[] =>
  (fire?.starts ?? []).flatMap((start) =>
    start.kind === "canvas" ? start.canvas.start.tasks.map(({ id }) => id) : [],
  );

const claimedBy = async (store: Store, { now }: SharedStore): Promise<readonly string[]> =>
  (await store.claim(claimRequest(now, { limit: 1000 }))).map(({ id }) => id);

const firedIn = (verdicts: readonly { readonly kind: string }[]): number =>
  verdicts.filter(({ kind }) => kind === "fired").length;

/** How many records are there of schedules that are not. */
async function orphansIn({ server, url }: SharedStore): Promise<number | null> {
  const schema = /schema=(\w+)/.exec(url)?.[1];
  const found = await server.sql(`SELECT FROM ${schema}.slot_records r
    WHERE NOT EXISTS (SELECT FROM ${schema}.schedules s WHERE s.number = r.schedule)`);
  return found.rowCount;
}

postgresTests((test) => {
  test("what is due is found without a look at what is not, nor at what a stopped namespace has", async (shared) => {
    const first = await shared.open();
    const { now } = shared;
    const space = newNamespace(stopped, unsaidNamespace, now);
    await first.createNamespace(space);
    await makeMany(first, 300, (at) => newSchedule(`soon-${at}`, now, dueIn(now, 1000)));
    await makeMany(first, 300, (at) => ({
      ...newSchedule(`held-${at}`, now, dueIn(now, 1)),
      namespace: stopped,
    }));
    await shared.server.sql("ANALYZE");
    await first.updateNamespace({ ...space, state: "disabled", revision: 2 });
    await makeMany(first, 300, (at) => ({
      ...newSchedule(`new-${at}`, now, dueIn(now, 1)),
      namespace: stopped,
    }));
    await makeMany(first, 600, (at) => newSchedule(`later-${at}`, now, dueIn(now, 1_000_000)));
    await first.close();
    const look = (store: Store) => store.dueSchedules(plus(now, 1000), { ...bounds, limit: 10 });
    const second = await shared.open();
    // What was held when it was due already is in the index until somebody has come by.
    expect(await look(second)).toHaveLength(10);
    await second.close();
    const before = await schedulesRead(shared);
    const third = await shared.open();
    for (let i = 0; i < times; i += 1) expect(await look(third)).toHaveLength(10);
    await third.close();
    expect((await schedulesRead(shared)) - before).toBeLessThan(times * 100);
    const fourth = await shared.open();
    await fourth.updateNamespace({ ...space, state: "active", revision: 3 });
    expect(await fourth.dueSchedules(plus(now, 999), { ...bounds, limit: 2000 })).toHaveLength(600);
  });

  test("of two servers that fire the same slots at once each slot is fired by one, and starts once", async (shared) => {
    const stores = await openTwice(shared);
    const count = 200;
    await makeMany(stores[0], count, (at) => newSchedule(`${at}`, shared.now));
    const started = new Set<string>();
    for (let round = 1; round <= 5; round += 1) {
      shared.advance(10_000);
      const fires = decide(await stores[1].dueSchedules(shared.now, bounds), shared.now);
      expect(fires).toHaveLength(count);
      // By one call each in the same order, or in opposite ones by several, of which some are parts of others.
      const backwards = fires.toReversed();
      const isInOrder = round % 2 === 0;
      const others = isInOrder ? [fires] : [backwards, backwards.slice(0, 50), backwards.slice(50)];
      const calls = [
        stores[0].fireSchedules(fires, shared.now),
        ...others.map((each) => stores[1].fireSchedules(each, shared.now)),
      ];
      expect(firedIn((await Promise.all(calls)).flat())).toBe(count);
      const claimed = (await Promise.all(stores.map((store) => claimedBy(store, shared)))).flat();
      for (const id of claimed) started.add(id);
      expect(claimed).toHaveLength(count);
      expect(started.size).toBe(count * round);
    }
    const page = { ref: scheduleRef("7"), before: undefined, limit: 10 };
    expect((await stores[0].listSlotRecords(page)).map(({ place }) => place)).toEqual([4, 3, 2, 1, 0]);
  });

  test("of servers that fire, change and remove a schedule at once each has its way or none, and nothing is left behind", async (shared) => {
    const [first, second] = await openTwice(shared);
    const count = 60;
    await makeMany(first, count, (at) => newSchedule(`${at}`, shared.now));
    shared.advance(10_000);
    const { now } = shared;
    const all = await first.dueSchedules(now, bounds);
    const changes = all.map((schedule) => {
      const { settings, revision, progress } = schedule;
      const said = { settings, pause: { at: now, note: "", by: "ann" } };
      const changed = changedSchedule(schedule, said, { slots: compile(settings.spec), now });
      return { ...changed, before: { revision, round: progress.round } };
    });
    const [fired, changed, removed] = await Promise.all([
      Promise.all(decide(all, now).map(async (fire) => (await first.fireSchedules([fire], now)).flat())),
      Promise.all(changes.map((put) => second.putSchedule(put))),
      Promise.all(all.slice(0, count / 2).map(({ id }) => second.deleteSchedule(scheduleRef(id), 1))),
    ]);
    for (const [at, { id }] of all.entries()) {
      const [schedule] = await first.readSchedules([scheduleRef(id)]);
      const isFired = fired[at]?.[0]?.kind === "fired";
      const isChanged = changed[at]?.kind === "done";
      expect(isFired && isChanged).toBe(false);
      expect(schedule === undefined).toBe(removed[at]?.kind === "deleted");
      if (schedule === undefined) continue;
      expect(isFired || isChanged).toBe(true);
      expect(schedule).toMatchObject({ revision: isChanged ? 2 : 1, progress: { fired: isFired ? 1 : 0 } });
    }
    expect(await claimedBy(first, shared)).toHaveLength(firedIn(fired.flat()));
    expect(await orphansIn(shared)).toBe(0);
  });

  test("a thousand slots of as many schedules fire in one call, and each schedule's row changes once", async (shared) => {
    const store = await shared.open();
    await makeMany(store, 1000, (at) => newSchedule(`${at}`, shared.now));
    shared.advance(10_000);
    const due = await store.dueSchedules(shared.now, { ...bounds, limit: 1000 });
    await store.close();
    const changed = () =>
      statistic(shared, "SELECT sum(n_tup_upd) FROM pg_stat_user_tables WHERE relname = 'schedules'");
    const before = await changed();
    const again = await shared.open();
    expect(firedIn(await again.fireSchedules(decide(due, shared.now), shared.now))).toBe(1000);
    expect(await again.dueSchedules(shared.now, bounds)).toEqual([]);
    expect(await claimedBy(again, shared)).toHaveLength(1000);
    await again.close();
    expect((await changed()) - before).toBe(1000);
  });

  test("canvases that fire together come in together, but for those that may not", async (shared) => {
    const store = await shared.open();
    const { now } = shared;
    const target = { kind: "canvas", content: bytesOf("two tasks") } as const;
    await makeMany(store, 40, (at) => newSchedule(`${at}`, now, { target }));
    shared.advance(10_000);
    const fires = decide(await store.dueSchedules(shared.now, bounds), shared.now);
    // Three of them have a task whose id is that of another one.
    const odd = [3, 4, 29];
    for (const at of odd) {
      const [task] = tasksOf(fires[at]);
      if (task !== undefined) await store.accept({ tasks: [newTask(task)], now, atomic: false });
    }
    const verdicts = await store.fireSchedules(fires, shared.now);
    expect(verdicts).toEqual(
      fires.map((_, at) => ({
        kind: "fired",
        notMade: odd.includes(at) ? [{ place: 0, why: "task_exists" }] : [],
      })),
    );
    const expected = fires.flatMap((fire, at) => tasksOf(fire).slice(0, odd.includes(at) ? 1 : 2));
    expect((await claimedBy(store, shared)).toSorted()).toEqual(expected.toSorted());
  });

  test("a namespace that is cleared loses no more rows of schedules and records at a time than it may", async (shared) => {
    const store = await shared.open();
    await makeMany(store, 4, (at) => newSchedule(`${at}`, shared.now));
    for (let round = 0; round < 5; round += 1) {
      shared.advance(10_000);
      await store.fireSchedules(decide(await store.dueSchedules(shared.now, bounds), shared.now), shared.now);
    }
    const page = { namespace: defaultNamespace, after: undefined, ...bounds };
    const left: number[] = [];
    for (let piece = 0; piece < 2; piece += 1) {
      expect(await store.clearNamespace(defaultNamespace, shared.now, 12)).toBe("more");
      left.push((await store.listSchedules(page)).length);
    }
    expect(left).toEqual([2, 0]);
    expect(await orphansIn(shared)).toBe(0);
  });
});
