import type { QueueRef, TaskRef } from "../model/ids.ts";

/**
 * What other servers did to the store that this one shares with them. Hints: they may be late, or lost, and tell of what needed no
 * telling; whoever waits looks now and then.
 */
export type OthersNews = {
  /** Tasks that went over into other states, or put something out. */
  readonly changed: readonly TaskRef[];
  /** Those of which somebody wants their runs to stop. */
  readonly cancelled: readonly TaskRef[];
  /** Queues on which an event was made known. */
  readonly emitted: readonly QueueRef[];
  /** Whether anything may be otherwise that servers keep in memory: namespaces, routing, definitions, keys. */
  readonly isReread: boolean;
};
