import { expect } from "vitest";
import { compile } from "../../server/src/beat/beat.ts";
import { barrierIdOf, defaultNamespace, instantOf, plus, taskIdOf } from "../../server/src/model/ids.ts";
import { limits } from "../../server/src/model/limits.ts";
import type { Outcome } from "../../server/src/model/outcome.ts";
import { decideDue } from "../../server/src/model/schedule-decision.ts";
import type { Schedule } from "../../server/src/model/schedule-record.ts";
import type { NewTask } from "../../server/src/model/task.ts";
import type { ScheduleFire } from "../../server/src/ports/schedule-store.ts";
import type { Store } from "../../server/src/ports/store.ts";
import { openStore } from "../../server/src/storage/open.ts";
import { fireOf, scheduleRef } from "../contract/schedule-subject.ts";
import { claimRequest, lease, only, settlementOf } from "../contract/subject.ts";
import { chain, group, leaf, newCanvas } from "../support/new-canvas.ts";
import { linking, linkOn } from "../support/new-link.ts";
import { newSchedule } from "../support/new-schedule.ts";
import { bytesOf, defaultQueue, newTask, tiesOf } from "../support/new-task.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { redisTests, type SharedStore } from "./shared-store.ts";

const start = instantOf(1_800_000_000_000);
const minuteMs = 60_000;
/** Nothing of what ended is remembered for longer. */
const own = { ...limits, tombstoneMs: minuteMs };

/** A task that has as much beside it as there can be. */
function aTask(id: string): NewTask {
  const links = linking(linkOn("succeeded", { task: { policy: { retentionMs: minuteMs } } }));
  return newTask(id, {
    ...links,
    tags: ["t"],
    lineage: { parentId: taskIdOf("nobody"), rootId: taskIdOf("nobody") },
    ties: tiesOf({ limitKey: id, fairnessKey: id }),
    unique: { key: id, onConflict: "reject", keepUntil: undefined, startBy: undefined },
    policy: {
      ...links.policy,
      ...{ retentionMs: minuteMs, keepNewest: { count: 100 }, expireMs: 3_600_000 },
      unique: { until: "ended", forMs: 0 },
    },
  });
}

/** Two canvases that have as much as there can be: one that ends, and one that takes further members. */
async function submitCanvases(store: Store, round: string): Promise<void> {
  const task = { policy: { retentionMs: minuteMs } };
  const called = (["completed", "attempted"] as const).map((on) => ({
    ...linkOn("succeeded", { task }),
    on,
  }));
  const header = { ...group("fail_fast", leaf("a", task), leaf("b", task)), callbacks: called };
  const facts = { retentionMs: minuteMs, deadline: plus(start, minuteMs), tags: ["t"] };
  await store.submitCanvas(newCanvas(`${round}-ends`, chain(header, leaf("body", task)), facts), start);
  const open = { ...group("wait", leaf("c", task)), isOpen: true };
  await store.submitCanvas(newCanvas(`${round}-open`, chain(open, leaf("z", task)), facts), start);
}

/** What is there under the prefix of a store. */
async function keysOf({ server, url }: SharedStore): Promise<string[]> {
  const prefix = new URL(url).searchParams.get("prefix") ?? "";
  const keys = (await server.command("KEYS", `{${prefix}*`)) as string[];
  return keys.map((key) => key.replace(prefix, "stem")).sort();
}

const openOwn = (url: string): Promise<Store> =>
  openStore(url, {
    ...{ limits: own, lease, log: createRecordingLog() },
    clock: { now: () => start, after: () => () => undefined },
  });

/** Two of such tasks live and end: one after a retry, and it makes another one. */
async function live(store: Store, round: string): Promise<void> {
  const now = start;
  await store.accept({ tasks: [aTask(`${round}-a`), aTask(`${round}-b`)], now, atomic: false });
  await store.emitQueueEvent({
    ...{ ref: { namespace: defaultNamespace, queue: defaultQueue }, id: round, name: "n" },
    ...{ body: bytesOf("body"), now },
  });
  await submitCanvases(store, round);
  const first = only(await store.claim(claimRequest(now, { limit: 1 })));
  const entries = [{ seq: 1, kind: "log", body: bytesOf("line") }] as const;
  await store.writeOutput([{ namespace: defaultNamespace, id: first.id, fence: first.fence, entries, now }]);
  const failed: Outcome = {
    kind: "failed",
    ...{ failure: bytesOf("failure"), nonRetryable: false, delayMs: 0 },
    checkpoint: bytesOf("checkpoint"),
  };
  await store.settle([settlementOf(first, failed, now)]);
  const done = { kind: "succeeded", result: bytesOf("result") } as const;
  for (let more = await store.claim(claimRequest(now)); more.length > 0; ) {
    await store.settle(more.map((each) => settlementOf(each, done, now)));
    more = await store.claim(claimRequest(now));
  }
  const ref = { namespace: defaultNamespace, id: barrierIdOf(`${round}-open`) };
  expect(await store.closeBarrier({ ref, state: "failed", cause: undefined, now })).toBe(true);
}

