/** A schedule as it is kept: what was said of it, how far it has come, and what became of its slots. */

import type { CatchUp, SkippedSlots } from "./catch-up.ts";
import type { Bytes, CanvasId, Instant, ScheduleRef, TaskId } from "./ids.ts";
import type { OverlapPolicy } from "./overlap.ts";
import type { ScheduleSpec } from "./schedule.ts";

/** What a schedule starts, encoded as its producer said it: options that it left out are those of the moment at which it is started. */
export type ScheduleTarget = { readonly kind: "task" | "canvas"; readonly content: Bytes };

/** What whoever makes or changes a schedule says of it. */
export type ScheduleSettings = {
  readonly spec: ScheduleSpec;
  readonly target: ScheduleTarget;
  readonly catchUp: CatchUp;
  readonly overlap: OverlapPolicy;
  /** Each slot fires up to so much later, and before the next one. */
  readonly jitterMs: number;
  readonly isEnabled: boolean;
  /** From when on nothing fires any more; undefined: never. */
  readonly expireAt: Instant | undefined;
  /** How many slots fire; undefined: any number. */
  readonly runsMax: number | undefined;
  /** Of the tasks that it starts, where they say none themselves. */
  readonly priority: number | undefined;
  /** What becomes of it when no slot is left. */
  readonly whenOver: "keep" | "remove";
  readonly description: string;
};

/** An operator has stopped it, and says why. */
export type SchedulePause = { readonly at: Instant; readonly note: string; readonly by: string };

/** What a slot has started. Its id follows from the slot, so that no slot starts two. */
export type Started =
  | { readonly kind: "task"; readonly id: TaskId }
  | { readonly kind: "canvas"; readonly id: CanvasId };

/** Why something is started: its time had come, or somebody asked. */
export type StartCause = "due" | "trigger" | "backfill";

/** Something to start, in place of a slot. */
export type Slot = {
  readonly slot: Instant;
  /** When it fires: the slot, and its part of the jitter. */
  readonly dueAt: Instant;
  readonly cause: StartCause;
  /** What somebody asked by: tells one request from another. Undefined: nobody did. */
  readonly request: string | undefined;
};

/** Why nothing comes any more. broken: the server cannot tell any more when it is due, such as when a zone was given up. */
export type ScheduleEnd = "over" | "expired" | "max_runs" | "broken";

/** How far a schedule has come. */
export type ScheduleProgress = {
  /** Rises with every decision about its slots and every change: what is decided twice is written once. */
  readonly round: number;
  /** The slot that comes next; undefined: none does. */
  readonly next: Instant | undefined;
  /** What waits for the end of what was started last. */
  readonly waiting: (Slot & { readonly since: Instant }) | undefined;
  /** When somebody has to look at it; undefined: never. */
  readonly lookAt: Instant | undefined;
  /** The newest slot that was decided upon. */
  readonly passed: Instant | undefined;
  /** What was started last, but for what is filled in. */
  readonly last: { readonly slot: Instant; readonly at: Instant; readonly started: Started } | undefined;
  /** How many slots fired; what somebody asked for does not count. */
  readonly fired: number;
  /** How many records there have been of what became of its slots: the place of the next one. */
  readonly records: number;
  readonly end: ScheduleEnd | undefined;
};

/** A schedule. */
export type Schedule = ScheduleRef & {
  readonly settings: ScheduleSettings;
  /** Rises with every change that somebody makes, from 1. */
  readonly revision: number;
  readonly createdAt: Instant;
  readonly changedAt: Instant;
  readonly pause: SchedulePause | undefined;
  readonly progress: ScheduleProgress;
};

/** Why a slot, or a stretch of time, was passed over. */
export type SkipReason = SkippedSlots["reason"] | "still_running" | "one_is_waiting" | "expired" | "paused";

/**
 * What became of a slot. not_made: it fired, but what it should have started could not be made; `why` is a word. skipped: with `until`,
 * it stands for all slots from its own on and before that.
 */
export type SlotOutcome =
  | { readonly kind: "started"; readonly started: Started }
  | { readonly kind: "not_made"; readonly why: string }
  | { readonly kind: "skipped"; readonly reason: SkipReason; readonly until: Instant | undefined };

/** A slot, and what became of it. */
export type SlotRecord = Slot & {
  /** Rises in its schedule, from 0, without gaps. */
  readonly place: number;
  /** When it was decided; how late is that less `dueAt`. */
  readonly at: Instant;
  readonly outcome: SlotOutcome;
};
