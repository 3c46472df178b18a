/**
 * The broker: takes tasks in, hands them out under leases, and settles them. It owns sessions and lease tokens; it never knows
 * wire formats (api/ converts) nor how anything is stored (ports/). Read on in enqueue.ts, dispatch.ts, stream.ts, settle.ts.
 */

import { createLoop } from "../lib/loop.ts";
import type { Bytes, Namespace, QueueRef } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import type { TaskProgress } from "../ports/task-hints.ts";
import type { BroadcastVerbs } from "./broadcasts.ts";
import type { BrokerDeps } from "./broker-deps.ts";
import type { Definitions } from "./definitions.ts";
import type { EnqueueVerdict } from "./enqueue.ts";
import type { Lease, LeaseVerdict, LostReason } from "./lease.ts";
import type { Operators } from "./operators.ts";
import { createParts, type Parts } from "./parts.ts";
import type { QueueHints } from "./queue-hints.ts";
import type { QueueBacklog, Session, SessionEvents, SessionHello } from "./session.ts";
import type { SettleVerdict, TokenSettlement } from "./settle.ts";
import type { TaskSubmission } from "./task-submission.ts";
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
  QueueBacklog,
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
  /** Tasks to everybody who listens on a channel. */
  readonly broadcasts: BroadcastVerbs;
  /** Whether somebody takes tasks of a queue from this server now. */
  isServed(ref: QueueRef): boolean;
  /** What tasks there are, as workers announced them. */
  readonly definitions: Pick<Definitions, "list" | "get" | "remove">;
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
  const { routing } = deps;
  const loop = createLoop(deps, { name: "broker", runOnce: () => lookAround(parts, deps) });
  loop.start();
  return {
    ...parts.operators,
    enqueue: parts.enqueueing.enqueue,
    openSession: (hello, events) => openSession(parts, deps, hello, events),
    broadcasts: parts.broadcasts.verbs,
    lease: async (want, signal) =>
      parts.leaseUnary({ ...want, queues: routing.subscribe(want.namespace, want.queues) }, signal),
    isServed: dispatch.isServed,
    settle: (namespace, settlements) => settling.settle(namespace, settlements, parts.openAny(namespace)),
    extend: (namespace, tokens, leaseMs) =>
      extending.extend(namespace, { tokens, leaseMs }, parts.openAny(namespace)),
    definitions: parts.definitions,
    drain: dispatch.drain,
    quiet: parts.sessions.quiet,
    queueHints,
    close: loop.stop,
  };
}

/** A store that is full or away must not keep workers from settling: what they announce is then kept at their next greeting. */
async function openSession(
  { definitions, broadcasts }: Parts,
  { log }: BrokerDeps,
  hello: SessionHello,
  events: SessionEvents,
): Promise<Session> {
  const { namespace, worker, definitions: said } = hello;
  try {
    if (said.length > 0) await definitions.announce(namespace, worker, said);
  } catch (error) {
    if (!(error instanceof StemProblem) || !isOfStore(error)) throw error;
    log.warn({ err: error, namespace, worker }, "what a worker announced could not be kept");
  }
  return broadcasts.openSession(hello, events);
}

const isOfStore = ({ problem: { reason } }: StemProblem): boolean =>
  reason === "STORE_FULL" || reason === "STORE_UNAVAILABLE";

async function lookAround(
  { dispatch, sessions, keys, broadcasts }: Parts,
  { clock }: BrokerDeps,
): Promise<number> {
  dispatch.rescan();
  sessions.sweep(clock.now());
  await keys.rotateIfOld(clock.now());
  await broadcasts.sweep();
  return rescanMs;
}