/** Makes schedules, each of which fires once; the one that is called over goes by that. */
async function putAndFire(store: Store, schedules: readonly Schedule[]): Promise<void> {
  const now = plus(start, 10_000);
  for (const schedule of schedules) {
    expect(await store.putSchedule({ schedule, before: undefined, records: [] })).toEqual({ kind: "done" });
    const slots = compile(schedule.settings.spec);
    const own = fireOf(schedule, decideDue({ schedule, slots, isRunning: false, now }, 1));
    const fire: ScheduleFire = schedule.id === "over" ? { ...own, after: "removed" } : own;
    expect(await store.fireSchedules([fire], now)).toEqual([{ kind: "fired", notMade: [] }]);
  }
}

/** What a store has that nothing is in. */
const ofEmptyStore = ["{stem:default}:vb", "{stem}:events", "{stem}:moved", "{stem}:s"];

/** Removes a namespace with all that is in it, and what is told of it. */
async function clear(store: Store): Promise<void> {
  while ((await store.clearNamespace(defaultNamespace, start, 10)) !== "gone");
  await store.truncateEvents(start, 0, 1000);
}

/** What upkeep does when two minutes have gone by. */
async function forget(store: Store): Promise<void> {
  for (const at of [plus(start, minuteMs), plus(start, 3 * minuteMs)]) {
    await store.pruneCanvases(at, 100);
    while ((await store.prune(at, 100)) > 0);
    await store.pruneClaims(at, 100);
    await store.pruneQueueEvents(at, 100);
    await store.truncateEvents(at, 0, 1000);
    await store.expireOverdue(at, 100);
  }
}

redisTests(
  (test) => {
    test("nothing stays behind of tasks whose records went, but what their queues and the log count", async (shared) => {
      const store = await openOwn(shared.url);
      try {
        await live(store, "one");
        await forget(store);
        const keys = await keysOf(shared);
        expect(keys).toEqual([
          "{stem:default}:m",
          "{stem:default}:q:default",
          "{stem:default}:qn",
          "{stem:default}:vb",
          "{stem}:events",
          "{stem}:moved",
          "{stem}:namespaces",
          "{stem}:s",
        ]);
        await live(store, "two");
        await forget(store);
        expect(await keysOf(shared)).toEqual(keys);
      } finally {
        await store.close();
      }
    });

    test("nothing stays behind of a namespace that was deleted, but the place that its events had come to", async (shared) => {
      const store = await openOwn(shared.url);
      try {
        await live(store, "one");
        await store.accept({ tasks: [aTask("waits")], now: start, atomic: false });
        await store.putLimit({
          ...{ namespace: defaultNamespace, kind: "key", subject: "k", concurrency: 1 },
          ...{ rate: undefined, updatedAt: start },
        });
        await clear(store);
        expect(await keysOf(shared)).toEqual(ofEmptyStore);
      } finally {
        await store.close();
      }
    });

    test("nothing stays behind of schedules that were deleted, that their last slot removed, or whose namespace went", async (shared) => {
      const store = await openOwn(shared.url);
      try {
        const schedules = ["deleted", "over", "kept"].map((id) => newSchedule(id, start));
        await putAndFire(store, schedules);
        const isTheirs = (key: string) => /^{stem:default}:s[xhnd]?(:|$)/.test(key);
        const keys = (await keysOf(shared)).filter(isTheirs);
        const ofEach = ["s", "sx", "sh"].flatMap((name) => [`${name}:deleted`, `${name}:kept`]);
        expect(keys).toEqual(["sd", "sn", ...ofEach].map((name) => `{stem:default}:${name}`).sort());
        expect(await store.deleteSchedule(scheduleRef("deleted"), 1)).toEqual({ kind: "deleted" });
        const left = (await keysOf(shared)).filter(isTheirs);
        expect(left).toEqual(keys.filter((key) => !key.endsWith(":deleted")));
        await clear(store);
        expect(await keysOf(shared)).toEqual(ofEmptyStore);
      } finally {
        await store.close();
      }
    });

    test("at a steady load the number of keys, and what they take, stay as they are", async (shared) => {
      const store = await openOwn(shared.url);
      const usual = { kind: "succeeded", result: bytesOf("result") } as const;
      const sizes: { readonly keys: number; readonly bytes: number }[] = [];
      try {
        for (let second = 0; second < 240; second += 1) {
          const now = plus(start, second * 1000);
          const tasks = Array.from({ length: 20 }, (_, i) =>
            newTask(`task-${second}-${i}`, { policy: { retentionMs: minuteMs } }),
          );
          await store.accept({ tasks, now, atomic: false });
          const claimed = await store.claim(claimRequest(now));
          await store.settle(claimed.map((each) => settlementOf(each, usual, now)));
          await store.prune(now, 1000);
          await store.truncateEvents(plus(now, -minuteMs), Number.MAX_SAFE_INTEGER, 1000);
          if (second === 149 || second === 239) sizes.push(await sizeOf(shared));
        }
      } finally {
        await store.close();
      }
      const [before, after] = sizes;
      expect(after?.keys).toBe(before?.keys);
      expect(Math.abs((after?.bytes ?? 0) / (before?.bytes ?? 1) - 1)).toBeLessThan(0.05);
    });
  },
  { isSafe: false },
);

async function sizeOf({ server }: SharedStore) {
  const info = String(await server.command("INFO", "memory"));
  return {
    keys: Number(await server.command("DBSIZE")),
    bytes: Number(/used_memory_dataset:(\d+)/.exec(info)?.[1]),
  };
}
