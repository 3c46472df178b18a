import type { ClaimRequest } from "../../ports/task-store.ts";
import { stateCode } from "../sql/codes.ts";
import { int8s } from "./arrays.ts";
import {
  type Leased,
  type LeasedRow,
  leaseColumns,
  leasedOf,
  leaseJoins,
  leaseReturning,
  leaseSet,
} from "./lease-rows.ts";
import { statement } from "./session.ts";
import type { Work } from "./work.ts";

// What another server is about to take is left to it.
const lease = statement<[...LeasedRow, at: number]>(`
  WITH locked AS MATERIALIZED (
    SELECT t.seq, u.at FROM unnest($6::int8[]) WITH ORDINALITY AS u(seq, at) JOIN tasks t ON t.seq = u.seq
    WHERE t.state + 0 = ${stateCode.ready} FOR UPDATE OF t SKIP LOCKED),
  l AS (
    UPDATE tasks t SET ${leaseSet} FROM locked k WHERE t.seq = k.seq RETURNING k.at, ${leaseReturning})
  SELECT ${leaseColumns}, l.at FROM l ${leaseJoins} ORDER BY l.at`);

/** Leases tasks that were chosen, in their order; those that somebody else has are left out. */
export async function leaseChosen(
  work: Work,
  want: ClaimRequest,
  seqs: readonly number[],
): Promise<readonly Leased[]> {
  if (seqs.length === 0) return [];
  const { namespace, now, graceMs, leaseMs, worker } = want;
  const rows = await work.db.rows(lease, ...[work.epoch, worker, now, now + graceMs, leaseMs], int8s(seqs));
  return rows.map((row) => leasedOf(work, namespace, row));
}
