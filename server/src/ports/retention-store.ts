import type { Instant, TaskRef } from "../model/ids.ts";

/** How long ended tasks are kept beyond what their policies say. Same transactions, same errors as TaskStore. */
export interface RetentionStore {
  /**
   * Removes ended tasks, as their retention's end would, tombstone included, where more of a name are kept than their bound allows. Among
   * them are those whose end came with MoreChange.keepNewest, and the bound of the one that ended last is in force for all. Those go that
   * ended first, and no more than the bound asks for; at most `limit` in all. Answers how many.
   */
  pruneOverfull(now: Instant, limit: number): Promise<number>;
  /**
   * Sets when the record of an ended task goes, sooner or later than before; from then on it is not among those that a bound is about.
   * "live" has not ended, "unknown" is not there. Writes no event and no revision.
   */
  setRetention(ref: TaskRef, purgeAt: Instant): Promise<RetentionVerdict>;
}

/** What became of it. */
export type RetentionVerdict = "set" | "live" | "unknown";
