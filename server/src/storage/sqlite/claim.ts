import type { Instant } from "../../model/ids.ts";
import { tiersAfter } from "../../model/queue-tier.ts";
import type { Fence } from "../../model/task.ts";
import { claimEnd } from "../../model/unique.ts";
import type { Claimed, ClaimRequest } from "../../ports/task-store.ts";
import { stateCode } from "../sql/codes.ts";
import { createCandidates } from "./candidates.ts";
import { createEndOverdue } from "./overdue.ts";
import type { Before, Picked } from "./pick.ts";
import { createReadReady, type Ready } from "./read-ready.ts";
import type { Tie } from "./ties.ts";
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
  function choose(want: ClaimRequest, before: Before): Picked {
    let picked = candidatesOf(want, before);
    if (!deadlines.mayBeDue(want.now)) return picked;
    for (;;) {
      const overdue = deadlines.dueAmong(picked.seqs, want.now);
      if (overdue.length === 0) return picked;
      endOverdue(overdue, want.now);
      picked = candidatesOf(want, before);
    }
  }

  /** Leases what is chosen; `held`: that many were met at gates that had closed. */
  function claimOnce(
    want: ClaimRequest,
    before: Before,
  ): { readonly claimed: Claimed[]; readonly held: number } {
    const { seqs, ties, held } = choose(want, before);
    return { held, claimed: seqs.length === 0 ? [] : leaseAll(want, seqs, ties) };
  }

  function leaseAll(want: ClaimRequest, seqs: readonly number[], ties: readonly Tie[]): Claimed[] {
    const rows = read(seqs);
    const fence = nextFence;
    nextFence += rows.length;
    const { now, worker, graceMs, leaseMs } = want;
    const leased = lease(seqs, (at) => [epoch, fence + at, worker, now, now + graceMs, leaseMs]);
    if (leased !== seqs.length || rows.length !== seqs.length)
      throw new Error(`${seqs.length} ready tasks were chosen and ${leased} leased`);
    if (ties.length > 0) writing.gates.leased(ties, now);
    const tied = ties.length === 0 ? noneTied : new Set(ties.map(({ seq }) => seq));
    const claimed = rows.map((row, i) => {
      const isTied = tied.has(row.seq);
      return grant(writing, want, { row, fence: { epoch, seq: fence + i }, isTied });
    });
    if (writing.gates.limits.size > 0) countGrants(writing, rows, now);
    return claimed;
  }

  return (want) => {
    let { claimed, held } = claimOnce(want, nothing);
    // In the place of those that went back others may come, once the gates are tended.
    for (let round = 1; held > 0 && claimed.length < want.limit && round < roundsMax; round += 1) {
      writing.gates.tend(want.now);
      const bytes = claimed.reduce((sum, task) => sum + bytesOf(task), 0);
      const tiers = want.tiers && tiersAfter(want.tiers, claimed);
      const more = claimOnce({ ...want, tiers }, { count: claimed.length, bytes });
      claimed = [...claimed, ...more.claimed];
      held = more.held;
    }
    return claimed;
  };
}

/** What a claimed task takes, as its row counts it. */
const bytesOf = ({ content, checkpoint, input }: Claimed): number =>
  content.length + (checkpoint?.length ?? 0) + (input?.data?.length ?? 0);

const nothing: Before = { count: 0, bytes: 0 };
/** Each round but the last finds at least one gate that closed meanwhile. */
const roundsMax = 10;

/** Counts grants against the limits of queues. The rows are in the queues' counts by then. */
function countGrants({ queues, gates }: Writing, rows: readonly Ready[], now: Instant): void {
  for (const [queue, taken] of Map.groupBy(rows, (row) => row.queue))
    gates.tookFrom(queues.byId(queue), taken.length, now);
}

const noneTied: ReadonlySet<number> = new Set();

type Leased = { readonly row: Ready; readonly fence: Fence; readonly isTied: boolean };

/** Notes what a lease means beside its row, and tells it as the port does. */
function grant(
  { queues, ledger, leases, checkpoints, claims, links }: Writing,
  want: ClaimRequest,
  { row, fence, isTied }: Leased,
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
  const input = links.inputOf(seq, row.policy);
  leases.remember(id, { namespace: want.namespace, seq, queue, revision, isTied, fence });
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
    ...(input && { input }),
  };
}
