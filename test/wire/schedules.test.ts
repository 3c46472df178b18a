import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, createClient } from "@connectrpc/connect";
import { CanvasService } from "@stem/proto/stem/v1/canvas_service_pb";
import {
  ScheduleCause,
  ScheduleEnd,
  ScheduleOverlap,
  type ScheduleSettingsSchema,
  SkipReason,
  SolarEvent,
} from "@stem/proto/stem/v1/schedule_pb";
import { ScheduleService } from "@stem/proto/stem/v1/schedule_service_pb";
import { ScheduleSlotService } from "@stem/proto/stem/v1/schedule_slot_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../support/until.ts";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { wireTransports, wordOf } from "../support/wire-transports.ts";
import { invalid, refusalOf, refused } from "./bad-input/refusal.ts";

type Settings = MessageInitShape<typeof ScheduleSettingsSchema>;

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

const task = { case: "task", value: { name: "report.send" } } as const;
const yearly = { spec: { case: "cron", value: { expression: "0 0 1 1 *" } } } as const;

/** Once a year, a report, but for what is said otherwise. */
const settings = (own: Settings = {}) => ({ spec: yearly, target: task, ...own }) as Settings;

describe.each(wireTransports)("over %s", (name, open) => {
  const idOf = (suffix: string) => `${wordOf(name)}/${suffix}`;
  const connect = () => {
    const transport = open(server.url);
    return {
      schedules: createClient(ScheduleService, transport),
      slots: createClient(ScheduleSlotService, transport),
      tasks: createClient(TaskService, transport),
      canvases: createClient(CanvasService, transport),
    };
  };

  test("a schedule is made, read, changed and removed, by its revision", async () => {
    const { schedules } = connect();
    const scheduleId = idOf("life");
    const said: Settings = settings({
      spec: {
        ...yearly,
        startTime: timestampFromMs(Date.UTC(2030, 0, 2)),
        endTime: timestampFromMs(Date.UTC(2032, 0, 2)),
      },
      catchUp: { rule: { case: "all", value: { max: 3, horizon: { seconds: 86_400n } } } },
      ...{ overlap: ScheduleOverlap.QUEUE_ONE, jitter: { seconds: 60n }, maxRuns: 7, priority: 3 },
      ...{ removeWhenOver: true, description: "a report for the new year" },
      expireTime: timestampFromMs(Date.UTC(2031, 5, 1)),
    });
    const { schedule } = await schedules.createSchedule({ scheduleId, settings: said });
    expect(schedule).toMatchObject({
      ...{ namespace: "default", id: scheduleId, revision: 1n, fired: 0n, end: ScheduleEnd.UNSPECIFIED },
      settings: {
        ...{ overlap: ScheduleOverlap.QUEUE_ONE, jitter: { seconds: 60n }, maxRuns: 7, priority: 3 },
        ...{ removeWhenOver: true, description: "a report for the new year", disabled: false },
        spec: { spec: { case: "cron", value: { expression: "0 0 1 1 *", timeZone: "UTC" } } },
        target: { case: "task", value: { name: "report.send" } },
        catchUp: { rule: { case: "all", value: { max: 3, horizon: { seconds: 86_400n } } } },
        expireTime: timestampFromMs(Date.UTC(2031, 5, 1)),
      },
      nextTime: timestampFromMs(Date.UTC(2031, 0, 1)),
    });
    expect((await schedules.getSchedule({ scheduleId })).schedule).toEqual(schedule);
    const disabled = settings({ disabled: true });
    const changed = await schedules.updateSchedule({ scheduleId, settings: disabled, expectedRevision: 1n });
    expect(changed.schedule).toMatchObject({ revision: 2n, settings: { disabled: true } });
    expect(changed.schedule?.nextTime).toBeUndefined();
    const stale = () => schedules.updateSchedule({ scheduleId, settings: disabled, expectedRevision: 1n });
    expect(await refusalOf(stale())).toMatchObject(refused(Code.Aborted, "REVISION_CONFLICT"));
    expect(await refusalOf(schedules.createSchedule({ scheduleId, settings: said }))).toMatchObject(
      refused(Code.AlreadyExists, "SCHEDULE_EXISTS"),
    );
    expect(await schedules.deleteSchedule({ scheduleId, expectedRevision: 2n })).toMatchObject({
      deleted: true,
    });
    expect(await schedules.deleteSchedule({ scheduleId })).toMatchObject({ deleted: false });
    expect(await refusalOf(schedules.getSchedule({ scheduleId }))).toMatchObject(
      refused(Code.NotFound, "SCHEDULE_UNKNOWN"),
    );
  });

  test("every kind of spec comes back as it was said", async () => {
    const { schedules } = connect();
    const time = timestampFromMs(Date.UTC(2040, 0, 1));
    const specs = [
      { case: "interval", value: { every: { seconds: 90n, nanos: 5_000_000 }, anchorTime: time } },
      { case: "cron", value: { expression: "30 2 * * *", timeZone: "America/New_York" } },
      {
        case: "calendar",
        value: {
          ...{ months: [1, 12], weekdays: [0], monthDays: [-1, 15], hours: [3], minutes: [0, 30] },
          timeZone: "Asia/Tokyo",
        },
      },
      {
        case: "solar",
        value: { event: SolarEvent.DUSK, latitude: 52.5, longitude: -13.25, offset: { seconds: -600n } },
      },
      { case: "clocked", value: { time } },
    ] as const;
    for (const spec of specs) {
      const scheduleId = idOf(spec.case);
      const { schedule } = await schedules.createSchedule({
        scheduleId,
        settings: settings({ spec: { spec } }),
      });
      expect(schedule?.settings?.spec?.spec).toMatchObject(spec);
      expect(schedule?.nextTime).toBeDefined();
    }
  });

  test("a schedule fires its task when it is due, and tells of it", async () => {
    const { schedules, slots, tasks } = connect();
    const scheduleId = idOf("fires");
    const spec = { spec: { case: "clocked", value: { time: timestampFromMs(Date.now() - 1000) } } } as const;
    await schedules.createSchedule({ scheduleId, settings: settings({ spec }) });
    const slot = await until(async () => (await slots.listScheduleSlots({ scheduleId })).slots[0], {
      ...{ deadlineMs: 10_000, what: "the slot to fire", everyMs: 5 },
    });
    expect(slot).toMatchObject({ cause: ScheduleCause.DUE, taskState: TaskState.READY, requestId: "" });
    expect(slot?.lateness?.seconds).toBeGreaterThan(0n);
    const started = slot?.outcome.case === "started" ? slot.outcome.value.started : undefined;
    if (started?.case !== "taskId") throw new Error("no task was started");
    expect((await tasks.getTask({ taskId: started.value })).task).toMatchObject({ name: "report.send" });
    expect((await schedules.getSchedule({ scheduleId })).schedule).toMatchObject({
      ...{ fired: 1n, end: ScheduleEnd.OVER, last: { started } },
    });
  });

  test("a schedule is paused with who and why, and resumed", async () => {
    const { schedules, slots } = connect();
    const scheduleId = idOf("paused");
    await schedules.createSchedule({ scheduleId, settings: settings() });
    const { schedule } = await schedules.pauseSchedule({ scheduleId, note: "deploy", requester: "ann" });
    expect(schedule?.pause).toMatchObject({ note: "deploy", pausedBy: "ann" });
    const { slots: comes } = await slots.previewSchedule({ scheduleId, count: 2 });
    expect(comes.map(({ outcome }) => outcome.case === "skipped" && outcome.value.reason)).toEqual([
      SkipReason.PAUSED,
      SkipReason.PAUSED,
    ]);
    const resumed = await schedules.resumeSchedule({ scheduleId });
    expect(resumed.schedule?.pause).toBeUndefined();
    expect((await slots.previewSchedule({ scheduleId })).slots).toHaveLength(10);
  });

  test("a schedule is triggered, once for each request", async () => {
    const { schedules, slots, canvases } = connect();
    const scheduleId = idOf("triggered");
    const root = { node: { case: "task", value: { name: "report.send" } } } as const;
    const value = { root, name: "reports", tags: ["new-year"] };
    const target: Settings["target"] = { case: "canvas", value };
    await schedules.createSchedule({
      scheduleId,
      settings: settings({ target, overlap: ScheduleOverlap.SKIP }),
    });
    const { slot } = await slots.triggerSchedule({ scheduleId, requestId: "1" });
    const started = slot?.outcome.case === "started" ? slot.outcome.value.started : undefined;
    if (started?.case !== "canvasId") throw new Error("no canvas was started");
    expect((await canvases.getCanvas({ canvasId: started.value })).canvas).toMatchObject({
      ...{ name: "reports", tags: ["new-year"] },
    });
    const again = await slots.triggerSchedule({ scheduleId, requestId: "1" });
    expect(again).toMatchObject({ waiting: false, repeatedStart: { started } });
    const other = await slots.triggerSchedule({ scheduleId });
    expect(other.slot?.outcome).toMatchObject({ value: { reason: SkipReason.STILL_RUNNING } });
    const queued = await slots.triggerSchedule({ scheduleId, overlap: ScheduleOverlap.QUEUE_ONE });
    expect(queued.waiting).toBe(true);
  });

  test("slots of the past are started, and the history is read page by page", async () => {
    const { schedules, slots } = connect();
    const scheduleId = idOf("backfilled");
    await schedules.createSchedule({ scheduleId, settings: settings() });
    const range = {
      ...{ scheduleId, requestId: "again" },
      fromTime: timestampFromMs(Date.UTC(2020, 0, 1)),
      toTime: timestampFromMs(Date.UTC(2025, 0, 1)),
    };
    const { slots: done } = await slots.backfillSchedule(range);
    expect(done.map(({ slotTime }) => slotTime)).toEqual(
      [2020, 2021, 2022, 2023, 2024].map((year) => timestampFromMs(Date.UTC(year, 0, 1))),
    );
    const first = await slots.listScheduleSlots({ scheduleId, pageSize: 3 });
    const { nextPageToken: pageToken } = first;
    const second = await slots.listScheduleSlots({ scheduleId, pageSize: 3, pageToken });
    const read = [...first.slots, ...second.slots];
    expect(read.map(({ slotTime }) => slotTime)).toEqual(done.map(({ slotTime }) => slotTime).reverse());
    expect([first.slots.length, second.nextPageToken]).toEqual([3, ""]);
    expect(
      read.every(({ cause, requestId }) => cause === ScheduleCause.BACKFILL && requestId === "again"),
    ).toBe(true);
  });

  test("schedules are listed by id, page by page", async () => {
    const { schedules } = connect();
    for (const suffix of ["l3", "l1", "l2"])
      await schedules.createSchedule({ scheduleId: idOf(suffix), settings: settings() });
    const ids: string[] = [];
    let pageToken = "";
    do {
      const page = await schedules.listSchedules({ pageSize: 2, pageToken });
      ids.push(...page.schedules.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(ids).toEqual(ids.toSorted());
    expect(ids.filter((id) => id.startsWith(idOf("l")) && /\d$/.test(id))).toEqual(
      ["l1", "l2", "l3"].map(idOf),
    );
  });

  test("what is wrong with settings is told by the path of the request", async () => {
    const { schedules } = connect();
    const bad = async (own: Settings, field: string) =>
      expect(
        await refusalOf(schedules.createSchedule({ scheduleId: idOf("bad"), settings: settings(own) })),
      ).toMatchObject(invalid(field));
    await bad({ target: { case: "task", value: { name: "a", id: "own" } } }, "settings.task.id");
    const scheduled = { scheduleId: "other" };
    await bad({ target: { case: "task", value: { name: "a", scheduled } } }, "settings.task.scheduled");
    const broken: Extract<Settings["target"], { case: "canvas" }>["value"] = {
      root: { node: { case: "chain", value: { steps: [] } } },
    };
    await bad({ target: { case: "canvas", value: broken } }, "settings.canvas.root.chain.steps");
    await bad({ catchUp: { rule: { case: "within", value: { seconds: -1n } } } }, "settings.catch_up.within");
    await bad({ jitter: { seconds: 86_401n } }, "settings.jitter");
    await bad({ priority: 10 }, "settings.priority");
    await bad({ maxRuns: 0 }, "settings.max_runs");
    const { schedules: found } = await schedules.listSchedules({ pageSize: 1000 });
    expect(found.map(({ id }) => id)).not.toContain(idOf("bad"));
  });
});
