import type { Command } from "../model/command.ts";
import type { Bytes, Instant, Namespace, QueueName } from "../model/ids.ts";
import type { StemProblem } from "../model/problem.ts";
import type { CancelMessage } from "../model/task.ts";
import type { WorkerStats } from "../model/worker.ts";
import type { LeaseVerdict } from "./lease.ts";
import type { HeldLease, LeaseBook } from "./lease-book.ts";
import type { SessionHello } from "./session.ts";
import type { Seal } from "./token.ts";
import type { TokenKeys } from "./token-keys.ts";

/** What of a worker's session outlives its stream. */
export type SessionState = {
  readonly id: Bytes;
  readonly namespace: Namespace;
  readonly book: LeaseBook;
  /** What its tokens are made with: the first for new ones, all are accepted. */
  readonly seals: readonly Seal[];
  /** Leases that ended without its stream's doing, to be told with the next heartbeat. */
  readonly lost: LeaseVerdict[];
  /** How its worker greeted last. */
  hello: SessionHello;
  /** The queues that it is to get nothing from. */
  paused: ReadonlySet<QueueName>;
  readonly connectedAt: Instant;
  /** When its worker last greeted, gave credit or beat. */
  heardAt: Instant;
  /** How its worker said last that it is doing. */
  stats: WorkerStats | undefined;
  /** The stream that has it now. */
  stream: StreamControl | undefined;
  /** When it lost its last stream. */
  detachedAt: Instant | undefined;
};

/** What the rest of the broker does to a session's stream. */
export type StreamControl = {
  /** Another stream takes the session up. */
  supersede(): void;
  /** Nothing is here for its worker any more. */
  dismiss(why: StemProblem): void;
  /** An operator wants something; false: too much waits for this worker already. */
  tellCommand(commandId: number, command: Command): boolean;
  /** Somebody wants an attempt stopped. */
  tellCancel(lease: HeldLease, message: CancelMessage): void;
};

/** A session that no stream has yet. */
export function createSessionState(
  keys: TokenKeys,
  { id, hello, book, connectedAt }: Pick<SessionState, "id" | "hello" | "book" | "connectedAt">,
): SessionState {
  const { namespace } = hello;
  let seals = keys.seals(namespace, id);
  let generation = keys.generation;
  return {
    id,
    namespace,
    book,
    get seals() {
      if (generation !== keys.generation) {
        generation = keys.generation;
        seals = keys.seals(namespace, id);
      }
      return seals;
    },
    lost: [],
    hello,
    paused: new Set(hello.paused),
    connectedAt,
    heardAt: connectedAt,
    stats: undefined,
    stream: undefined,
    detachedAt: undefined,
  };
}
