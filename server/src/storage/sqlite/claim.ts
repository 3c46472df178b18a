import type { Fence } from "../../model/task.ts";
import { claimEnd } from "../../model/unique.ts";
import type { Claimed, ClaimRequest } from "../../ports/task-store.ts";
import { createCandidates } from "./candidates.ts";
import { stateCode } from "./codes.ts";
import { createEndOverdue } from "./overdue.ts";
import { createReadReady, type Ready } from "./read-ready.ts";
import { createUpdateRows } from "./update-rows.ts";
import type { Writing } from "./writing.ts";

/** Makes claim: leases the best ready tasks, those whose numbers follow each other with one statement. */
export function createClaim(writing: Writing): (want: ClaimRequest) => readonly Claimed[] {
  const { db, epoch, deadlines } = writing;
  const candidatesOf = createCandidates(writing);
  const endOverdue = createEndOverdue(writing);
  const read = createReadReady(db);
  const lease = createUpdateRows(db, {
    values: 6,
    set: (place) =>
      `state = ${stateCode.leased}, reason = 0, revision = revision + 1, deliveries = deliveries + 1,
       fence_epoch = ?1, fence_seq = ?2 + ${place}, outcome_hash = NULL, worker = ?3, started_at = ?4,
       timer_at = ?5 + coalesce(lease_ms, ?6)`,
    where: `state = ${stateCode.ready}`,
  });
  // Counted over all tasks, from 1 in each epoch: no two leases share a fence, and a task's next one is above its earlier ones.
  let nextFence = 1;

  /** The best tasks that have not waited too long; those that have, and are in their way, end here. */
  function choose(want: ClaimRequest): number[] {
    let seqs = candidatesOf(want);
    if (!deadlines.mayBeDue(want.now)) return seqs;
    for (;;) {
      const overdue = deadlines.dueAmong(seqs, want.now);
      if (overdue.length === 0) return seqs;
      endOverdue(overdue, want.now);
      seqs = candidatesOf(want);
    }
  }

  return (want) => {
    const seqs = choose(want);
    if (seqs.length === 0) return [];
    const rows = read(seqs);
    const fence = nextFence;
    nextFence += rows.length;
    const { now, worker, graceMs, leaseMs } = want;
    const leased = lease(seqs, (at) => [epoch, fence + at, worker, now, now + graceMs, leaseMs]);
    if (leased !== seqs.length || rows.length !== seqs.length)
      throw new Error(`${seqs.length} ready tasks were chosen and ${leased} leased`);
    return rows.map((row, i) => grant(writing, want, { row, fence: { epoch, seq: fence + i } }));
  };
}

type Leased = { readonly row: Ready; readonly fence: Fence };

/** Notes what a lease means beside its row, and tells it as the port does. */
function grant(
  { queues, ledger, leases, checkpoints, claims }: Writing,
  want: ClaimRequest,
  { row, fence }: Leased,
): Claimed {
  const { seq, id, attempt } = row;
  // A task that waits for its first attempt has been accepted, and has perhaps become ready.
  const checkpoint = row.revision > 2 ? checkpoints.of(seq) : undefined;
  const queue = queues.byId(row.queue);
  const revision = row.revision + 1;
  ledger.move(queue, stateCode.ready, stateCode.leased);
  ledger.note(queue, { kind: "leased", reason: undefined, id, revision, attempt, at: want.now });
  const { unique } = row.policy;
  if (unique?.until === "started") claims.release(seq, claimEnd(unique, want.now));
  leases.remember(id, { namespace: want.namespace, seq, queue, revision, fence });
  return {
    id,
    queue: queue.name,
    fence,
    createdAt: row.createdAt,
    content: row.content,
    policy: row.policy,
    attempt,
    deliveries: row.deliveries + 1,
    checkpoint,
  };
}
