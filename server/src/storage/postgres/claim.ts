import type { Instant } from "../../model/ids.ts";
import type { TaskInput } from "../../model/task.ts";
import { claimEnd } from "../../model/unique.ts";
import type { Claimed, ClaimRequest } from "../../ports/task-store.ts";
import { stateCode } from "../sql/codes.ts";
import { int8s } from "./arrays.ts";
import { claimChosen } from "./claim-chosen.ts";
import { claimInOrder } from "./claim-in-order.ts";
import type { Leased } from "./lease-rows.ts";
import { inputsOf } from "./links.ts";
import { endOverdue } from "./overdue.ts";
import { statement } from "./session.ts";
import type { Work } from "./work.ts";

/**
 * Leases ready tasks, best first: with one statement where queues hand out as one and nothing keeps tasks from being taken, which is
 * seen in that statement; else what is chosen here.
 */
export async function claim(work: Work, want: ClaimRequest): Promise<readonly Claimed[]> {
  const leased = want.limit <= 0 || want.queues.length === 0 ? [] : await leaseTasks(work, want);
  const [, inputs] = await Promise.all([releaseStarted(work, leased, want.now), inputsOf(work.db, leased)]);
  return leased.map((row) => grant(work, want, row, inputs.get(row.seq)));
}

async function leaseTasks(work: Work, want: ClaimRequest): Promise<readonly Leased[]> {
  if (want.tiers !== undefined) return claimChosen(work, want);
  for (;;) {
    const found = await claimInOrder(work, want);
    if (found.kind === "leased") return found.leased;
    if (found.kind === "gated") return claimChosen(work, want);
    await endOverdue(work, found.seqs, want.now);
  }
}

const release = statement(`
  UPDATE unique_claims k SET free_at = greatest(u.until, k.keep_until)
  FROM unnest($1::int8[], $2::int8[]) AS u(seq, until) WHERE k.seq = u.seq AND k.free_at IS NULL`);

/** The keys of tasks that are unique until they start are free, or will be. */
async function releaseStarted({ db }: Work, leased: readonly Leased[], now: Instant): Promise<void> {
  const started = leased.flatMap(({ seq, policy: { unique } }) =>
    unique?.until === "started" ? [{ seq, until: claimEnd(unique, now) }] : [],
  );
  if (started.length === 0) return;
  await db.run(release, int8s(started.map(({ seq }) => seq)), int8s(started.map(({ until }) => until)));
}

/** Notes what a lease means beside its row, and tells it as the port does. */
function grant(
  { ledger, leases }: Work,
  { namespace, now }: ClaimRequest,
  row: Leased,
  input: TaskInput | undefined,
): Claimed {
  const { seq, queue, id, revision, attempt, fence, deliveries, createdAt, policy, content, checkpoint } =
    row;
  ledger.move(queue, stateCode.ready, stateCode.leased);
  ledger.note(queue, { kind: "leased", reason: undefined, id, revision, attempt, at: now });
  if (!row.isTied) leases.remember(id, { namespace, seq, queue, revision, fence });
  const claimed = { id, queue: queue.name, fence, attempt, deliveries, createdAt, policy, content };
  return checkpoint === undefined && input === undefined
    ? claimed
    : { ...claimed, ...(checkpoint && { checkpoint }), ...(input && { input }) };
}
