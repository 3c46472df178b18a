/**
 * What a canvas is once it has been expanded: barriers that count the ends of their members, tasks that have a place under one, and
 * parts that wait for what is before them. A chain is tasks of which each starts the next one's part; a group is a barrier; a chord a
 * barrier whose part is the body. The canvas itself is its outermost barrier. What happens at an end is decided in barrier.ts.
 */

import type { Bulk } from "./bulk.ts";
import type { BarrierId, Bytes, CanvasId, Instant, Namespace, PartId, TaskId, TaskName } from "./ids.ts";
import type { Place } from "./place.ts";
import type { CancelMessage, Lineage, Link, StateReason, TaskInput, TerminalState } from "./task.ts";

/**
 * What a barrier does when a member does not succeed. fail_fast: it fails, and the others are cancelled. wait: it waits for the others,
 * and fails. carry_on: it waits for the others, and succeeds with that member's failure among its values.
 */
export type OnMemberFailure = "fail_fast" | "wait" | "carry_on";

/** Which end of a barrier its callbacks may be for. attempted: each member's first attempt has ended. completed: however it ended. */
export type BarrierEnd = "succeeded" | "failed" | "attempted" | "completed";

/** A task that the end of a barrier makes besides what it starts. */
export type Callback = Omit<Link, "on"> & { readonly on: BarrierEnd };

/** A barrier on its way in. */
export type NewBarrier = {
  readonly id: BarrierId;
  /** Undefined: it is the canvas. */
  readonly place: Place | undefined;
  /** What it gives on: a list of what its members left, by their index; or, of a single one, just that. */
  readonly shape: "list" | "one";
  readonly onMemberFailure: OnMemberFailure;
  /** How many members it has so far. */
  readonly size: number;
  /** No further members come. */
  readonly isSealed: boolean;
  readonly callbacks: readonly Callback[];
  /** The part of its canvas that its success starts; undefined: none. */
  readonly next: PartId | undefined;
};

/** A task that is made when what is before it has ended. Its place is in it, its id is known. */
export type PartTask = Omit<Link, "on" | "ownId"> & {
  readonly id: TaskId;
  /** Of a retried canvas, where it starts at once: where it goes on. */
  readonly resumes?: Resumption | undefined;
};

/** Where a task goes on that another canvas came to. */
export type Resumption = {
  /** What it is handed by what is before it, which has ended in the other canvas; undefined: nothing is. */
  readonly input: TaskInput | undefined;
  /** The task that it runs again; undefined: that was never made. */
  readonly replayOf: TaskId | undefined;
};

/** What starts together: barriers, and the first tasks under them. */
export type Part = {
  readonly id: PartId;
  readonly barriers: readonly NewBarrier[];
  readonly tasks: readonly PartTask[];
  /** Of one that was added to a barrier: the index of its first member. */
  readonly first?: number | undefined;
};

/** A canvas on its way in. */
export type NewCanvas = {
  readonly namespace: Namespace;
  readonly id: CanvasId;
  readonly facts: CanvasFacts;
  /** Of what it starts. */
  readonly lineage: Lineage;
  /** The canvas itself, as the barrier that it is. */
  readonly root: NewBarrier;
  /** What starts at once. */
  readonly start: Part;
  /** Tasks that start at once behind those. A store takes them slice by slice, so that they need not all be there at one time. */
  readonly bulk?: Bulk<BulkSlice> | undefined;
  /** What follows, each after its own end. */
  readonly parts: readonly Part[];
  /** Members of its barriers that have ended before, in the canvas of which it runs the rest; their sources are there. */
  readonly ended: readonly KeptMember[];
};

/** Some of what starts at once, and what is kept for it beside what follows. */
export type BulkSlice = { readonly tasks: readonly PartTask[]; readonly parts: readonly Part[] };

/** What a settlement adds to the canvas of its task. */
export type Growth = {
  /** A text for all that it says: tells a repeat from another one. */
  readonly contentHash: string;
  /** What starts in place of the task; its first barrier has the task's place, its callbacks, and what its success starts. */
  readonly replacement: Part | undefined;
  /** Further members of the barrier that it is under. Their indexes count from the number of members that are there. */
  readonly members: Part | undefined;
  /** What follows these. */
  readonly parts: readonly Part[];
};

/** Why something in a canvas did not succeed, where no state reason says it. */
export type CauseReason =
  | StateReason
  /** The canvas' time was over. */
  | "deadline"
  /** A task could not be made: its id or its unique key is another's. */
  | "not_made";

/** What made a barrier fail: the first of its members that did not succeed. */
export type Cause = {
  readonly state: TerminalState;
  readonly reason: CauseReason | undefined;
  /** The task that it began with; undefined: none. */
  readonly task: TaskId | undefined;
  readonly name: TaskName | undefined;
  readonly attempt: number;
  /** Its failure, encoded. */
  readonly failure: Bytes | undefined;
  /** Who asked to cancel it, and why: what goes on under it is told so, whoever gets round to that. */
  readonly cancel?: CancelMessage | undefined;
};

export type BarrierState = "open" | "succeeded" | "failed" | "cancelled";

/** A barrier, all but what it starts. */
export type BarrierHead = Omit<NewBarrier, "callbacks"> & {
  readonly namespace: Namespace;
  readonly canvas: CanvasId;
  readonly state: BarrierState;
  /** Of its members; those that come after its own end count, too. */
  readonly ended: number;
  readonly unsuccessful: number;
  /** Whose first attempt has ended; counted where somebody wants to know. */
  readonly attempted: number;
  readonly cause: Cause | undefined;
  /** Of what it makes. */
  readonly lineage: Lineage;
  readonly createdAt: Instant;
  readonly endedAt: Instant | undefined;
  /** It has ended before its members, and there may be something under it that goes on. */
  readonly hasRest: boolean;
  /** Only of a canvas. */
  readonly canvasFacts: CanvasFacts | undefined;
};

/** A barrier as a store has it. */
export type Barrier = BarrierHead & { readonly callbacks: readonly Callback[] };

/** What is said of a canvas as a whole. */
export type CanvasFacts = {
  /** A text for everything that makes two submissions the same. */
  readonly contentHash: string;
  /** When it fails if it has not ended; undefined: never. */
  readonly deadline: Instant | undefined;
  /** How long it and its tasks are kept after its end. */
  readonly retentionMs: number;
  /** When it is removed; undefined while it goes on. */
  readonly purgeAt: Instant | undefined;
  /** What its producer calls it, to find it by. */
  readonly name: string;
  readonly tags: readonly string[];
  /** How it was written, encoded: for whoever looks at it. */
  readonly description: Bytes;
  /** The canvas of which this one runs again what did not succeed. That is kept as long as this one is. */
  readonly retryOf: CanvasId | undefined;
};

/** A member of a barrier that has ended. */
export type Member = {
  readonly index: number;
  readonly state: TerminalState;
  /** What it was in the end: a task, or a barrier whose members' results are its own. */
  readonly source: MemberSource;
};

/** A member, and whose. */
export type KeptMember = Member & { readonly barrier: BarrierId };

/** Of a task that could not be made: the id that canvas-records.ts says. */
export type MemberSource =
  | { readonly kind: "task"; readonly id: TaskId }
  | { readonly kind: "barrier"; readonly id: BarrierId };
