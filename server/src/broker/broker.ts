/**
 * The broker: takes tasks in, hands them out under leases, and settles them. It owns sessions and lease tokens; it never knows
 * wire formats (api/ converts) nor how anything is stored (ports/). Read on in enqueue.ts, session.ts, settle.ts.
 */

import type {
  Bytes,
  Instant,
  Namespace,
  QueueName,
  QueueRef,
  TaskId,
  TaskName,
  TaskRef,
} from "../model/ids.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Problem } from "../model/problem.ts";
import type { Queue } from "../model/queue.ts";
import type { Fence, TaskPolicy, TaskState } from "../model/task.ts";
import type { LeaseLostReason } from "../ports/task-store.ts";

/** What a producer asks for, checked and converted; options that it left out are undefined. */
export type TaskSubmission = {
  readonly id: TaskId | undefined;
  readonly name: TaskName;
  readonly queue: QueueName | undefined;
  readonly priority: number | undefined;
  readonly policy: Partial<TaskPolicy>;
  readonly start: { readonly delayMs: number } | { readonly notBefore: Instant } | undefined;
  readonly tags: readonly string[];
  /** Encoded NewTask, without id; handed to the worker as it is. */
  readonly content: Bytes;
  /** 32 bytes over what makes two submissions the same (rulings: namespace, name, requested queue, payload, options, headers). */
  readonly contentHash: Bytes;
};

/** What became of one submission. */
export type EnqueueVerdict =
  | { readonly kind: "stored"; readonly taskId: TaskId; readonly deduplicated: boolean }
  | { readonly kind: "refused"; readonly taskId: TaskId | undefined; readonly problem: Problem };

/** One task in a worker's hands. */
export type Lease = {
  readonly token: Bytes;
  readonly taskId: TaskId;
  readonly queue: QueueName;
  readonly fence: Fence;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly delivery: number;
  /** Where the task has a length of its own; undefined: the server's. */
  readonly leaseMs: number | undefined;
  readonly createdAt: Instant;
  readonly content: Bytes;
};

/** Why a lease is over, as told to workers. */
export type LostReason = LeaseLostReason | "token_invalid";

/** Whether one lease is held on. */
export type LeaseVerdict =
  | { readonly token: Bytes; readonly held: true }
  | {
      readonly token: Bytes;
      readonly held: false;
      readonly state: TaskState | undefined;
      readonly why: LostReason;
    };

/** How one attempt ended, by its token. */
export type TokenSettlement = { readonly token: Bytes; readonly outcome: Outcome };

/** What became of one settlement. */
export type SettleVerdict =
  | { readonly kind: "accepted"; readonly state: TaskState }
  | { readonly kind: "duplicate"; readonly state: TaskState }
  | { readonly kind: "lost"; readonly state: TaskState | undefined; readonly why: LostReason };

/** How far an attempt has come; `data` is an encoded payload. */
export type Progress = {
  readonly percent: number | undefined;
  readonly message: string;
  readonly data: Bytes | undefined;
};

/** What a worker says when it greets. */
export type SessionHello = {
  readonly namespace: Namespace;
  readonly worker: string;
  readonly queues: readonly QueueName[];
  /** The session to go on with; undefined: a new one. */
  readonly resume:
    | { readonly sessionId: Bytes; readonly held: readonly Bytes[]; readonly seenSeq: number }
    | undefined;
};

