import type { Refusal } from "../model/admission.ts";
import type { ResultsReference } from "../model/canvas-value.ts";
import type { Labels } from "../model/gate.ts";
import type { Bytes, CanvasId, Instant, Namespace, QueueName, TaskId, TaskRef } from "../model/ids.ts";
import type { QueueTier } from "../model/queue-tier.ts";
import type {
  CancelMessage,
  Fence,
  NewTask,
  StateReason,
  Task,
  TaskHead,
  TaskInput,
  TaskPolicy,
  TaskState,
} from "../model/task.ts";
import type { LeaseHead, SettleDecision, TaskChange } from "../model/task-machine.ts";

/**
 * Where tasks live. Hot verbs take batches and give a verdict per item; each call is one transaction, durable when it resolves.
 * Calls that overlap may share a commit. Decisions come in made (model/task-machine.ts): a store only guards and applies. Every
 * applied item raises the task's revision by one and writes one event, in the same transaction. A change that `continues` makes the
 * tasks that model/continuation.ts says, in the same transaction, as accept would, but whatever the number of queues; one whose id
 * is taken, or whose unique key is, is not made; and it tells the canvas that the task is in (ports/canvas-store.ts). Calls take
 * effect in the order in which they are made: a claim sees what was given to accept before, answered or not. Only claims on the one side,
 * settlements and extensions on the other may pass each other while they are under way.
 *
 * Bytes that come in are copied before a call resolves: they may be views of buffers that are used for other things.
 *
 * A call rejects with StemProblem STORE_FULL (nothing of it was stored) or STORE_UNAVAILABLE (unknown); otherwise it is a bug.
 */
export interface TaskStore {
  /**
   * Stores new tasks; idempotent by id and content hash, also against removed tasks for a day. Queues come into being with their
   * first task, where their namespace says nothing else. Items are judged one after the other: what is new may be refused, by
   * model/admission.ts, and a task that was stored before is not. With `atomic`, one that "exists" or is refused leaves all out, the
   * others with verdict "withheld"; a duplicate of a task stored before refuses nothing and stays one. A task that claims a unique key
   * gets it if it is free, in the same transaction; what becomes of it where another has it is decided by model/unique.ts, and counted
   * with the one that has it. A task's end, or its first lease, ends its claim, in the same transaction.
   */
  accept(batch: AcceptBatch): Promise<readonly AcceptVerdict[]>;
  /**
   * Leases up to `limit` ready tasks of the queues that are not paused: highest priority first, then the order of acceptance; with
   * `tiers`, as model/queue-tier.ts says, within a queue still by priority and acceptance. Answered in that order. A
   * task is never leased twice at once. Each gets a fence above all its earlier ones and one delivery more. A task keeps its place
   * in the order of acceptance, over all queues, for life.
   */
  claim(want: ClaimRequest): Promise<readonly Claimed[]>;
  /**
   * Sets the ends of leases whose fence is still the task's newest and unsettled, also past their deadline (a task gone back to
   * ready is leased again, without a new delivery and without its reason). Idempotent; writes no event and no revision.
   */
  extend(request: ExtendRequest): Promise<readonly LeaseCheck[]>;
  /**
   * Applies settlements whose fence is the task's newest, unsettled, with the task leased or ready, one after the other. Idempotent
   * per outcome hash.
   */
  settle(settlements: readonly StoreSettlement[]): Promise<readonly SettleVerdict[]>;
  /** Applies each change whose guard holds; the others are conflicts. Items are independent of each other. */
  apply(changes: readonly GuardedChange[]): Promise<readonly ("applied" | "conflict")[]>;
  /** Reads tasks in full, in the order asked; undefined where there is none. Sees every write that resolved before. */
  read(refs: readonly TaskRef[]): Promise<readonly (Task | undefined)[]>;
  /** Reads what decisions about leases need, in the order asked; undefined where there is no such task. */
  readHeads(refs: readonly TaskRef[]): Promise<readonly (TaskHead | undefined)[]>;
  /** One page of tasks, newest first. */
  list(query: TaskQuery): Promise<TaskPage>;
  /** Scheduled tasks whose `notBefore` is at or before `now`, earliest first, then in order of acceptance. */
  dueTasks(now: Instant, limit: number): Promise<readonly TaskHead[]>;
  /** Leased tasks whose lease, grace included, ended before `now` (strictly), earliest first, then in order of acceptance. */
  expiredLeases(now: Instant, limit: number): Promise<readonly TaskHead[]>;
  /**
   * Removes ended tasks whose retention is over, longest over first, leaving a tombstone for `limits.tombstoneMs`; with what is left of
   * `limit`, removes tombstones whose time is over (until then they count). Answers how many rows went.
   */
  prune(now: Instant, limit: number): Promise<number>;
}

/** New tasks, accepted at `now`. */
export type AcceptBatch = {
  readonly tasks: readonly NewTask[];
  readonly now: Instant;
  readonly atomic: boolean;
};

/**
 * accepted: stored now. duplicate: the same task was stored before. exists: the id is taken by other content. withheld: left out
 * because another task of an atomic batch was. A refusal: it may not come in.
 */
export type AcceptVerdict = "accepted" | "duplicate" | "exists" | "withheld" | Refusal | UniqueVerdict;

/**
 * What a task got whose unique key another had. kept: it was not stored, nothing else happened. taken: it was refused. updated: the other
 * one, which waits, took it over. replaced: it was stored, and the other one was cancelled.
 */
