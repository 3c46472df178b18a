import { extended } from "../../model/lease.ts";
import type { CancelMessage } from "../../model/task.ts";
import type { ExtendRequest, LeaseCheck, LeaseRef } from "../../ports/task-store.ts";
import { lostReason } from "../lost-lease.ts";
import { stateCode } from "../sql/codes.ts";
import { int4s, int8s, texts } from "./arrays.ts";
import { createRows, type Row, type Rows } from "./rows.ts";
import { statement } from "./session.ts";
import type { Work } from "./work.ts";
import { writeRows } from "./write-rows.ts";

type ExtendedRow = readonly [
  at: number,
  cancelAt: number | null,
  reason: string | null,
  requester: string | null,
];

// Only whoever names a length may shorten: a heartbeat leaves a longer extension as it is. state + 0: rows are found by their numbers.
const extendLeased = statement<ExtendedRow>(`
  UPDATE tasks t SET timer_at = greatest(
    least($1::int8 + coalesce($2::int8, t.lease_ms, $3::int8), t.started_at + t.limit_ms + $4::int8),
    CASE WHEN $2::int8 IS NULL THEN t.timer_at END)
  FROM unnest($5::int4[], $6::int4[], $7::text[], $8::int8[], $9::int8[]) AS u(at, namespace, id, epoch, fence)
    JOIN contents c ON c.namespace = u.namespace AND c.id = u.id
  WHERE t.seq = c.seq AND t.fence_epoch = u.epoch AND t.fence_seq = u.fence AND t.outcome_hash IS NULL
    AND t.state + 0 = ${stateCode.leased}
  RETURNING u.at, t.cancel_at, t.cancel_reason, t.cancel_requester`);

/** Moves the ends of leases that are still open: of those that are held with one statement, of others after a look. */
export async function extend(work: Work, request: ExtendRequest): Promise<readonly LeaseCheck[]> {
  const { leases } = request;
  const checks = new Array<LeaseCheck | undefined>(leases.length).fill(undefined);
  for (const [at, ...cancel] of await extendHeld(work, request))
    checks[at] = { held: true, cancel: messageOf(...cancel) };
  const left = leases.flatMap((lease, at) => (checks[at] === undefined ? [{ lease, at }] : []));
  if (left.length > 0) {
    const rows = createRows(work);
    const locked = await rows.lock(left.map(({ lease }) => lease));
    for (const [i, { lease, at }] of left.entries())
      checks[at] = extendOne({ work, rows, request }, lease, locked[i]);
    await writeRows(work, rows);
  }
  return checks as LeaseCheck[];
}

async function extendHeld({ db, queues, limits }: Work, request: ExtendRequest): Promise<ExtendedRow[]> {
  const { leases, now, leaseMs, defaultLeaseMs, graceMs } = request;
  await queues.loadNamespaces(
    db,
    leases.map(({ namespace }) => namespace),
  );
  const some = leases.flatMap((lease, at) => {
    const space = queues.namespaceId(lease.namespace);
    return space === undefined ? [] : [{ lease, at, space }];
  });
  return db.rows(
    extendLeased,
    ...[now + graceMs, leaseMs ?? null, defaultLeaseMs, limits.timeLimitGraceMs],
    int4s(some.map(({ at }) => at)),
    int4s(some.map(({ space }) => space)),
    texts(some.map(({ lease }) => lease.id)),
    int8s(some.map(({ lease }) => lease.fence.epoch)),
    int8s(some.map(({ lease }) => lease.fence.seq)),
  );
}

const messageOf = (
  at: number | null,
  reason: string | null,
  requester: string | null,
): CancelMessage | undefined =>
  at === null ? undefined : { reason: reason ?? "", requester: requester ?? undefined };

type Extending = { readonly work: Work; readonly rows: Rows; readonly request: ExtendRequest };

function extendOne({ work, rows, request }: Extending, lease: LeaseRef, row: Row | undefined): LeaseCheck {
  const why = lostReason(row, lease.fence);
  if (row === undefined || why !== undefined)
    return { held: false, state: row?.head.state, why: why ?? "task_unknown" };
  const { head } = row;
  rows.replace(row, extended(head, request, work.limits));
  return {
    held: true,
    cancel: head.cancel && { reason: head.cancel.reason, requester: head.cancel.requester },
  };
}
