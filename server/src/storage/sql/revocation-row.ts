import type { Instant, Namespace, TaskId } from "../../model/ids.ts";
import type { Revocation } from "../../ports/admin-store.ts";

/** The columns of a revocation, from revocations r and namespaces n. */
export const revocationColumns = "n.name, r.id, r.reason, r.requester, r.requested_at, r.until";

/** One row of revocationColumns. */
export type RevocationRow = readonly [
  namespace: Namespace,
  id: TaskId,
  reason: string,
  requester: string | null,
  at: Instant,
  until: Instant,
];

/** The revocation that a row means. */
export const revocationOf = ([namespace, id, reason, requester, at, until]: RevocationRow): Revocation => ({
  ref: { namespace, id },
  cancel: { reason, requester: requester ?? undefined, at },
  until,
});
