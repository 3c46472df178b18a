import type { CanvasDraft, TaskSubmission } from "../broker/broker.ts";
import type { CanvasFacts, NewCanvas } from "../model/canvas.ts";
import type { Bytes, CanvasId, Instant, Namespace, ScheduleId, TaskRef } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import type { Problem } from "../model/problem.ts";
import type { ScheduleTarget } from "../model/schedule-record.ts";
import type { CancelMessage, Lineage, NewTask } from "../model/task.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Store } from "../ports/store.ts";

/** A canvas that a schedule starts, but for its id. */
export type CanvasTarget = Pick<CanvasFacts, "retentionMs" | "name" | "tags" | "description"> & {
  readonly contentHash: () => string;
  readonly draft: CanvasDraft;
  readonly deadline: { readonly afterMs: number } | { readonly at: Instant } | undefined;
  readonly lineage: Lineage | undefined;
};

/** What a schedule starts, as its producer asked for it. */
export type TargetDraft =
  | { readonly kind: "task"; readonly submission: TaskSubmission }
  | { readonly kind: "canvas"; readonly canvas: CanvasTarget };

/** Decodes what a schedule starts. Throws StemProblem where it is not right. */
export type ReadTarget = (target: ScheduleTarget, namespace: Namespace) => TargetDraft;

/** Makes what marks the contents of tasks with the slot for which they run, so that their handlers are told. */
export type MarkSlot = (run: {
  readonly schedule: ScheduleId;
  readonly slot: Instant;
}) => (content: Bytes) => Bytes;

/** What the room lives on. */
export type BeatDeps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  readonly readTarget: ReadTarget;
  /** Whether two targets say the same, however they are encoded. */
  readonly isSameTarget: (a: ScheduleTarget, b: ScheduleTarget) => boolean;
  readonly markSlot: MarkSlot;
  /** The broker's: what enqueueing does to tasks before and after they are stored. */
  readonly completeTasks: (
    namespace: Namespace,
    submissions: readonly TaskSubmission[],
    now: Instant,
  ) => readonly (NewTask | { readonly kind: "refused"; readonly problem: Problem })[];
  /** Throws DRAINING where nothing may start any more. */
  readonly refuseWhileDraining: () => void;
  readonly announce: (namespace: Namespace, tasks: readonly Pick<NewTask, "queue" | "notBefore">[]) => void;
  readonly cancelTask: (ref: TaskRef, message: CancelMessage) => Promise<unknown>;
  /** The canvases': one as it would be submitted now. */
  readonly prepareCanvas: (
    submission: CanvasTarget & { readonly namespace: Namespace; readonly id: CanvasId },
    now: Instant,
  ) => NewCanvas;
  readonly cancelCanvas: (
    ref: { readonly namespace: Namespace; readonly id: CanvasId },
    message: CancelMessage,
  ) => Promise<unknown>;
};
