import type { Instant } from "../model/ids.ts";
import type { TaskStore } from "../ports/task-store.ts";

/** What the pruner of results needs. */
export type ResultPrunerDeps = { readonly store: Pick<TaskStore, "prune"> };

/** When it comes again, and how much it does at once. */
export type ResultPrunerOptions = { readonly intervalMs: number; readonly batchRowsMax: number };

/** Removes ended tasks whose retention is over, and tombstones that nobody needs any more; at once again while there are more. */
export async function pruneResultsOnce(
  { store }: ResultPrunerDeps,
  { intervalMs, batchRowsMax }: ResultPrunerOptions,
  now: Instant,
): Promise<number> {
  const gone = await store.prune(now, batchRowsMax);
  return gone < batchRowsMax ? intervalMs : 0;
}
