import type { Instant, LockKey, Namespace } from "../../model/ids.ts";
import type { Lock } from "../../model/lock.ts";

/** The columns of a lock, from locks l. */
export const lockColumns = "l.key, l.owner, l.fence, l.acquired_at, l.expires_at";

/** One row of lockColumns. */
export type LockRow = readonly [
  key: LockKey,
  owner: string,
  fence: number,
  acquiredAt: Instant,
  expiresAt: Instant,
];

/** The lock that a row means. */
export const lockOf = (namespace: Namespace, [key, owner, fence, acquiredAt, expiresAt]: LockRow): Lock => ({
  namespace,
  key,
  owner,
  fence,
  acquiredAt,
  expiresAt,
});
