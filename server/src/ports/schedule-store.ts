import type { NewCanvas } from "../model/canvas.ts";
import type { Instant, Namespace, ScheduleId, ScheduleRef } from "../model/ids.ts";
import type { Schedule, ScheduleProgress, SlotRecord } from "../model/schedule-record.ts";
import type { NotMade } from "../model/slot-outcome.ts";
import type { NewTask } from "../model/task.ts";

/**
 * Schedules, and what became of their slots. Decisions come in made (model/schedule-decision.ts, model/schedule-change.ts): a store only
 * guards and applies. Same transactions, same errors as TaskStore. Bytes are copied before a call resolves.
 */
export interface ScheduleStore {
  /**
   * Keeps a schedule in place of the one that it was decided from, or where there is none, with what became of slots by that. The number
   * of those of a namespace is bounded by limits.schedulesPerNamespaceMax.
   */
  putSchedule(put: SchedulePut): Promise<PutScheduleVerdict>;
  /** Reads schedules, in the order asked; undefined where there is none. */
  readSchedules(refs: readonly ScheduleRef[]): Promise<readonly (Schedule | undefined)[]>;
  /** Schedules of a namespace by id (code-unit order), after `after`. */
  listSchedules(page: SchedulePage): Promise<readonly Schedule[]>;
  /** Removes a schedule, with its records, if it is of that revision; undefined: of any. What it has started goes on. */
  deleteSchedule(ref: ScheduleRef, revision: number | undefined): Promise<DeleteScheduleVerdict>;
  /**
   * Schedules whose `lookAt` is at or before `now`, earliest first, in namespaces that are active: those of others are due when they are
   * again. By an index: it costs nothing that there are others.
   */
  dueSchedules(now: Instant, bounds: ScheduleBounds): Promise<readonly Schedule[]>;
  /**
   * Applies each decision whose schedule is of the revision and round that it was made from, in a namespace that is active: starts what
   * it starts, writes the records, of a schedule the newest limits.scheduleHistoryMax, and how far it has come; or removes it. Items are
   * independent of each other, and each is all or nothing but for this: a task that cannot be made, because its key is another's, and a
   * canvas that may not come in, are written down as not made. Tasks were promised when the schedule was made: no quota, bound or closed
   * queue is in their way. What is there already by its id has been started.
   */
  fireSchedules(fires: readonly ScheduleFire[], now: Instant): Promise<readonly FireVerdict[]>;
  /** What became of a schedule's slots, newest first, from before a place; undefined: from the newest. */
  listSlotRecords(page: SlotRecordPage): Promise<readonly SlotRecord[]>;
}

/** At most so many, and their targets together within so many bytes; the first however large. */
export type ScheduleBounds = { readonly limit: number; readonly bytesMax: number };

export type SchedulePut = {
  readonly schedule: Schedule;
  /** What it was decided from: its revision and round; undefined: there is to be none. */
  readonly before: { readonly revision: number; readonly round: number } | undefined;
  readonly records: readonly SlotRecord[];
};

/** conflict: there is another one, of that revision, or none. limit: there are as many as may be. deleting: the namespace is. */
export type PutScheduleVerdict =
  | { readonly kind: "done" }
  | { readonly kind: "limit" | "deleting" }
  | { readonly kind: "conflict"; readonly revision: number | undefined };

export type DeleteScheduleVerdict =
  | { readonly kind: "deleted" | "unknown" }
  | { readonly kind: "conflict"; readonly revision: number };

export type SchedulePage = ScheduleBounds & {
  readonly namespace: Namespace;
  readonly after: ScheduleId | undefined;
};

/** A decision to apply. */
export type ScheduleFire = {
  readonly ref: ScheduleRef;
  /** What it was made from. */
  readonly revision: number;
  readonly round: number;
  readonly records: readonly SlotRecord[];
  /** What to start, each in the place of its record, which says that it was. */
  readonly starts: readonly SlotStart[];
  readonly after: ScheduleProgress | "removed";
};

export type SlotStart = { readonly place: number } & (
  | { readonly kind: "task"; readonly task: NewTask }
  | { readonly kind: "canvas"; readonly canvas: NewCanvas }
);

/** conflict: somebody else has decided, changed or removed it, or stopped its namespace. */
export type FireVerdict =
  | { readonly kind: "conflict" }
  /** `notMade`: what could not be made, by the place of its record, and why. */
  | { readonly kind: "fired"; readonly notMade: readonly NotMade[] };

export type SlotRecordPage = {
  readonly ref: ScheduleRef;
  readonly before: number | undefined;
  readonly limit: number;
};
