/**
 * The broker: takes tasks in, hands them out under leases, and settles them. It owns sessions and lease tokens; it never knows
 * wire formats (api/ converts) nor how anything is stored (ports/). Read on in enqueue.ts, dispatch.ts, stream.ts, settle.ts.
 */

import { createLoop } from "../lib/loop.ts";
import type { BrokerDeps } from "./broker-deps.ts";
import type { Enqueueing } from "./enqueue.ts";
import { createGreeting } from "./greeting.ts";
import { createParts, type Parts } from "./parts.ts";
import type { QueueHints } from "./queue-hints.ts";
import type {
  Broker,
  OutputVerdict,
  TokenCheckpoint,
  TokenCheckpointVerdict,
  TokenOutput,
  WorkerView,
} from "./verbs.ts";

export type { TaskProgress as Progress } from "../ports/task-hints.ts";
export { createLimits } from "./limits.ts";
export type {
  BatchEdit,
  BatchOutcome,
  CancelMessage,
  CancelVerdict,
  DeadLetter,
  EditWish,
  Explained,
  ReplayEdit,
  Replayed,
  ReplayedLetter,
  RevokedId,
  TaskAt,
  TaskBatch,
  TaskFilter,
} from "./operator-words.ts";
export { noWish } from "./operator-words.ts";
export type {
  ArgsDigest,
  CanvasDraft,
  DraftLeaf,
  EnqueueVerdict,
  Grow,
  GrowthWish,
  LinkSubmission,
  TaskSubmission,
  UniqueSubmission,
} from "./producer-words.ts";
export type {
  Lease,
  LeaseVerdict,
  LostReason,
  QueueBacklog,
  SaidOutcome,
  Session,
  SessionEvents,
  SessionHello,
  SettleVerdict,
  TokenSettlement,
  UnaryLease,
  UnaryLeased,
} from "./worker-words.ts";
export type {
  Broker,
  BrokerDeps,
  OutputVerdict,
  QueueHints,
  TokenCheckpoint,
  TokenCheckpointVerdict,
  TokenOutput,
  WorkerView,
};

/** A broker at work, as main.ts holds it. */
export type RunningBroker = Broker & {
  /** For upkeep: what became ready or was scheduled. */
  readonly queueHints: QueueHints;
  /** Reads anew what other servers may have changed: definitions, and the keys of tokens. */
  reread(): Promise<void>;
  /** For upkeep: lets go of a namespace that is being deleted. */
  readonly leaveNamespace: Parts["leaveNamespace"];
  /** For canvases: what enqueueing does to tasks before and after they are stored. */
  readonly completeTasks: Enqueueing["completeTasks"];
  readonly refuseWhileDraining: Enqueueing["refuseWhileDraining"];
  readonly announce: Enqueueing["announce"];
  /** Resolves as soon as no connected worker's session holds a lease. Leases without a session, or without a stream, are not waited for. */
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
    openSession: createGreeting(parts, deps),
    broadcasts: parts.broadcasts.verbs,
    async lease(want, signal) {
      const queues = routing.subscribe(want.namespace, want.queues);
      await parts.admit(want.namespace, queues);
      return parts.leaseUnary({ ...want, queues }, signal);
    },
    leaveNamespace: parts.leaveNamespace,
    completeTasks: parts.enqueueing.completeTasks,
    refuseWhileDraining: parts.enqueueing.refuseWhileDraining,
    announce: parts.enqueueing.announce,
    async reread() {
      await parts.definitions.reread();
      await parts.keys.reread();
    },
    isServed: dispatch.isServed,
    settle: (namespace, settlements) => settling.settle(namespace, settlements, parts.openAny(namespace)),
    extend: (namespace, tokens, leaseMs) =>
      extending.extend(namespace, { tokens, leaseMs }, parts.openAny(namespace)),
    saveCheckpoints: (namespace, checkpoints) =>
      parts.saveCheckpoints(namespace, checkpoints, parts.openAny(namespace)),
    writeOutput: (namespace, outputs) => parts.writeOutput(namespace, outputs, parts.openAny(namespace)),
    definitions: parts.definitions,
    workers: parts.sessions.workers,
    drain: dispatch.drain,
    quiet: parts.sessions.quiet,
    queueHints,
    close: loop.stop,
  };
}

async function lookAround(
  { dispatch, sessions, keys, broadcasts }: Parts,
  { clock, routing }: BrokerDeps,
): Promise<number> {
  dispatch.rescan();
  sessions.sweep(clock.now());
  await keys.rotateIfOld(clock.now());
  await broadcasts.sweep();
  await routing.holdOwed();
  return rescanMs;
}
