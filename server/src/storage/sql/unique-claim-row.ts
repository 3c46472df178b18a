import type { Instant, TaskId } from "../../model/ids.ts";
import type { UniqueClaim } from "../../model/unique.ts";

/** The columns of a claim of a unique key, from unique_claims u. */
export const claimColumns = "u.key, u.task_id, u.claimed_at, u.free_at, u.duplicates";

/** One row of claimColumns. */
export type ClaimRow = readonly [
  key: string,
  taskId: TaskId,
  claimedAt: Instant,
  freeAt: Instant | null,
  duplicates: number,
];

/** The claim that a row means. */
export const claimOf = ([key, taskId, claimedAt, freeAt, duplicates]: ClaimRow): UniqueClaim => ({
  key,
  taskId,
  claimedAt,
  freeAt: freeAt ?? undefined,
  duplicates,
});