/** A worker's session: its credit, its leases. Lives on for a while when its stream is lost. */
export interface Session {
  readonly id: Bytes;
  /** What became of the leases that the greeting listed, in its order. */
  readonly resumed: readonly LeaseVerdict[];
  /** The number of the newest grant handed to the stream; the next one has the next number. */
  readonly lastSeq: number;
  /** Sets the credit: grants up to number seenSeq + credit may be handed over. Absolute. */
  credit(seenSeq: number, credit: number): void;
  /**
   * Leases work within the credit: resolves with 1 to `limit` leases, as soon as there are any. Call it only when the stream can
   * take them, and one call at a time. Resolves with none when `signal` aborts or the server drains.
   */
  next(limit: number, signal: AbortSignal): Promise<readonly Lease[]>;
  /** Extends every lease up to number `seenSeq`; answers those that are lost. */
  heartbeat(seenSeq: number): Promise<readonly LeaseVerdict[]>;
  /** Settles leases of this session; verdicts in the order asked. */
  settle(settlements: readonly TokenSettlement[]): Promise<readonly SettleVerdict[]>;
  /** Passes progress on to whoever waits; false when the token is not one of this session's live leases. */
  progress(token: Bytes, progress: Progress): boolean;
  /** The stream is lost: leases stay, until they end or a greeting takes the session up again. */
  detach(): void;
  /** The worker is leaving: whatever it still holds goes back at once, free of charge. */
  goodbye(): Promise<void>;
}

/** What a session tells its stream without being asked. */
export type SessionEvents = {
  /** Somebody wants an attempt stopped. */
  readonly onCancel: (token: Bytes, reason: string) => void;
  /** Another stream took the session up; this one must close. */
  readonly onSuperseded: () => void;
};

/** The answer to a cancel: what really happened. */
export type CancelVerdict = {
  readonly kind: "cancelled" | "requested" | "already_terminal";
  readonly state: TaskState;
};

/** What the edge calls. Throws StemProblem; verdicts are for what concerns one item of a batch. */
export interface Broker {
  /** Stores tasks, in order, a verdict each; durable when it resolves. With `atomic`, any refusal refuses all. */
  enqueue(
    namespace: Namespace,
    tasks: readonly TaskSubmission[],
    atomic: boolean,
  ): Promise<readonly EnqueueVerdict[]>;
  /** Opens or takes up a worker's session. */
  openSession(hello: SessionHello, events: SessionEvents): Promise<Session>;
  /** Leases up to `limit` tasks without a session's credit, waiting up to `waitMs` for the first. */
  lease(want: UnaryLease, signal: AbortSignal): Promise<readonly Lease[]>;
  /** Settles leases by token, whoever got them. */
  settle(namespace: Namespace, settlements: readonly TokenSettlement[]): Promise<readonly SettleVerdict[]>;
  /** Extends leases by token; `leaseMs` undefined: each lease's own length. */
  extend(
    namespace: Namespace,
    tokens: readonly Bytes[],
    leaseMs: number | undefined,
  ): Promise<readonly LeaseVerdict[]>;
  /** Cancels a task; TASK_UNKNOWN when there is none. */
  cancel(ref: TaskRef, reason: string): Promise<CancelVerdict>;
  /** Enqueues an ended task's content again under a new id; TASK_UNKNOWN, TASK_NOT_ENDED. */
  replay(
    ref: TaskRef,
    newId: TaskId | undefined,
  ): Promise<{ readonly taskId: TaskId; readonly deduplicated: boolean }>;
  listQueues(namespace: Namespace, after: QueueName | undefined, limit: number): Promise<readonly Queue[]>;
  /** QUEUE_UNKNOWN when there is none. */
  getQueue(ref: QueueRef): Promise<Queue>;
  pauseQueue(ref: QueueRef, reason: string): Promise<Queue>;
  resumeQueue(ref: QueueRef): Promise<Queue>;
  /** Cancels what waits; PURGE_UNCONFIRMED unless `expected` is "any" or the number that waits now. */
  purgeQueue(ref: QueueRef, expected: number | "any"): Promise<number>;
  /** Takes nothing new and grants nothing more; settlements, heartbeats and reads go on. */
  drain(): void;
}

/** What a worker without a stream wants. */
export type UnaryLease = {
  readonly namespace: Namespace;
  readonly queues: readonly QueueName[];
  readonly limit: number;
  readonly worker: string;
  readonly waitMs: number;
};
