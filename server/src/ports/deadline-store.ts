import type { Instant, TaskRef } from "../model/ids.ts";

/** Where tasks end that waited too long. When that is comes with their acceptance and their transitions: see MoreChange. */
export interface DeadlineStore {
  /**
   * Ends waiting tasks that have waited too long at `now`, as the task machine decides, longest overdue first; looks at `limit` of them at
   * most. A claim never hands such a task out, whether this was called or not.
   */
  expireOverdue(now: Instant, limit: number): Promise<Overdue>;
}

/** The tasks that were ended, and how many were looked at. */
export type Overdue = { readonly expired: readonly TaskRef[]; readonly seen: number };
