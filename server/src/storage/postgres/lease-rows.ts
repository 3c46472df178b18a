import type { Bytes, Instant, Namespace, TaskId } from "../../model/ids.ts";
import type { Fence, TaskPolicy } from "../../model/task.ts";
import { stateCode } from "../sql/codes.ts";
import { policyOfText } from "../sql/policy-text.ts";
import type { QueueEntry } from "./queue-registry.ts";
import type { Work } from "./work.ts";

/** A task that was leased. */
export type Leased = {
  readonly seq: number;
  readonly queue: QueueEntry;
  readonly id: TaskId;
  readonly fence: Fence;
  readonly revision: number;
  readonly attempt: number;
  readonly deliveries: number;
  readonly createdAt: Instant;
  readonly policy: TaskPolicy;
  readonly content: Bytes;
  readonly checkpoint: Bytes | undefined;
  readonly isTied: boolean;
  /** What it takes of a claim: with what it is handed, and what attempts left. */
  readonly weight: number;
};

/** What every lease writes into a row of tasks t: $1 the base of fences, $2 the worker, $3 now, $4 now and grace, $5 the usual length. */
export const leaseSet = `
  state = ${stateCode.leased}, reason = 0, revision = t.revision + 1, deliveries = t.deliveries + 1,
  fence_epoch = greatest(t.fence_epoch, $1::int8),
  fence_seq = CASE WHEN t.fence_epoch < $1::int8 THEN 1 ELSE t.fence_seq + 1 END,
  outcome_hash = NULL, worker = $2::text, started_at = $3::int8, timer_at = $4::int8 + coalesce(t.lease_ms, $5::int8)`;

/** What comes back of a row of tasks t. */
export const leaseReturning = `
  t.seq, t.queue, t.namespace, t.fence_epoch, t.fence_seq, t.revision, t.attempt, t.deliveries, t.created_at, t.tied, t.content_bytes`;

/**
 * What is told of it, from rows l of that, contents c and queues q. An earlier attempt may have left a checkpoint of a task that was leased
 * before: the first lease makes its second revision.
 */
export const leaseColumns = `
  l.seq, l.queue, l.namespace, q.name, c.id, l.fence_epoch, l.fence_seq, l.revision, l.attempt, l.deliveries, l.created_at,
  l.tied, l.content_bytes, c.policy, c.content,
  CASE WHEN l.revision > 2 THEN (SELECT k.data FROM checkpoints k WHERE k.seq = l.seq) END`;

/** What those need beside l. */
export const leaseJoins = "JOIN contents c ON c.seq = l.seq JOIN queues q ON q.id = l.queue";

/** One row of leaseColumns. */
export type LeasedRow = readonly [
  seq: number,
  queueId: number,
  namespaceId: number,
  queue: QueueEntry["name"],
  id: TaskId,
  epoch: number,
  fence: number,
  revision: number,
  attempt: number,
  deliveries: number,
  createdAt: Instant,
  tied: boolean | null,
  weight: number,
  policy: string,
  content: Bytes,
  checkpoint: Bytes | null,
];

/** The lease that a row means, or a longer row begins with. */
export function leasedOf(
  { queues }: Work,
  namespace: Namespace,
  row: readonly [...LeasedRow, ...unknown[]],
): Leased {
  const [seq, queueId, namespaceId, name, id, epoch, fence, revision] = row;
  const [, , , , , , , , attempt, deliveries, createdAt, tied, weight, policy, content, checkpoint] = row;
  return {
    seq,
    queue: queues.know({ id: queueId, namespaceId, namespace, name }),
    id,
    fence: { epoch, seq: fence },
    revision,
    attempt,
    deliveries,
    createdAt,
    policy: policyOfText(policy),
    content,
    checkpoint: checkpoint ?? undefined,
    isTied: tied === true,
    weight,
  };
}
