import type { Bytes, Instant, TaskId } from "../../model/ids.ts";
import type { Fence } from "../../model/task.ts";
import type { Claimed, ClaimRequest } from "../../ports/task-store.ts";
import { createCandidates } from "./candidates.ts";
import { stateCode } from "./codes.ts";
import { command, query } from "./files/connection.ts";
import { policyOfText } from "./policy-text.ts";
import type { Writing } from "./writing.ts";

type ReadyRow = [
  seq: number,
  queue: number,
  revision: number,
  attempt: number,
  deliveries: number,
  createdAt: Instant,
  id: TaskId,
  policy: string,
  content: Bytes,
];

/** Makes claim: leases the best ready tasks in one statement, whatever their number. */
export function createClaim(writing: Writing): (want: ClaimRequest) => readonly Claimed[] {
  const { db, epoch } = writing;
  const candidatesOf = createCandidates(writing);
  // CROSS JOIN keeps the order of the list.
  const select = query<ReadyRow>(
    db,
    `SELECT t.seq, t.queue, t.revision, t.attempt, t.deliveries, t.created_at, c.id, c.policy, c.content
     FROM json_each(?) best CROSS JOIN tasks t ON t.seq = best.value CROSS JOIN contents c ON c.seq = t.seq`,
  );
  const lease = command(
    db,
    `UPDATE tasks SET state = ${stateCode.leased}, reason = 0, revision = revision + 1, deliveries = deliveries + 1,
       fence_epoch = ?, fence_seq = ? + taken.key, outcome_hash = NULL, worker = ?, started_at = ?,
       timer_at = ? + coalesce(lease_ms, ?)
     FROM json_each(?) taken WHERE tasks.seq = taken.value AND tasks.state = ${stateCode.ready}`,
  );
  // Counted over all tasks, from 1 in each epoch: no two leases share a fence, and a task's next one is above its earlier ones.
  let nextFence = 1;

  return (want) => {
    const seqs = candidatesOf(want);
    if (seqs.length === 0) return [];
    const taken = JSON.stringify(seqs);
    const rows = select.all(taken);
    const fence = nextFence;
    nextFence += rows.length;
    const { now, worker, graceMs, leaseMs } = want;
    const leased = lease(epoch, fence, worker, now, now + graceMs, leaseMs, taken);
    if (leased !== seqs.length || rows.length !== seqs.length)
      throw new Error(`${seqs.length} ready tasks were chosen and ${leased} leased`);
    return rows.map((row, i) => grant(writing, want, { row, fence: { epoch, seq: fence + i } }));
  };
}

type Leased = { readonly row: ReadyRow; readonly fence: Fence };

/** Notes what a lease means beside its row, and tells it as the port does. */
function grant({ queues, ledger, leases }: Writing, want: ClaimRequest, { row, fence }: Leased): Claimed {
  const [seq, queueId, before, attempt, deliveries, createdAt, id, policy, content] = row;
  const queue = queues.byId(queueId);
  const revision = before + 1;
  ledger.move(queue, stateCode.ready, stateCode.leased);
  ledger.note(queue, { kind: "leased", reason: undefined, id, revision, attempt, at: want.now });
  leases.remember(id, { namespace: want.namespace, seq, queue, revision, fence });
  return {
    id,
    queue: queue.name,
    fence,
    createdAt,
    content,
    policy: policyOfText(policy),
    attempt,
    deliveries: deliveries + 1,
  };
}
