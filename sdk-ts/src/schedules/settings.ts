import type { SubmitOptions } from "../canvas/canvas-submit.ts";
import type { CanvasNode } from "../canvas/node.ts";
import type { TaskCall } from "../define-task.ts";
import type { TaskOptions } from "../task-options.ts";
import type { ScheduleSpec } from "./specs.ts";

/** What is said of a schedule. */
export type ScheduleSettings = Partial<ScheduleRules> & {
  /** When it is due. */
  readonly spec: ScheduleSpec;
  /** What each slot starts. */
  readonly target: ScheduleTarget;
};

/**
 * What each slot starts: a task with its arguments, such as `add.call([1, 2])` or `add.signature([1, 2])`; or a canvas, such as `chain(...)`.
 * It has no id: each slot has its own. What it leaves out is as it is when the slot fires. At most 256 KiB.
 */
export type ScheduleTarget = TaskCall | CanvasNode | ScheduledCanvas;

/** A canvas, and what is said of it as a whole. Its deadline counts from the start of each. */
export type ScheduledCanvas = { readonly canvas: CanvasNode } & Pick<
  SubmitOptions,
  "name" | "tags" | "deadlineMs" | "resultRetentionMs" | "trace"
>;

/** How a schedule fires, and for how long. */
export type ScheduleRules = {
  /** What becomes of slots that went by. Default "newest". */
  readonly catchUp: CatchUp;
  /** What happens when it is due while what it started last has not ended. Default "allow". */
  readonly overlap: OverlapPolicy;
  /** Each slot fires up to so much later, and before the next one; how much follows from the slot. At most 24 h. Default 0. */
  readonly jitterMs: number;
  /** It fires nothing until this is taken back; then it begins anew. Default false. */
  readonly isDisabled: boolean;
  /** From when on nothing fires; undefined: never. Default: never. */
  readonly expireAt: Date | undefined;
  /** How many slots fire, 1 or more; undefined: any number. Default: any number. */
  readonly maxRuns: number | undefined;
  /** Of the tasks that it starts, where they say none themselves: 0 (last) to 9 (first). Default: none. */
  readonly priority: number | undefined;
  /** It removes itself, with its history, when its last slot has been decided upon. Default false. */
  readonly removeWhenOver: boolean;
  /** What people call it. At most 1 KiB. Default: nothing. */
  readonly description: string;
};

/**
 * What becomes of slots that went by, because no server ran or the clock was put forward. newest: the newest one fires, however old; within:
 * if it is no older than this; max: the newest so many (1 to 1,000) that are no older than the horizon. Each time is 366 days at most.
 */
export type CatchUp =
  | "newest"
  | { readonly withinMs: number }
  | { readonly max: number; readonly horizonMs: number };

/**
 * What happens when a schedule is due while what it started last has not ended. allow: another one starts beside it. skip: nothing starts for
 * this slot. queue_one: one slot waits for its end; nothing starts for further ones. cancel_running: it is cancelled, and another one starts.
 */
export type OverlapPolicy = "allow" | "skip" | "queue_one" | "cancel_running";

/** What was said of a schedule, as it is kept. Undefined spec or target: one of a kind that this version does not know. */
export type KeptSettings = ScheduleRules & {
  readonly spec: ScheduleSpec | undefined;
  readonly target: KeptTarget | undefined;
};

/** What a schedule starts, as it is kept. */
export type KeptTarget =
  | {
      readonly kind: "task";
      readonly name: string;
      /** Undefined: there are none, or they did not travel as JSON. */
      readonly args: unknown;
      /** What was said, but for what follows it. */
      readonly options: TaskOptions;
    }
  | {
      readonly kind: "canvas";
      readonly name: string;
      readonly tags: readonly string[];
      readonly deadlineMs: number | undefined;
      readonly resultRetentionMs: number | undefined;
      /** The names of its tasks in the order in which they are written; of those that are made of items, once. */
      readonly taskNames: readonly string[];
    };
