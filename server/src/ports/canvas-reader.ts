import type { Barrier, BarrierState, Member, Part } from "../model/canvas.ts";
import type {
  BarrierId,
  BarrierRef,
  Bytes,
  CanvasId,
  Instant,
  Namespace,
  PartId,
  TaskName,
} from "../model/ids.ts";
import type { StateReason, TaskHead } from "../model/task.ts";

/** What is read of canvases (model/canvas.ts). A call sees all that had been answered when it was made, as those of TaskStore do. */
export interface CanvasReader {
  /** Reads barriers, in the order asked; undefined where there is none. */
  readBarriers(refs: readonly BarrierRef[]): Promise<readonly (Barrier | undefined)[]>;
  /** The members of a barrier that have ended, by their index, with what they left. */
  readMembers(page: MemberPage): Promise<readonly MemberOutcome[]>;
  /** The barriers of a canvas, by id (code-unit order), after `after`. */
  listBarriers(page: BarrierPage): Promise<readonly Barrier[]>;
  /** Reads parts of a canvas, in the order asked; undefined where there is none. */
  readParts(
    namespace: Namespace,
    canvas: CanvasId,
    ids: readonly PartId[],
  ): Promise<readonly (Part | undefined)[]>;
  /** One page of canvases, newest first; filters are combined. */
  listCanvases(query: CanvasQuery): Promise<CanvasPage>;
  /** Barriers that have ended before their members and are not swept, in no order. */
  barriersWithRest(limit: number): Promise<readonly BarrierRef[]>;
  /** What goes on directly under a barrier: tasks that have not ended, and nobody has asked to cancel; open barriers. */
  readRest(ref: BarrierRef, limit: number): Promise<Rest>;
  /** Open canvases whose deadline is at or before `now`, earliest first. */
  overdueCanvases(now: Instant, limit: number): Promise<readonly BarrierRef[]>;
}

/** Results and failures together stay within `bytesMax`; the first member is read however large. */
export type MemberPage = {
  readonly ref: BarrierRef;
  /** The index of the last one that is known. */
  readonly after: number | undefined;
  readonly limit: number;
  readonly bytesMax: number;
};

/** What a member left; a barrier has members of its own. Undefined where there is none, or its task is gone. */
export type MemberOutcome = Member & {
  readonly result: Bytes | undefined;
  readonly failure: Bytes | undefined;
  readonly name: TaskName | undefined;
  readonly reason: StateReason | undefined;
  readonly attempt: number;
};

export type BarrierPage = {
  readonly namespace: Namespace;
  readonly canvas: CanvasId;
  readonly after: BarrierId | undefined;
  readonly limit: number;
};

/** Which canvases to list. No states: any. */
export type CanvasQuery = {
  readonly namespace: Namespace;
  readonly states: readonly BarrierState[];
  readonly name: string | undefined;
  readonly tag: string | undefined;
  readonly limit: number;
  /** The `cursor` of an earlier page. */
  readonly after: number | undefined;
  /** So many canvases are looked at, by whichever index serves, before the page is answered, however few it has. */
  readonly scanMax: number;
};

/** One page; `cursor` asks for the next, and may come with fewer canvases than the limit, or none. Undefined: no further one matches. */
export type CanvasPage = { readonly canvases: readonly Barrier[]; readonly cursor: number | undefined };

export type Rest = { readonly tasks: readonly TaskHead[]; readonly barriers: readonly BarrierRef[] };