export type UniqueVerdict = {
  readonly unique: "kept" | "taken" | "updated" | "replaced";
  readonly holder: TaskRef["id"];
};

/** What a worker wants. */
export type ClaimRequest = {
  readonly namespace: Namespace;
  readonly queues: readonly QueueName[];
  /** In which order the queues hand out; absent: all of `queues` as one. They name the same queues. */
  readonly tiers?: readonly QueueTier[] | undefined;
  /** What the worker is like; absent: nothing in particular. Tasks that ask for more than that are left to others. */
  readonly labels?: Labels | undefined;
  readonly limit: number;
  /** A claim ends with its task of this number, if the queue of that one has turns; absent: it does not. */
  readonly turnsMax?: number | undefined;
  /** The contents, and what earlier attempts left, together stay within this; the first task is claimed however large. No task is passed over for a smaller one. */
  readonly contentBytesMax: number;
  readonly now: Instant;
  /** Length for tasks without their own. The lease's end is now + length + grace. */
  readonly leaseMs: number;
  readonly graceMs: number;
  readonly worker: string;
};

/** A task that was leased, with all that is needed to hand it out and to decide its settlement. */
export type Claimed = LeaseHead & {
  readonly id: Task["id"];
  readonly queue: QueueName;
  readonly fence: Fence;
  readonly createdAt: Instant;
  readonly content: Bytes;
  /** Shared between tasks; compare by value only. */
  readonly policy: TaskPolicy;
  /** What an earlier attempt left. */
  readonly checkpoint?: Bytes | undefined;
  /** What it is handed besides its content. */
  readonly input?: TaskInput | undefined;
  /** Where that is, if it is handed by reference. Stores do not know it: who hands the task out does. */
  readonly results?: ResultsReference | undefined;
};

/** Names one lease. */
export type LeaseRef = TaskRef & { readonly fence: Fence };

/**
 * Leases to extend: to now + `leaseMs` + grace. Undefined: to now + the task's own length, or `defaultLeaseMs`, + grace, unless the lease
 * lasts longer than that already.
 */
export type ExtendRequest = {
  readonly leases: readonly LeaseRef[];
  readonly now: Instant;
  readonly leaseMs: number | undefined;
  readonly defaultLeaseMs: number;
  readonly graceMs: number;
};

/** Whether a lease is held, and why not. */
export type LeaseCheck =
  | { readonly held: true; readonly cancel: CancelMessage | undefined }
  | { readonly held: false; readonly state: TaskState | undefined; readonly why: LeaseLostReason };

/**
 * task_unknown: no such task. superseded: leased again, or this fence never was the task's. settled: this lease was settled, or its
 * expiry ended the task for good. cancelled: the task was cancelled, not by this lease. The first that is true is said.
 */
export type LeaseLostReason = "superseded" | "cancelled" | "settled" | "task_unknown";

/** One settlement: what to write if the lease holds, and what to write instead if a cancel was requested. */
export type StoreSettlement = LeaseRef & {
  readonly decision: SettleDecision;
  /** A number below 2^48 over the outcome; tells a repeat from a second outcome. */
  readonly outcomeHash: number;
  readonly now: Instant;
};

/** What became of a settlement. `state` is the task's state now. */
export type SettleVerdict =
  | { readonly kind: "applied"; readonly state: TaskState }
  | { readonly kind: "duplicate"; readonly state: TaskState }
  | { readonly kind: "lost"; readonly state: TaskState | undefined; readonly why: LeaseLostReason };

/** A change, and what must hold for it. */
export type GuardedChange = {
  readonly ref: TaskRef;
  readonly revision: number;
  /** When given: only if there is a lease and its end is before this (strictly). Extensions do not raise the revision. */
  readonly leaseUntilBefore: Instant | undefined;
  readonly change: TaskChange;
  readonly now: Instant;
};

/** Which ended tasks to list. No reasons: any. `from` is inside, `to` outside. */
export type EndedQuery = {
  readonly reasons: readonly StateReason[];
  readonly from: Instant | undefined;
  readonly to: Instant | undefined;
  /** Only those that were replayed, or were not; undefined: both. */
  readonly isReplayed: boolean | undefined;
};

/** Which tasks to list; filters are combined. No states: any. `createdFrom` is inside, `createdTo` outside. */
export type TaskQuery = {
  readonly namespace: Namespace;
  readonly states: readonly TaskState[];
  readonly queue: QueueName | undefined;
  readonly name: string | undefined;
  readonly tag: string | undefined;
  readonly parentId?: TaskId | undefined;
  readonly rootId?: TaskId | undefined;
  readonly canvas?: CanvasId | undefined;
  readonly createdFrom: Instant | undefined;
  readonly createdTo: Instant | undefined;
  /** Tells more of ended tasks; only those then match. */
  readonly ended?: EndedQuery;
  readonly limit: number;
  /** The `cursor` of an earlier page. */
  readonly after: number | undefined;
  /** So many tasks are looked at, by whichever index serves, before the page is answered, however few it has; absent: all. */
  readonly scanMax?: number | undefined;
  /** Contents, results and failures together stay within this, where they are read; the first task is listed however large. */
  readonly bytesMax: number;
  /** Without: content comes back as no bytes, result and failure undefined, links and input left out. */
  readonly full: boolean;
};

/**
 * One page; `cursor` asks for the next. Undefined: no further task matches. With `scanMax` it may be given with fewer tasks than the
 * limit, or none.
 */
export type TaskPage = { readonly tasks: readonly Task[]; readonly cursor: number | undefined };
