/**
 * The broker: takes tasks in, hands them out under leases, and settles them. It owns sessions and lease tokens; it never knows
 * wire formats (api/ converts) nor how anything is stored (ports/). Read on in enqueue.ts, dispatch.ts, stream.ts, settle.ts.
 */

import { createLoop } from "../lib/loop.ts";
import type { Bytes, Namespace, QueueName, QueueRef, TaskId, TaskRef } from "../model/ids.ts";
import type { Queue } from "../model/queue.ts";
import type { TaskProgress } from "../ports/task-hints.ts";
import type { BatchOutcome, TaskBatch, TaskFilter } from "./batch.ts";
import type { BatchEdit, Batches } from "./batches.ts";
import type { BrokerDeps } from "./broker-deps.ts";
import type { CancelMessage, CancelVerdict } from "./cancel.ts";
import { type Editing, type EditWish, noWish, type TaskAt } from "./edit.ts";
import type { EnqueueVerdict, TaskSubmission } from "./enqueue.ts";
import type { Lease, LeaseVerdict, LostReason } from "./lease.ts";
import { createParts, type Parts } from "./parts.ts";
import type { QueueHints } from "./queue-hints.ts";
import type { Replayed } from "./replay.ts";
import type { Session, SessionEvents, SessionHello } from "./session.ts";
import type { SettleVerdict, TokenSettlement } from "./settle.ts";
import type { UnaryLease, UnaryLeased } from "./unary-lease.ts";

export type {
  BatchEdit,
  BatchOutcome,
  BrokerDeps,
  CancelMessage,
  CancelVerdict,
  EditWish,
  EnqueueVerdict,
  Lease,
  LeaseVerdict,
  LostReason,
  QueueHints,
  Replayed,
  Session,
  SessionEvents,
  SessionHello,
  SettleVerdict,
  TaskAt,
  TaskBatch,
  TaskFilter,
  TaskProgress as Progress,
  TaskSubmission,
  TokenSettlement,
  UnaryLease,
  UnaryLeased,
};
export { noWish };

/** What the edge calls. Throws StemProblem; verdicts are for what concerns one item of a batch. */
export interface Broker extends Editing, Batches {
  /** Stores tasks, in order, a verdict each; durable when it resolves. With `atomic`, any refusal refuses all. */
  enqueue(
    namespace: Namespace,
    tasks: readonly TaskSubmission[],
    atomic: boolean,
  ): Promise<readonly EnqueueVerdict[]>;
  /** Opens or takes up a worker's session. */
  openSession(hello: SessionHello, events: SessionEvents): Promise<Session>;
  /** Leases up to `limit` tasks without a session's credit, waiting up to `waitMs` for the first. DRAINING once it drains. */
  lease(want: UnaryLease, signal: AbortSignal): Promise<UnaryLeased>;
  /** Settles leases by token, whoever got them. */
  settle(namespace: Namespace, settlements: readonly TokenSettlement[]): Promise<readonly SettleVerdict[]>;
  /** Extends leases by token; `leaseMs` undefined: each lease's own length. */
  extend(
    namespace: Namespace,
    tokens: readonly Bytes[],
    leaseMs: number | undefined,
  ): Promise<readonly LeaseVerdict[]>;
  /** Cancels a task; TASK_UNKNOWN when there is none. */
  cancel(ref: TaskRef, message: CancelMessage): Promise<CancelVerdict>;
  /** Enqueues an ended task's content again under a new id; TASK_UNKNOWN, TASK_NOT_ENDED. */
  replay(ref: TaskRef, newId: TaskId | undefined): Promise<Replayed>;
  /** Queues of a namespace by name, after `after`. */
  listQueues(namespace: Namespace, after: QueueName | undefined, limit: number): Promise<readonly Queue[]>;
  /** QUEUE_UNKNOWN when there is none. */
  getQueue(ref: QueueRef): Promise<Queue>;
  /** Stops handing out its tasks; a queue that has had none yet comes into being. */
  pauseQueue(ref: QueueRef, reason: string): Promise<Queue>;
  /** Hands out its tasks again; QUEUE_UNKNOWN when there is none. */
  resumeQueue(ref: QueueRef): Promise<Queue>;
  /** Cancels what waits; PURGE_UNCONFIRMED unless `expected` is "any" or the number that waits now. */
  purgeQueue(ref: QueueRef, expected: number | "any"): Promise<number>;
  /** Takes nothing new and grants nothing more; settlements, heartbeats and reads go on. */
  drain(): void;
}

/** A broker at work, as main.ts holds it. */
export type RunningBroker = Broker & {
  /** For upkeep: what became ready or was scheduled. */
  readonly queueHints: QueueHints;
  /** Resolves as soon as no worker's session holds a lease. Leases without a session are not waited for. */
  quiet(): Promise<void>;
  /** Stops what runs by itself; drain first. */
  close(): Promise<void>;
};

/** How often queues are looked into without a hint. */
const rescanMs = 2000;

/** Starts a broker: reads or makes the keys of its lease tokens, and begins to look after its sessions. */
export async function createBroker(deps: BrokerDeps): Promise<RunningBroker> {
  const parts = await createParts(deps);
  const { settling, extending, dispatch, queueHints } = parts;
  const loop = createLoop(deps, { name: "broker", runOnce: () => lookAround(parts, deps) });
  loop.start();
  return {
    ...parts.queues,
    ...parts.editing,
    ...parts.batches,
    enqueue: parts.enqueueing.enqueue,
    openSession: parts.sessions.open,
    lease: parts.leaseUnary,
    settle: (namespace, settlements) => settling.settle(namespace, settlements, parts.openAny(namespace)),
    extend: (namespace, tokens, leaseMs) =>
      extending.extend(namespace, { tokens, leaseMs }, parts.openAny(namespace)),
    cancel: parts.cancel,
    replay: parts.replay,
    drain: dispatch.drain,
    quiet: parts.sessions.quiet,
    queueHints,
    close: loop.stop,
  };
}

async function lookAround({ dispatch, sessions, keys }: Parts, { clock }: BrokerDeps): Promise<number> {
  dispatch.rescan();
  sessions.sweep(clock.now());
  await keys.rotateIfOld(clock.now());
  return rescanMs;
}
