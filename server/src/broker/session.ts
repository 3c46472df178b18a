import type { Command, CommandOutcome } from "../model/command.ts";
import type { Bytes, Namespace, QueueName } from "../model/ids.ts";
import type { StemProblem } from "../model/problem.ts";
import type { Subscription } from "../model/queue-tier.ts";
import type { TaskDefinition } from "../model/task-definition.ts";
import type { WorkerStats, WorkerTraits } from "../model/worker.ts";
import type { TaskProgress } from "../ports/task-hints.ts";
import type { TokenCheckpoint } from "./checkpoints.ts";
import type { Lease, LeaseVerdict } from "./lease.ts";
import type { SeqRange } from "./lease-book.ts";
import type { OutputVerdict, TokenOutput } from "./output.ts";
import type { SettleVerdict, TokenSettlement } from "./settle.ts";

/** What a worker says when it greets. */
export type SessionHello = {
  readonly namespace: Namespace;
  readonly worker: string;
  /** The queues it serves, each once, in its order. */
  readonly subscriptions: readonly Subscription[];
  readonly traits: WorkerTraits;
  /** Those of its queues that it takes nothing from. */
  readonly paused: readonly QueueName[];
  /** The tasks it can run, as far as it says. */
  readonly definitions: readonly TaskDefinition[];
  /** The session to go on with; undefined: a new one. */
  readonly resume:
    | { readonly sessionId: Bytes; readonly held: readonly Bytes[]; readonly seenSeq: number }
    | undefined;
};

/** What a session tells its stream without being asked, and asks it. Nothing is told before the stream has first been heard of. */
export type SessionEvents = {
  /** The number of the worker's newest frame. */
  readonly frameSeq: () => bigint;
  /** Somebody wants an attempt stopped. */
  readonly onCancel: (token: Bytes, reason: string, requester: string) => void;
  /** An operator wants something; false: too much waits for this worker already. */
  readonly onCommand: (commandId: number, command: Command) => boolean;
  /** Another stream took the session up; this one must close. */
  readonly onSuperseded: () => void;
  /** Nothing is here for the worker any more, and this says why: the stream is to end. */
  readonly onDismissed?: (why: StemProblem) => void;
  /** The stream takes nothing more: it is lost, superseded or has said goodbye. Perhaps more than once. */
  readonly onLeft?: () => void;
};

/** What became of a report. forged: nobody here made its token. */
export type ProgressVerdict = "shown" | "dropped" | "forged";

/** How many tasks of a queue are ready. */
export type QueueBacklog = { readonly queue: QueueName; readonly ready: number };

/** A worker's session: its credit, its leases. Lives on for a while when its stream is lost. */
export interface Session {
  readonly id: Bytes;
  /** What became of the leases that the greeting listed, in its order. */
  readonly resumed: readonly LeaseVerdict[];
  /** How many of these tokens nobody here made. Those of a session that is not known here do not count: a restart forgets. */
  readonly forgedHeld: number;
  /** The number of the newest grant handed to the stream; the next one has the next number. */
  readonly lastSeq: number;
  /** The worker's newest frame of when the claim began whose leases `next` brought last. Never goes back. */
  readonly echo: bigint;
  /**
   * Sets the credit: grants up to number seenSeq + credit may be handed over; those beyond seenSeq only until their contents have
   * `bytesMax` bytes together. Absolute.
   */
  credit(seenSeq: number, credit: number, bytesMax?: number): void;
  /** The worker says which grants reached it, and so that it says so: one that it has not named by its expiry costs no delivery. */
  received(ranges: readonly SeqRange[]): void;
  /** How the worker is doing, by its word. */
  report(stats: WorkerStats): void;
  /** What came of a command; one that tells which queues are paused now pauses and resumes them here. */
  answer(commandId: number, outcome: CommandOutcome): void;
  /** How much is ready in each queue that it serves, in the order of its greeting. */
  backlogs(): Promise<readonly QueueBacklog[]>;
  /**
   * Leases work within the credit: resolves with 1 to `limit` leases, as soon as there are any. Call it only when the stream can
   * take them, and one call at a time. Resolves with none when `signal` aborts, when the server drains, and once the stream is lost,
   * superseded or has said goodbye.
   */
  next(limit: number, signal: AbortSignal): Promise<readonly Lease[]>;
  /** Extends every lease up to number `seenSeq`; answers those that are lost. */
  heartbeat(seenSeq: number): Promise<readonly LeaseVerdict[]>;
  /** Settles leases of this session; verdicts in the order asked. */
  settle(settlements: readonly TokenSettlement[]): Promise<readonly SettleVerdict[]>;
  /** Passes progress on to whoever waits, where the token is one of this session's live leases. */
  progress(token: Bytes, progress: TaskProgress): ProgressVerdict;
  /** Keeps what attempts leave for their successors, as far as their leases are this session's and open; answers how many were forged. */
  checkpoint(checkpoints: readonly TokenCheckpoint[]): Promise<number>;
  /** Keeps what attempts put out whose leases are this session's; verdicts in the order asked. */
  writeOutput(outputs: readonly TokenOutput[]): Promise<readonly OutputVerdict[]>;
  /** The stream is lost: leases stay, until they end or a greeting takes the session up again. */
  detach(): void;
  /** The worker is leaving: whatever it still holds goes back at once, free of charge. */
  goodbye(): Promise<void>;
}
