import { createLoop, type Loop } from "../lib/loop.ts";
import { type Instant, plus } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Store } from "../ports/store.ts";

/** Removes one kind of record. */
export type Pruner = {
  readonly name: string;
  /** When it comes again if it found fewer than it may remove at once. */
  readonly intervalMs: number;
  /** Removes at most `limit` of them; answers how many. */
  readonly prune: (now: Instant, limit: number) => Promise<number>;
};

/** What is pruned, and by what bounds. */
export type Pruned = { readonly store: Store; readonly limits: Limits };

const intervalMs = 10_000;
/** What is kept beyond a bound is looked for more often: whoever names a number means it. */
const overfullIntervalMs = 1000;

/** All that grows old, or is too much. */
export const prunersOf = ({ store, limits }: Pruned): readonly Pruner[] => [
  // Ended tasks whose retention is over, and tombstones that nobody needs any more.
  { name: "result-pruner", intervalMs, prune: store.prune },
  // Ended canvases whose retention is over; until then their tasks are kept, too.
  { name: "canvas-pruner", intervalMs, prune: store.pruneCanvases },
  // The oldest ended tasks of names that have more of them than they may.
  { name: "overfull-pruner", intervalMs: overfullIntervalMs, prune: store.pruneOverfull },
  {
    name: "event-pruner",
    intervalMs,
    prune: (now, limit) =>
      store.truncateEvents(plus(now, -limits.eventRetentionMs), limits.eventBytesMax, limit),
  },
  {
    name: "queue-event-pruner",
    intervalMs,
    prune: (now, limit) => store.pruneQueueEvents(plus(now, -limits.queueEventRetentionMs), limit),
  },
  // Locks that ended and that nobody has taken since.
  { name: "lock-pruner", intervalMs, prune: store.pruneLocks },
  // Claims of unique keys that are over and whose tasks are as good as gone.
  { name: "claim-pruner", intervalMs, prune: store.pruneClaims },
];

/** One round of a pruner; at once again while there are more. */
export async function pruneOnce(pruner: Pruner, limit: number, now: Instant): Promise<number> {
  const gone = await pruner.prune(now, limit);
  return gone < limit ? pruner.intervalMs : 0;
}

/** Makes a loop for each. */
export const createPruners = (deps: Pruned & { readonly clock: Clock; readonly log: Log }): readonly Loop[] =>
  prunersOf(deps).map((pruner) =>
    createLoop(deps, {
      name: pruner.name,
      runOnce: () => pruneOnce(pruner, deps.limits.batchTasksMax, deps.clock.now()),
    }),
  );
