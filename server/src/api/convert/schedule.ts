/** Schedules and their slots, on their way out. */

import { create } from "@bufbuild/protobuf";
import {
  ScheduleCause,
  ScheduleEnd,
  type Schedule as ScheduleMessage,
  ScheduleSchema,
  type ScheduleSlot,
  ScheduleSlotSchema,
  type ScheduleStarted,
  ScheduleStartedSchema,
  SkipReason,
} from "@stem/proto/stem/v1/schedule_pb";
import type { Foreseen, PastSlot } from "../../beat/beat.ts";
import type { BarrierState } from "../../model/canvas.ts";
import type {
  Schedule,
  ScheduleProgress,
  SlotOutcome,
  SlotRecord,
  StartCause,
  Started,
} from "../../model/schedule-record.ts";
import type { TaskState } from "../../model/task.ts";
import { canvasStateToProto } from "./canvas.ts";
import { settingsToProto } from "./schedule-settings.ts";
import { taskStateToProto } from "./task-state.ts";
import { durationFromMs, timestampFromInstant } from "./time.ts";

const causes: { readonly [C in StartCause]: ScheduleCause } = {
  due: ScheduleCause.DUE,
  trigger: ScheduleCause.TRIGGER,
  backfill: ScheduleCause.BACKFILL,
};

const ends: { readonly [E in NonNullable<ScheduleProgress["end"]>]: ScheduleEnd } = {
  over: ScheduleEnd.OVER,
  expired: ScheduleEnd.EXPIRED,
  max_runs: ScheduleEnd.MAX_RUNS,
  broken: ScheduleEnd.BROKEN,
};

const reasons: { readonly [R in NonNullable<Foreseen["skip"]>]: SkipReason } = {
  late: SkipReason.LATE,
  superseded: SkipReason.SUPERSEDED,
  beyond_horizon: SkipReason.BEYOND_HORIZON,
  beyond_max: SkipReason.BEYOND_MAX,
  still_running: SkipReason.STILL_RUNNING,
  one_is_waiting: SkipReason.ONE_IS_WAITING,
  expired: SkipReason.EXPIRED,
  paused: SkipReason.PAUSED,
  disabled: SkipReason.DISABLED,
  max_runs: SkipReason.MAX_RUNS,
};

/** A schedule as callers see it. */
export function scheduleToProto(schedule: Schedule): ScheduleMessage {
  const { namespace, id, settings, revision, createdAt, changedAt, pause, progress } = schedule;
  const { next, waiting, last, fired, end } = progress;
  return create(ScheduleSchema, {
    ...{ namespace, id, settings: settingsToProto(settings), revision: BigInt(revision) },
    ...{ createTime: timestampFromInstant(createdAt), updateTime: timestampFromInstant(changedAt) },
    ...{ fired: BigInt(fired), end: end === undefined ? ScheduleEnd.UNSPECIFIED : ends[end] },
    ...(pause && {
      pause: { pauseTime: timestampFromInstant(pause.at), note: pause.note, pausedBy: pause.by },
    }),
    ...(next !== undefined && { nextTime: timestampFromInstant(next) }),
    ...(waiting && { waitingTime: timestampFromInstant(waiting.slot) }),
    ...(last && { lastTime: timestampFromInstant(last.slot), last: startedToProto(last.started) }),
  });
}

/** What a slot has started. */
export const startedToProto = ({ kind, id }: Started): ScheduleStarted =>
  create(ScheduleStartedSchema, {
    started: kind === "task" ? { case: "taskId", value: id } : { case: "canvasId", value: id },
  });

/** A slot that was decided upon, and how what it started stands, where that is known. */
export function pastSlotToProto(record: SlotRecord & Partial<Pick<PastSlot, "state">>): ScheduleSlot {
  const { slot, dueAt, at, cause, request, outcome, state } = record;
  return create(ScheduleSlotSchema, {
    ...{ slotTime: timestampFromInstant(slot), dueTime: timestampFromInstant(dueAt) },
    ...{ decideTime: timestampFromInstant(at), lateness: durationFromMs(Math.max(0, at - dueAt)) },
    ...{ cause: causes[cause], requestId: request ?? "", outcome: outcomeToProto(outcome) },
    ...stateToProto(outcome, state),
  });
}

function outcomeToProto(outcome: SlotOutcome) {
  switch (outcome.kind) {
    case "started":
      return { case: "started", value: startedToProto(outcome.started) } as const;
    case "not_made":
      return { case: "notMade", value: outcome.why } as const;
    case "skipped":
      return skippedToProto(outcome);
  }
}

const skippedToProto = ({
  reason,
  until,
}: Omit<Extract<SlotOutcome, { kind: "skipped" }>, "kind" | "reason"> & {
  readonly reason: NonNullable<Foreseen["skip"]>;
}) =>
  ({
    case: "skipped",
    value: {
      reason: reasons[reason],
      ...(until !== undefined && { untilTime: timestampFromInstant(until) }),
    },
  }) as const;

function stateToProto(
  outcome: SlotOutcome,
  state: PastSlot["state"],
): Partial<Pick<ScheduleSlot, "taskState" | "canvasState">> {
  if (outcome.kind !== "started" || state === undefined) return {};
  return outcome.started.kind === "task"
    ? { taskState: taskStateToProto(state as TaskState) }
    : { canvasState: canvasStateToProto(state as BarrierState) };
}

/** A slot that comes. */
export const foreseenToProto = ({ slot, dueAt, skip, until }: Foreseen): ScheduleSlot =>
  create(ScheduleSlotSchema, {
    ...{ slotTime: timestampFromInstant(slot), dueTime: timestampFromInstant(dueAt) },
    cause: ScheduleCause.DUE,
    ...(skip && { outcome: skippedToProto({ reason: skip, until }) }),
  });
