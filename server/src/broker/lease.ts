import type { ResultsReference } from "../model/canvas-value.ts";
import type { Bytes, Instant, QueueName, TaskId } from "../model/ids.ts";
import type { Fence, TaskState } from "../model/task.ts";
import type { Claimed, LeaseLostReason } from "../ports/task-store.ts";
import { type Seal, writeToken } from "./token.ts";

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
  /** How long this attempt may run; undefined: as long as it likes. */
  readonly timeLimitMs?: number | undefined;
  /** When it is told that it should come to an end; undefined: never. */
  readonly softTimeLimitMs?: number | undefined;
  /** What an earlier attempt left. */
  readonly checkpoint?: Bytes | undefined;
  /** Where the results are that it is handed by reference. */
  readonly results?: ResultsReference | undefined;
};

/** Why a token opens nothing where it was sent: nobody here made it for this namespace, or it is another session's. */
export type TokenFault = "token_invalid" | "other_session";

/** Why a lease is over, as told to workers. */
export type LostReason = LeaseLostReason | TokenFault;

/** Whether one lease is held on. */
export type LeaseVerdict =
  | { readonly token: Bytes; readonly held: true }
  | {
      readonly token: Bytes;
      readonly held: false;
      readonly state: TaskState | undefined;
      readonly why: LostReason;
    };

/** The verdict on a token that opens nothing here. */
export const unopened = (token: Bytes, why: TokenFault): LeaseVerdict => ({
  token,
  held: false,
  state: undefined,
  why,
});

/** A claimed task as its worker gets it. */
export function leaseOf(claimed: Claimed, seal: Seal): Lease {
  return {
    token: writeToken(seal, claimed),
    taskId: claimed.id,
    queue: claimed.queue,
    fence: claimed.fence,
    attempt: claimed.attempt,
    maxAttempts: claimed.policy.maxAttempts,
    delivery: claimed.deliveries,
    leaseMs: claimed.policy.leaseMs,
    createdAt: claimed.createdAt,
    content: claimed.content,
    timeLimitMs: claimed.policy.timeLimitMs,
    softTimeLimitMs: claimed.policy.softTimeLimitMs,
    checkpoint: claimed.checkpoint,
    results: claimed.results,
  };
}
