import type { Instant } from "../model/ids.ts";
import type { RetentionStore } from "../ports/retention-store.ts";

/** What the pruner of what is kept beyond a bound needs. */
export type OverfullPrunerDeps = { readonly store: Pick<RetentionStore, "pruneOverfull"> };

/** When it comes again, and how much it does at once. */
export type OverfullPrunerOptions = { readonly intervalMs: number; readonly batchRowsMax: number };

/** Removes the oldest ended tasks of names that have more of them than they may; at once again while there are more. */
export async function pruneOverfullOnce(
  { store }: OverfullPrunerDeps,
  { intervalMs, batchRowsMax }: OverfullPrunerOptions,
  now: Instant,
): Promise<number> {
  const gone = await store.pruneOverfull(now, batchRowsMax);
  return gone < batchRowsMax ? intervalMs : 0;
}
