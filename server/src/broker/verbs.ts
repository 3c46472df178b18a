import type { Bytes, Namespace, QueueRef } from "../model/ids.ts";
import type { BroadcastVerbs } from "./broadcasts.ts";
import type { TokenCheckpoint, TokenCheckpointVerdict } from "./checkpoints.ts";
import type { Definitions } from "./definitions.ts";
import type { EnqueueVerdict } from "./enqueue-verdict.ts";
import type { LeaseVerdict } from "./lease.ts";
import type { Operators } from "./operators.ts";
import type { OutputVerdict, TokenOutput } from "./output.ts";
import type { Session, SessionEvents, SessionHello } from "./session.ts";
import type { SettleVerdict, TokenSettlement } from "./settle.ts";
import type { TaskSubmission } from "./task-submission.ts";
import type { UnaryLease, UnaryLeased } from "./unary-lease.ts";
import type { WorkerView } from "./worker-view.ts";

export type { TokenCheckpoint, TokenCheckpointVerdict } from "./checkpoints.ts";
export type { OutputVerdict, TokenOutput } from "./output.ts";
export type { WorkerView } from "./worker-view.ts";

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
  /** Keeps what attempts leave for their successors, by token, whoever got the leases; a verdict each. */
  saveCheckpoints(
    namespace: Namespace,
    checkpoints: readonly TokenCheckpoint[],
  ): Promise<readonly TokenCheckpointVerdict[]>;
  /** Keeps what attempts put out, by token, whoever got them. */
  writeOutput(namespace: Namespace, outputs: readonly TokenOutput[]): Promise<readonly OutputVerdict[]>;
  /** Tasks to everybody who listens on a channel. */
  readonly broadcasts: BroadcastVerbs;
  /** Whether somebody takes tasks of a queue from this server now. */
  isServed(ref: QueueRef): boolean;
  /** What tasks there are, as workers announced them. */
  readonly definitions: Pick<Definitions, "list" | "get" | "remove">;
  /** The workers of a namespace: those on a stream, and those whose leases outlive theirs. In no order. */
  workers(namespace: Namespace): readonly WorkerView[];
  /** Takes nothing new and grants nothing more; settlements, heartbeats and reads go on. */
  drain(): void;
}
