import { expect, test } from "vitest";
import { openSqliteWriter } from "../../../../../test/support/sqlite-writer.ts";
import {
  defaultNamespace,
  instantOf,
  type Namespace,
  namespaceOf,
  plus,
  queueNameOf,
  scheduleIdOf,
  taskNameOf,
} from "../../../model/ids.ts";
import { defaults, type Limits } from "../../../model/limits.ts";
import { newNamespace, unsaidNamespace } from "../../../model/namespace.ts";
import { usualRetryPolicy } from "../../../model/retry.ts";
import type { Slots } from "../../../model/schedule.ts";
import { newSchedule } from "../../../model/schedule-change.ts";
import { decideDue } from "../../../model/schedule-decision.ts";
import type { Schedule, ScheduleSettings, SlotRecord } from "../../../model/schedule-record.ts";
import type { WriterCalls } from "../threads/writer-verbs.ts";
import type { FireToKeep, StartToKeep } from "./fire.ts";
import { keptSchedule, scheduleOfKept } from "./kept-schedule.ts";
import { createScheduleReadings, selectDue } from "./readings.ts";

const now = instantOf(1_800_000_000_000);
const [soon, later] = [plus(now, 1000), plus(now, 3_600_000)];
const bounds = { limit: 10_000, bytesMax: 64 * 1024 * 1024 };

/** Each is due once more than is ever looked at. */
const slots: Slots = { nextAfter: (after) => plus(after, 3_600_000) };

/** A schedule that is due once, at that instant, and again an hour after it has fired. */
function aSchedule(id: string, at = soon, namespace = defaultNamespace): Schedule {
  const settings: ScheduleSettings = {
    ...{ spec: { kind: "clocked", at }, target: { kind: "task", content: new Uint8Array(100) } },
    ...{ catchUp: { kind: "one" }, overlap: "allow", jitterMs: 0, isEnabled: true, expireAt: undefined },
    ...{ runsMax: undefined, priority: undefined, whenOver: "keep", description: "" },
  };
  return newSchedule({ namespace, id: scheduleIdOf(id) }, settings, { slots, now });
}

const policy = {
  ...{ maxAttempts: 4, maxDeliveries: 20, retry: usualRetryPolicy(defaults), leaseMs: undefined },
  ...{ retentionMs: 1000, deadLetterRetentionMs: 1000 },
};

function startOf(namespace: Namespace, { place, outcome }: SlotRecord): readonly StartToKeep[] {
  if (outcome.kind !== "started" || outcome.started.kind !== "task") return [];
  const task = {
    ...{ namespace, id: outcome.started.id, name: taskNameOf("n"), queue: queueNameOf("q"), priority: 5 },
    ...{ policy, notBefore: undefined, tags: [], replayOf: undefined, ties: undefined },
    ...{ content: new Uint8Array(100), contentHash: undefined, lineage: undefined },
  };
  return [{ place, kind: "task", task }];
}

/** What is due of a schedule, as it is applied. */
function fireOf(schedule: Schedule): FireToKeep {
  const { namespace, id, revision, progress } = schedule;
  const { records, after } = decideDue({ schedule, slots, isRunning: false, now: soon }, 1);
  const starts = records.flatMap((record) => startOf(namespace, record));
  return { ref: { namespace, id }, revision, round: progress.round, records, starts, after };
}

function aFile(own: Partial<Limits> = {}) {
  const { reader, run, undo } = openSqliteWriter(now, own);
  const readings = createScheduleReadings(reader);
  const due = () => readings.dueSchedules(soon, bounds).map(scheduleOfKept);
  /** How much a look at what is due goes through. */
  const dueInIndex = (): unknown =>
    reader
      .prepare(
        "SELECT count(*) AS n FROM schedule_progress INDEXED BY schedule_progress_due WHERE due_at <= ?",
      )
      .get(soon)?.["n"];
  return { run, undo, reader, readings, due, dueInIndex };
}

const put = (calls: WriterCalls, schedule: Schedule) =>
  calls.putSchedule({ schedule: keptSchedule(schedule), before: undefined, records: [] }).kind;

