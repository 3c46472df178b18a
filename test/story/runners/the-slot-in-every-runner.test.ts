import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { ScheduleSettingsSchema } from "@stem/proto/stem/v1/schedule_pb";
import { ScheduleService } from "@stem/proto/stem/v1/schedule_service_pb";
import { ScheduleSlotService } from "@stem/proto/stem/v1/schedule_slot_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { describe, expect, test } from "vitest";
import { chain, group, type Node, task } from "../../support/canvas-nodes.ts";
import { until } from "../../support/until.ts";
import { everyRunner, startRunner } from "./every-runner.ts";
import { scheduledTasks, slot } from "./scheduled-tasks.ts";

const module = new URL("./scheduled-tasks.ts", import.meta.url);
const slotTime = new Date("2026-01-02T03:04:05.678Z");
const spec = { spec: { case: "clocked", value: { time: timestampFromDate(slotTime) } } } as const;
const leaf = { node: { case: "task", value: { name: "slot" } } } as const;
type Settings = MessageInitShape<typeof ScheduleSettingsSchema>;
const targets: { readonly [Id in "task" | "canvas"]: Settings["target"] } = {
  task: { case: "task", value: { name: "slot", headers: { tenant: "a" } } },
  canvas: { case: "canvas", value: { root: { node: { case: "chain", value: { steps: [leaf, leaf] } } } } },
};

describe.each(everyRunner)("%s", (runner) => {
  test("a handler is told for which slot of which schedule it runs, and so is each of a canvas", async () => {
    const { stem, url } = await startRunner(runner, scheduledTasks, { module });
    const transport = createGrpcTransport({ baseUrl: url });
    const schedules = createClient(ScheduleService, transport);
    const slots = createClient(ScheduleSlotService, transport);
    await schedules.applySchedules({
      schedules: Object.entries(targets).map(([scheduleId, target]) => ({
        scheduleId,
        settings: { spec, target } as Settings,
      })),
    });
    const startedOf = (scheduleId: string) =>
      until(
        async () => {
          const { slots: found } = await slots.listScheduleSlots({ scheduleId });
          return found[0]?.outcome.case === "started" ? found[0].outcome.value.started : undefined;
        },
        { deadlineMs: 50_000, what: "the slot to fire", everyMs: 5 },
      );
    const started = { task: await startedOf("task"), canvas: await startedOf("canvas") };
    const { value: taskId = "" } = started.task;
    const seen = { slotTime: slotTime.toISOString() };
    expect(await stem.handle(slot, taskId).result({ timeoutMs: 50_000 })).toEqual([{ id: "task", ...seen }]);
    const shown = (await createClient(TaskService, transport).getTask({ taskId })).task?.scheduled;
    expect(shown?.scheduleId).toBe("task");
    expect(shown?.slotTime && timestampDate(shown.slotTime)).toEqual(slotTime);
    expect(await stem.canvas(started.canvas.value ?? "").result({ timeoutMs: 50_000 })).toEqual([
      { id: "canvas", ...seen },
      { id: "canvas", ...seen },
    ]);
    const plain = await stem.enqueue(slot, []);
    expect(await plain.result({ timeoutMs: 50_000 })).toEqual(["none"]);
  });
});

test("what follows by links is told of the slot, too: of a task, of one that failed, and of parts of a canvas", async () => {
  const { stem, url } = await startRunner("in process", scheduledTasks, { module });
  const transport = createGrpcTransport({ baseUrl: url });
  const linkTo = (tag: string) => [{ task: { name: "slot", tags: [tag] }, ignoreInput: true }];
  const failing = { name: "fail-in-slot", options: { maxAttempts: 1, linkError: linkTo("failed") } };
  const calling = { ...group(task("slot"), task("slot")), link: linkTo("group"), linkError: linkTo("never") };
  const steps = chain({ ...task("slot"), link: linkTo("step") }, calling);
  const root: Node = { ...steps, link: linkTo("whole") };
  const linked: Record<string, Settings["target"]> = {
    task: { case: "task", value: { name: "slot", options: { link: linkTo("task") } } },
    failing: { case: "task", value: failing },
    canvas: { case: "canvas", value: { root } },
  };
  const schedules = Object.entries(linked).map(([scheduleId, target]) => ({
    scheduleId,
    settings: { spec, target } as Settings,
  }));
  await createClient(ScheduleService, transport).applySchedules({ schedules });
  const tasks = createClient(TaskService, transport);
  const scheduleOf = { task: "task", failed: "failing", step: "canvas", group: "canvas", whole: "canvas" };
  for (const [tag, id] of Object.entries(scheduleOf)) {
    const found = await until(async () => (await tasks.listTasks({ tag })).tasks[0], {
      ...{ deadlineMs: 50_000, what: `what follows by the link ${tag}`, everyMs: 5 },
    });
    expect(await stem.handle(slot, found.id).result({ timeoutMs: 50_000 }), tag).toEqual([
      { id, slotTime: slotTime.toISOString() },
    ]);
    expect((await tasks.getTask({ taskId: found.id })).task?.scheduled?.scheduleId, tag).toBe(id);
  }
  expect((await tasks.listTasks({ tag: "never" })).tasks).toEqual([]);
});
