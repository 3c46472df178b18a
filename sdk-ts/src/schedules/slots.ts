import { durationMs, type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { CanvasState as ProtoCanvasState } from "@stem/proto/stem/v1/canvas_pb";
import {
  ScheduleCause as ProtoCause,
  SkipReason as ProtoReason,
  type ScheduleSlot as ProtoSlot,
  type ScheduleStarted as ProtoStarted,
} from "@stem/proto/stem/v1/schedule_pb";
import type { TriggerScheduleResponse } from "@stem/proto/stem/v1/schedule_slot_service_pb";
import { type CanvasState, canvasStateFromProto } from "../canvas/canvas-status.ts";
import { stateFromProto, type TaskState } from "../task-state.ts";

/** What a slot has started: `client.handle(task, id)` and `client.canvas(id)` give a handle on it. */
export type ScheduleStarted = { readonly kind: "task" | "canvas"; readonly id: string };

/** Why something was started, or was to be: its time had come, or somebody asked. */
export type ScheduleCause = "due" | "trigger" | "backfill";

/** Why a slot is passed over; docs/beat.md says when that is. */
export type SkipReason =
  | "late"
  | "superseded"
  | "beyond_horizon"
  | "beyond_max"
  | "still_running"
  | "one_is_waiting"
  | "expired"
  | "paused"
  | "disabled"
  | "max_runs";

/** A slot, and what became of it, or will. */
export type ScheduleSlot = {
  /** The instant that it was meant for; of a trigger, when it was asked for. */
  readonly slotAt: Date;
  /** When it fires: later than that by its part of the jitter. */
  readonly dueAt: Date;
  /** When it was decided upon; undefined: it comes. */
  readonly decidedAt: Date | undefined;
  /** How late that was. */
  readonly latenessMs: number;
  /** Undefined for one that this version does not know. */
  readonly cause: ScheduleCause | undefined;
  /** By which request, where somebody asked. */
  readonly requestId: string | undefined;
  /** Undefined: it comes, and nothing is in its way as far as that is known. */
  readonly outcome: SlotOutcome | undefined;
};

/** What became of a slot. */
export type SlotOutcome =
  | {
      readonly kind: "started";
      readonly started: ScheduleStarted;
      /** How that stands; undefined where its record is not kept any more. */
      readonly state: TaskState | CanvasState | undefined;
    }
  /** It fired, but what it starts could not be made: a word that says why, such as `unique_taken` or `queue_closed`. */
  | { readonly kind: "not_made"; readonly why: string }
  | {
      readonly kind: "skipped";
      /** Undefined for one that this version does not know. */
      readonly reason: SkipReason | undefined;
      /** With it, all slots from this one on and before that are meant, however many they are. */
      readonly untilAt: Date | undefined;
    };

/** What became of a trigger. waiting: it starts at the end of what was started last. repeated: the same request had started it before. */
export type TriggerOutcome =
  | SlotOutcome
  | { readonly kind: "waiting" }
  | { readonly kind: "repeated"; readonly started: ScheduleStarted };

/** A slot from its message. */
export const slotFromProto = (slot: ProtoSlot): ScheduleSlot => ({
  slotAt: dateOf(slot.slotTime),
  dueAt: dateOf(slot.dueTime ?? slot.slotTime),
  decidedAt: slot.decideTime && timestampDate(slot.decideTime),
  latenessMs: slot.lateness ? durationMs(slot.lateness) : 0,
  cause: causes[slot.cause],
  requestId: slot.requestId || undefined,
  outcome: outcomeFromProto(slot),
});

/** What became of a trigger, from the answer. */
export function triggeredFromProto({
  slot,
  waiting,
  repeatedStart,
}: TriggerScheduleResponse): TriggerOutcome {
  const started = repeatedStart && startedFromProto(repeatedStart);
  if (started) return { kind: "repeated", started };
  if (waiting) return { kind: "waiting" };
  const outcome = slot && outcomeFromProto(slot);
  if (outcome === undefined) throw new Error("the server answered without what became of the trigger");
  return outcome;
}

/** What was started, from its message. */
export function startedFromProto({ started }: ProtoStarted): ScheduleStarted | undefined {
  if (started.case === undefined) return undefined;
  return { kind: started.case === "taskId" ? "task" : "canvas", id: started.value };
}

function outcomeFromProto(slot: ProtoSlot): SlotOutcome | undefined {
  const { outcome } = slot;
  switch (outcome.case) {
    case "started": {
      const started = startedFromProto(outcome.value);
      return started && { kind: "started", started, state: stateOf(slot) };
    }
    case "notMade":
      return { kind: "not_made", why: outcome.value };
    case "skipped": {
      const { reason, untilTime } = outcome.value;
      return { kind: "skipped", reason: reasons[reason], untilAt: untilTime && timestampDate(untilTime) };
    }
    case undefined:
      return undefined;
  }
}

const stateOf = ({ taskState, canvasState }: ProtoSlot): TaskState | CanvasState | undefined =>
  canvasState === ProtoCanvasState.UNSPECIFIED
    ? stateFromProto(taskState)
    : canvasStateFromProto(canvasState);

const causes: Readonly<Record<number, ScheduleCause>> = {
  [ProtoCause.DUE]: "due",
  [ProtoCause.TRIGGER]: "trigger",
  [ProtoCause.BACKFILL]: "backfill",
};

const reasons: Readonly<Record<number, SkipReason>> = {
  [ProtoReason.LATE]: "late",
  [ProtoReason.SUPERSEDED]: "superseded",
  [ProtoReason.BEYOND_HORIZON]: "beyond_horizon",
  [ProtoReason.BEYOND_MAX]: "beyond_max",
  [ProtoReason.STILL_RUNNING]: "still_running",
  [ProtoReason.ONE_IS_WAITING]: "one_is_waiting",
  [ProtoReason.EXPIRED]: "expired",
  [ProtoReason.PAUSED]: "paused",
  [ProtoReason.DISABLED]: "disabled",
  [ProtoReason.MAX_RUNS]: "max_runs",
};

function dateOf(time: Timestamp | undefined): Date {
  if (time === undefined) throw new Error("the server answered without the time of a slot");
  return timestampDate(time);
}
