import type { Gate, TaskTies } from "./gate.ts";
import type { Bytes, Instant, Namespace, PartId, QueueName, TaskId, TaskName } from "./ids.ts";
import type { Place } from "./place.ts";
import type { KeepNewest } from "./retention.ts";
import type { RetryPolicy } from "./retry.ts";
import type { TaskClaim, UniqueScope, UniqueWish } from "./unique.ts";

/** Where a task is in its life. The last four are terminal: written once, never left. */
export type TaskState = "scheduled" | "ready" | "leased" | "succeeded" | "failed" | "cancelled" | "expired";

/** The states that a task never leaves. */
export type TerminalState = "succeeded" | "failed" | "cancelled" | "expired";

/** Why a task is in its state, where the state alone does not say it. */
export type StateReason =
  | "delay"
  | "backoff"
  | "unknown_name"
  | "released"
  | "lease_expired"
  | "max_attempts"
  | "max_deliveries"
  | "non_retryable"
  | "rejected"
  | "result_too_large"
  | "cancel_requested"
  | "purged"
  | "replaced"
  | "start_overdue"
  | "at_most_once"
  | "worker_lost";

export const taskStates: readonly TaskState[] = [
  "scheduled",
  "ready",
  "leased",
  "succeeded",
  "failed",
  "cancelled",
  "expired",
];

export const isTerminal = (state: TaskState): state is TerminalState =>
  state === "succeeded" || state === "failed" || state === "cancelled" || state === "expired";

/** Identifies one lease of one task; strictly increasing per task for ever, epoch first. Both parts stay below 2^53. */
export type Fence = { readonly epoch: number; readonly seq: number };

/** How a task is to be run, resolved against the defaults when it was accepted. Tasks share policies: treat as a value. */
export type TaskPolicy = {
  readonly maxAttempts: number;
  readonly maxDeliveries: number;
  readonly retry: RetryPolicy;
  /** The task's own lease length; undefined: the server's. */
  readonly leaseMs: number | undefined;
  /** How long the record is kept after its end. */
  readonly retentionMs: number;
  /** How long the record is kept at least when the task failed, so that it can be looked at and replayed. */
  readonly deadLetterRetentionMs: number;
  /** How long one attempt may run. */
  readonly timeLimitMs?: number | undefined;
  /** When an attempt is told that it should come to an end. */
  readonly softTimeLimitMs?: number | undefined;
  /** How long after its acceptance it is too late to start. */
  readonly expireMs?: number | undefined;
  /** How long it may be ready, each time, before somebody takes it. */
  readonly startWithinMs?: number | undefined;
  /** At most one attempt begins. */
  readonly ackEarly?: boolean | undefined;
  /** Its result is not kept. */
  readonly ignoreResult?: boolean | undefined;
  /** How long its claim of a unique key lasts; undefined: it claims none. */
  readonly unique?: UniqueScope | undefined;
  /** How many ended tasks of its name are kept; undefined: all, for as long as each is kept. */
  readonly keepNewest?: KeepNewest | undefined;
  /** Which of its ends make other tasks; undefined: neither. */
  readonly links?: LinkedEnd | "both" | undefined;
  /** The end of another task makes it, and says where it comes from. */
  readonly takesInput?: boolean | undefined;
  /** It is in a canvas (model/canvas.ts), which hears of its end; or of the end of its first attempt, too. Undefined: it is in none. */
  readonly member?: "ends" | "attempts" | undefined;
};

/** An end of a task that makes other tasks. */
export type LinkedEnd = "succeeded" | "failed";

/** A task on its way in. */
export type NewTask = {
  readonly namespace: Namespace;
  readonly id: TaskId;
  readonly name: TaskName;
  readonly queue: QueueName;
  readonly priority: number;
  readonly policy: TaskPolicy;
  /** The earliest start; undefined: at once. */
  readonly notBefore: Instant | undefined;
  readonly tags: readonly string[];
  readonly replayOf: TaskId | undefined;
  /** What it shares with other tasks; undefined: nothing. */
  readonly ties: TaskTies | undefined;
  readonly lineage?: Lineage | undefined;
  /** The key that it claims; given exactly when its policy says how long. */
  readonly unique?: UniqueWish | undefined;
  /** What its end makes; given exactly when its policy says which. */
  readonly links?: readonly Link[] | undefined;
  /** What it is handed besides its content; only where its policy says so. */
  readonly input?: TaskInput | undefined;
  /** Where it is in a canvas; given exactly when its policy says that it is in one. */
  readonly place?: Place | undefined;
  /** The part of its canvas that its success starts; undefined: none. */
  readonly next?: PartId | undefined;
  /** What the producer said, encoded; handed to the worker as it is. */
  readonly content: Bytes;
  /** A text for everything that makes two submissions the same; undefined: the content is just that (content-hash.ts). */
  readonly contentHash: string | undefined;
};

