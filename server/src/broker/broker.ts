/**
 * The broker: takes tasks in, hands them out under leases, and settles them. It owns sessions and lease tokens; it never knows
 * wire formats (api/ converts) nor how anything is stored (ports/). Read on in enqueue.ts, dispatch.ts, stream.ts, settle.ts.
 */

import { createLoop } from "../lib/loop.ts";
import type { Bytes, Namespace } from "../model/ids.ts";
import type { TaskProgress } from "../ports/task-hints.ts";
import type { BrokerDeps } from "./broker-deps.ts";
import type { EnqueueVerdict, TaskSubmission } from "./enqueue.ts";
import type { Lease, LeaseVerdict, LostReason } from "./lease.ts";
import type { Operators } from "./operators.ts";
import { createParts, type Parts } from "./parts.ts";
import type { QueueHints } from "./queue-hints.ts";
import type { Session, SessionEvents, SessionHello } from "./session.ts";
import type { SettleVerdict, TokenSettlement } from "./settle.ts";
import type { UnaryLease, UnaryLeased } from "./unary-lease.ts";

export type {
  BatchEdit,
  BatchOutcome,
  CancelMessage,
  CancelVerdict,
  DeadLetter,
  EditWish,
  ReplayEdit,
  Replayed,
  ReplayedLetter,
  TaskAt,
  TaskBatch,
  TaskFilter,
} from "./operators.ts";
export { noWish } from "./operators.ts";
export type {
  BrokerDeps,
  EnqueueVerdict,
  Lease,
  LeaseVerdict,
  LostReason,
  QueueHints,
  Session,
  SessionEvents,
  SessionHello,
  SettleVerdict,
  TaskProgress as Progress,
  TaskSubmission,
  TokenSettlement,
  UnaryLease,
  UnaryLeased,
};

/** What the edge calls. Throws StemProblem; verdicts are for what concerns one item of a batch. */
export interface Broker extends Operators {
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
    ...parts.operators,
    enqueue: parts.enqueueing.enqueue,
    openSession: parts.sessions.open,
    lease: parts.leaseUnary,
    settle: (namespace, settlements) => settling.settle(namespace, settlements, parts.openAny(namespace)),
    extend: (namespace, tokens, leaseMs) =>
      extending.extend(namespace, { tokens, leaseMs }, parts.openAny(namespace)),
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
