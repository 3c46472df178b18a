import type { Instant } from "../model/ids.ts";
import type { LockStore } from "../ports/lock-store.ts";

/** What the pruner of locks needs. */
export type LockPrunerDeps = { readonly store: Pick<LockStore, "pruneLocks"> };

/** When it comes again, and how much it does at once. */
export type LockPrunerOptions = { readonly intervalMs: number; readonly batchRowsMax: number };

/** Forgets locks that ended and that nobody has taken since; at once again while there are more. */
export async function pruneLocksOnce(
  { store }: LockPrunerDeps,
  { intervalMs, batchRowsMax }: LockPrunerOptions,
  now: Instant,
): Promise<number> {
  const gone = await store.pruneLocks(now, batchRowsMax);
  return gone < batchRowsMax ? intervalMs : 0;
}
