import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Code, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ErrorInfoSchema, RetryInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { SettleOutcome } from "@stem/proto/stem/v1/lease_pb";
import { ScheduleService } from "@stem/proto/stem/v1/schedule_service_pb";
import { ScheduleSlotService } from "@stem/proto/stem/v1/schedule_slot_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { limits } from "../../server/src/model/limits.ts";
import { openSqliteStore, type SqliteOptions } from "../../server/src/storage/sqlite/sqlite.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { createRecordingLog } from "../support/recording-log.ts";
import { until } from "../support/until.ts";
import { startWireServer } from "../support/wire-server.ts";
import { failure } from "../support/wire-transports.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "stem-full-disk-"));
afterAll(() => rmSync(folder, { recursive: true }));

const lease = { leaseMs: 20_000, graceMs: 2000 };
/** The store looks at the disk so often. */
const lookEveryMs = 5000;
/** A disk of 16 MB, and tasks of which only a few fit on it. */
const pagesMax = 4000;
const large = { data: { case: "json" as const, value: JSON.stringify("x".repeat(1_000_000)) } };

type Wish = Partial<Pick<SqliteOptions, "pagesMax" | "freeShareMin">>;

/** A server on a store whose disk is as `wish` says. Time stands still for the store alone, so that it looks at the disk when told. */
async function startOn(name: string, wish: Wish) {
  const clock = createManualClock();
  const options = { clock, log: createRecordingLog(), limits, lease, ballastBytes: 4096, ...wish };
  const store = await openSqliteStore(path.join(folder, name), options);
  const server = await startWireServer({ store });
  onTestFinished(() => server.close());
  const transport = createGrpcTransport({ baseUrl: server.url });
  return {
    clock,
    close: () => server.close(),
    tasks: createClient(TaskService, transport),
    workers: createClient(WorkerService, transport),
    schedules: createClient(ScheduleService, transport),
    slots: createClient(ScheduleSlotService, transport),
  };
}

type Server = Awaited<ReturnType<typeof startOn>>;

async function expectFull(call: Promise<unknown>): Promise<void> {
  const error = await failure(call);
  expect(error.code).toBe(Code.ResourceExhausted);
  expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("STORE_FULL");
  expect(error.findDetails(RetryInfoSchema)).toHaveLength(1);
}

/** Leases what there is, and settles it: the server's work goes on. */
async function expectWorkGoesOn({ tasks, workers }: Server): Promise<void> {
  const { grants } = await workers.leaseTasks({ queues: ["default"], maxTasks: 1 });
  const [grant] = grants;
  const settlements = grants.map(({ leaseToken }) => ({
    leaseToken,
    outcome: {
      case: "succeeded" as const,
      value: { result: { data: { case: "json", value: "1" } as const } },
    },
  }));
  const { results } = await workers.settleTasks({ settlements });
  expect(results.map(({ verdict }) => verdict?.outcome)).toEqual([SettleOutcome.ACCEPTED]);
  const { task } = await tasks.getTask({ taskId: grant?.taskId ?? "" });
  expect(task?.state).toBe(TaskState.SUCCEEDED);
}

test("a full disk refuses enqueues, lets what is there be worked off, and takes enqueues again once there is room", {
  timeout: 60_000,
}, async () => {
  const server = await startOn("full.db", { pagesMax });
  const { tasks, clock } = server;
  for (let stored = 0; stored < 4; stored += 1) await tasks.enqueueTask({ name: "a", args: large });
  const fill = async (): Promise<never> => {
    for (;;) await tasks.enqueueTask({ name: "a", args: large });
  };
  await expectFull(fill());
  // Also a small one: what room is left is for what runs.
  await expectFull(tasks.enqueueTask({ name: "a" }));
  await expectFull(tasks.enqueueTasks({ tasks: [{ name: "a" }], atomic: true }));
  await expectWorkGoesOn(server);
  await expectWorkGoesOn(server);
  await clock.advance(lookEveryMs);
  const stored = await until(() => tasks.enqueueTask({ name: "a" }).catch(() => undefined), {
    what: "room for a small task",
    deadlineMs: 50_000,
  });
  expect(stored.deduplicated).toBe(false);
});

test("a disk that is nearly full refuses enqueues before it is full, and what is there is worked off", async () => {
  const before = await startOn("low.db", { freeShareMin: 0 });
  await before.tasks.enqueueTask({ name: "a" });
  await before.close();

  const server = await startOn("low.db", { freeShareMin: 1 });
  await expectFull(server.tasks.enqueueTask({ name: "a" }));
  await expectWorkGoesOn(server);
});

test("a disk that is nearly full takes no new schedule and starts nothing by one, and lets those that there are be stopped", async () => {
  const settings = {
    spec: { spec: { case: "cron", value: { expression: "0 0 1 1 *" } } },
    target: { case: "task", value: { name: "a" } },
  } as const;
  const before = await startOn("low-schedules.db", { freeShareMin: 0 });
  await before.schedules.createSchedule({ scheduleId: "yearly", settings });
  await before.close();

  const { schedules, slots, tasks } = await startOn("low-schedules.db", { freeShareMin: 1 });
  await expectFull(schedules.createSchedule({ scheduleId: "another", settings }));
  await expectFull(slots.triggerSchedule({ scheduleId: "yearly", requestId: "r" }));
  expect((await tasks.listTasks({})).tasks).toEqual([]);
  const { schedule } = await schedules.pauseSchedule({ scheduleId: "yearly", note: "no room" });
  expect(schedule?.revision).toBe(2n);
  await schedules.deleteSchedule({ scheduleId: "yearly" });
});