test("of a hundred thousand schedules, a thousand that are due are found by their index, and fire together", {
  timeout: 60_000,
}, () => {
  const { run, reader, readings, due, dueInIndex } = aFile();
  const spaces = Array.from({ length: 10 }, (_, at) => namespaceOf(`space-${at}`));
  run((calls) => {
    for (const space of spaces)
      for (let at = 0; at < 10_000; at += 1) put(calls, aSchedule(`s${at}`, at % 100 ? later : soon, space));
  });
  const plan = reader.prepare(`EXPLAIN QUERY PLAN ${selectDue}`).all(soon, 500);
  expect(plan.map(({ detail }) => detail)).toEqual([
    "SEARCH p USING INDEX schedule_progress_due (due_at<?)",
    "SEARCH s USING INTEGER PRIMARY KEY (rowid=?)",
    "SEARCH n USING INTEGER PRIMARY KEY (rowid=?)",
  ]);
  expect(dueInIndex()).toBe(1000);
  const fires = due().map(fireOf);
  expect(fires).toHaveLength(1000);
  const began = performance.now();
  const verdicts = run((calls) => calls.fireSchedules(fires, soon));
  const tookMs = performance.now() - began;
  expect(new Set(verdicts.map((verdict) => JSON.stringify(verdict)))).toEqual(
    new Set(['{"kind":"fired","notMade":[]}']),
  );
  expect(tookMs).toBeLessThan(2000);
  expect(dueInIndex()).toBe(0);
  expect(readings.dueSchedules(later, bounds)).toHaveLength(10_000);
  expect(reader.prepare("SELECT count(*) AS n FROM tasks").get()).toEqual({ n: 1000 });
});

test("nobody goes through schedules of a namespace that is stopped, also of those that are put in it", () => {
  const { run, due, dueInIndex } = aFile();
  const record = newNamespace(defaultNamespace, unsaidNamespace, now);
  run((calls) => {
    calls.createNamespace(record);
    for (const id of ["a", "b", "c"]) put(calls, aSchedule(id));
  });
  run((calls) => calls.updateNamespace({ ...record, state: "disabled", revision: 2 }));
  run((calls) => put(calls, aSchedule("d")));
  expect(dueInIndex()).toBe(0);
  expect(due()).toEqual([]);
  run((calls) => calls.updateNamespace({ ...record, revision: 3 }));
  expect(due().map(({ id }) => id)).toEqual(["a", "b", "c", "d"]);
});

test("what a transaction that is undone put or removed is not counted", () => {
  const { run, undo } = aFile({ schedulesPerNamespaceMax: 2 });
  const { namespace, id } = aSchedule("a");
  expect(run((calls) => put(calls, aSchedule("a")))).toBe("done");
  undo((calls) => expect(put(calls, aSchedule("b"))).toBe("done"));
  undo((calls) => calls.deleteSchedule({ namespace, id }, undefined));
  expect(run((calls) => ["b", "c"].map((other) => put(calls, aSchedule(other))))).toEqual(["done", "limit"]);
  run((calls) => calls.deleteSchedule({ namespace, id }, undefined));
  expect(run((calls) => ["c", "d"].map((other) => put(calls, aSchedule(other))))).toEqual(["done", "limit"]);
});

test("a schedule that fires twice in one call, and goes with the second slot, leaves nothing", () => {
  const { run, reader } = aFile();
  const schedule = aSchedule("a");
  run((calls) => put(calls, schedule));
  const first = fireOf(schedule);
  if (first.after === "removed") throw new Error("it stays");
  const second = { ...first, round: first.after.round, records: [], starts: [], after: "removed" } as const;
  const fired = { kind: "fired", notMade: [] };
  expect(run((calls) => calls.fireSchedules([first, first, second], soon))).toEqual([
    ...[fired, { kind: "conflict" }, fired],
  ]);
  const counts = ["schedules", "schedule_progress", "slot_records", "tasks"].map(
    (table) => reader.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"],
  );
  expect(counts).toEqual([0, 0, 0, 1]);
});