/** A task that the end of another one makes: checked, routed and complete since that one was accepted. */
export type Link = {
  readonly on: LinkedEnd;
  /** The id that its producer chose; undefined: one that follows from the other task's. */
  readonly ownId: TaskId | undefined;
  /** As it would have been accepted with the other one; what is counted from an acceptance is counted from `acceptedAt`. */
  readonly task: Omit<NewTask, "namespace" | "id" | "replayOf" | "lineage" | "input">;
  readonly acceptedAt: Instant;
  /** Its start is an instant, not a delay. */
  readonly isStartFixed: boolean;
  /** The instant at which it expires, where it is one. */
  readonly expireAt: Instant | undefined;
  /** Where its arguments get what the other task left: as this member; at their end without a name. Undefined: nowhere. */
  readonly hands: { readonly member: string | undefined } | undefined;
};

/** What a task has of the one whose end made it. Kept apart from its content, which is its producer's. */
export type TaskInput = {
  readonly from: TaskId;
  readonly fromName: TaskName;
  readonly rootId: TaskId;
  readonly on: LinkedEnd;
  /** Whether its arguments get any of it, and as which member; without a name at their end. */
  readonly isHanded: boolean;
  readonly member: string | undefined;
  /** The other task's result or failure, encoded; undefined: there was none, or it is not handed. */
  readonly data: Bytes | undefined;
  /** Why the other task failed. */
  readonly reason: StateReason | undefined;
  /** The number of its last attempt. */
  readonly attempt: number;
  /** It is a barrier that ended, not a task: what is handed are the results of its members, read when they are wanted. */
  readonly isBarrier?: boolean | undefined;
};

/** Where a task comes from that the handler, or the end, of another one brought forth. */
export type Lineage = {
  /** The task whose handler enqueued it, or whose end made it. */
  readonly parentId: TaskId | undefined;
  /** The first of all its ancestors. */
  readonly rootId: TaskId;
};

/** What whoever cancels says: why, and who it is where it says so. */
export type CancelMessage = { readonly reason: string; readonly requester?: string | undefined };

/** A request to cancel a task. */
export type CancelRequest = CancelMessage & { readonly at: Instant };

/** What decisions about a task need: everything but its content and results. */
export type TaskHead = {
  readonly namespace: Namespace;
  readonly id: TaskId;
  readonly name: TaskName;
  readonly queue: QueueName;
  readonly priority: number;
  readonly policy: TaskPolicy;
  readonly state: TaskState;
  readonly reason: StateReason | undefined;
  /** Rises by one with every transition, from 1 at accept; also the number of the transition's event. */
  readonly revision: number;
  /** The current or coming attempt, from 1. */
  readonly attempt: number;
  readonly deliveries: number;
  /** The newest lease's fence; undefined before the first. */
  readonly fence: Fence | undefined;
  /** Who holds or held the newest lease. */
  readonly worker: string | undefined;
  readonly createdAt: Instant;
  /** The earliest start, or when the back-off ends. */
  readonly notBefore: Instant | undefined;
  readonly startedAt: Instant | undefined;
  /** End of the lease, grace included; undefined unless leased. */
  readonly leaseUntil: Instant | undefined;
  readonly endedAt: Instant | undefined;
  readonly purgeAt: Instant | undefined;
  readonly cancel: CancelRequest | undefined;
  readonly tags: readonly string[];
  readonly replayOf: TaskId | undefined;
  readonly ties: TaskTies | undefined;
  /** Where it waits although it is ready; undefined: it is not, or it may be claimed. */
  readonly gate: Gate | undefined;
  readonly lineage?: Lineage | undefined;
};

/** A task in full. */
export type Task = TaskHead & {
  readonly content: Bytes;
  readonly result: Bytes | undefined;
  readonly failure: Bytes | undefined;
  /** The unique key that it has claimed, where it has. */
  readonly claim?: TaskClaim | undefined;
  readonly links?: readonly Link[] | undefined;
  readonly input?: TaskInput | undefined;
  /** Where it is in a canvas. */
  readonly place?: Place | undefined;
  readonly next?: PartId | undefined;
};
