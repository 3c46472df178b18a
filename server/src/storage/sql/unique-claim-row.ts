import type { Instant, TaskId } from "../../model/ids.ts";
import { type UniqueClaim, whileRecorded } from "../../model/unique.ts";

/** The columns of a claim of a unique key, from unique_claims u. */
export const claimColumns = "u.key, u.task_id, u.claimed_at, u.free_at, u.duplicates";

/**
 * That a claim of unique_claims u holds at `now`: until it is free; one that lasts as long as its task's record, while that is there, or
 * for the window in which one task comes.
 */
export const isHeldAt = (now: string): string =>
  `(u.free_at IS NULL OR (u.free_at > ${now} AND (u.free_at < ${whileRecorded} OR u.keep_until > ${now}
    OR EXISTS (SELECT 1 FROM tasks t WHERE t.seq = u.seq))))`;

/** That a claim of unique_claims u is of no use any more at `now`, by which its task's record was to be gone. */
export const isUselessAt = (now: string): string =>
  `u.gone_at IS NOT NULL AND u.gone_at <= ${now} AND (u.free_at IS NULL OR u.free_at < ${whileRecorded} OR NOT ${isHeldAt(now)})`;

/** From when a claim may be forgotten whose task's record goes at `goneAt`, and which is free at `freeAt`. */
export const uselessFrom = (goneAt: string, freeAt: string, latest: "max" | "greatest"): string =>
  `CASE WHEN ${freeAt} < ${whileRecorded} THEN ${latest}(${goneAt}, ${freeAt}) ELSE ${goneAt} END`;

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
  freeAt: freeAt === whileRecorded ? undefined : (freeAt ?? undefined),
  duplicates,
});
