import { create, toBinary } from "@bufbuild/protobuf";
import { ScheduledCanvasSchema } from "@stem/proto/stem/v1/schedule_pb";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import { compile } from "../../server/src/beat/beat.ts";
import { defaultNamespace, instantOf, type ScheduleRef, scheduleIdOf } from "../../server/src/model/ids.ts";
import type {
  Schedule,
  ScheduleSettings,
  ScheduleTarget,
  SlotRecord,
} from "../../server/src/model/schedule-record.ts";
import { newSettings } from "./new-schedule.ts";
import { openRooms, type RoomsWish } from "./rooms.ts";

/** A schedule of the default namespace. */
export const scheduleRefOf = (id = "s"): ScheduleRef => ({
  namespace: defaultNamespace,
  id: scheduleIdOf(id),
});

/** A task to start. */
export const taskTarget = (name = "test.work"): ScheduleTarget => ({
  kind: "task",
  content: toBinary(NewTaskSchema, create(NewTaskSchema, { name })),
});

/** A group of two tasks to start. */
export const canvasTarget = (): ScheduleTarget => {
  const members = ["a", "b"].map((name) => ({ node: { case: "task" as const, value: { name } } }));
  const root = { node: { case: "group" as const, value: { members } } };
  return {
    kind: "canvas",
    content: toBinary(ScheduledCanvasSchema, create(ScheduledCanvasSchema, { root })),
  };
};

/** Rooms with schedules. */
export async function openBeat(wish: RoomsWish = {}) {
  const rooms = await openRooms(wish);
  const { schedules, clock, store } = rooms;
  return {
    ...rooms,
    make: (own: Partial<ScheduleSettings> = {}, id = "s"): Promise<Schedule> =>
      schedules.create(scheduleRefOf(id), newSettings(clock.now(), { target: taskTarget(), ...own })),
    /** Goes from one look to the next, as if nothing else went on, until then. */
    async skipTo(end: number): Promise<void> {
      for (;;) {
        const wait = await schedules.fire(end - clock.now());
        if (clock.now() + wait >= end) break;
        await clock.jump(wait);
      }
      await clock.jump(end - clock.now());
      await schedules.fire(1);
    },
    /** All slots of a schedule that started something, oldest first, by its tasks. */
    async startedSlots(id = "s"): Promise<readonly number[]> {
      const records = await store.listSlotRecords({
        ref: scheduleRefOf(id),
        before: undefined,
        limit: Number.MAX_SAFE_INTEGER,
      });
      return records
        .filter(isStarted)
        .map(({ slot }) => Number(slot))
        .reverse();
    },
  };
}

const isStarted = ({ outcome }: SlotRecord): boolean => outcome.kind === "started";

/** The slots of a schedule's spec after one instant and up to another. */
export function slotsBetween({ settings }: Schedule, from: number, to: number): readonly number[] {
  const slots = compile(settings.spec);
  const found: number[] = [];
  let slot = slots.nextAfter(instantOf(from));
  while (slot !== undefined && slot <= to) {
    found.push(slot);
    slot = slots.nextAfter(instantOf(slot));
  }
  return found;
}
