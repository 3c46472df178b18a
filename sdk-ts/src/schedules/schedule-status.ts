import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { ScheduleEnd as ProtoEnd, type Schedule as ProtoSchedule } from "@stem/proto/stem/v1/schedule_pb";
import type { KeptSettings } from "./settings.ts";
import { settingsFromProto } from "./settings-message.ts";
import { type ScheduleStarted, startedFromProto } from "./slots.ts";

/**
 * Why no slot of a schedule comes any more. over: it is never due again. expired: its `expireAt` has come, or comes before its next slot.
 * max_runs: as many slots have fired as may. broken: the server cannot tell any more when it is due.
 */
export type ScheduleEnd = "over" | "expired" | "max_runs" | "broken";

/** An operator has stopped a schedule. */
export type SchedulePause = {
  readonly pausedAt: Date | undefined;
  /** Why. */
  readonly note: string;
  /** Who, as far as they said so. */
  readonly by: string | undefined;
};

/** A schedule at one moment. */
export type ScheduleStatus = {
  readonly id: string;
  readonly settings: KeptSettings;
  /** Rises with every change that somebody makes, from 1. */
  readonly revision: number;
  readonly createdAt: Date | undefined;
  /** When it was changed last. */
  readonly updatedAt: Date | undefined;
  /** Set while an operator has stopped it. */
  readonly pause: SchedulePause | undefined;
  /** The slot that comes next; undefined: none does, as long as nobody changes it. */
  readonly nextAt: Date | undefined;
  /** The slot that waits for the end of what was started last. */
  readonly waitingAt: Date | undefined;
  /** The slot that was started last, or when somebody triggered it. */
  readonly lastAt: Date | undefined;
  /** What was started last. */
  readonly last: ScheduleStarted | undefined;
  /** How many slots have fired; triggers and backfills do not count. */
  readonly fired: number;
  /** Why no slot comes any more; undefined: some do, or it stands still. */
  readonly end: ScheduleEnd | undefined;
};

/** A schedule from an answer. */
export function scheduleOf({ schedule }: { readonly schedule?: ProtoSchedule | undefined }): ScheduleStatus {
  if (schedule === undefined) throw new Error("the server answered without the schedule");
  return scheduleFromProto(schedule);
}

/** A schedule from its message. */
export function scheduleFromProto(schedule: ProtoSchedule): ScheduleStatus {
  const { id, settings, revision, pause, last, fired, end } = schedule;
  if (settings === undefined) throw new Error("the server answered without the settings of the schedule");
  return {
    ...{ id, settings: settingsFromProto(settings), revision: Number(revision), fired: Number(fired) },
    ...{ createdAt: dateOf(schedule.createTime), updatedAt: dateOf(schedule.updateTime) },
    pause: pause && { pausedAt: dateOf(pause.pauseTime), note: pause.note, by: pause.pausedBy || undefined },
    ...{ nextAt: dateOf(schedule.nextTime), waitingAt: dateOf(schedule.waitingTime) },
    ...{ lastAt: dateOf(schedule.lastTime), last: last && startedFromProto(last), end: ends[end] },
  };
}

const ends: Readonly<Record<number, ScheduleEnd>> = {
  [ProtoEnd.OVER]: "over",
  [ProtoEnd.EXPIRED]: "expired",
  [ProtoEnd.MAX_RUNS]: "max_runs",
  [ProtoEnd.BROKEN]: "broken",
};

const dateOf = (time: Timestamp | undefined): Date | undefined => time && timestampDate(time);
