import type { Instant } from "../model/ids.ts";
import type { UniqueStore } from "../ports/unique-store.ts";

/** What the pruner of claims needs. */
export type ClaimPrunerDeps = { readonly store: Pick<UniqueStore, "pruneClaims"> };

/** When it comes again, and how much it does at once. */
export type ClaimPrunerOptions = { readonly intervalMs: number; readonly batchRowsMax: number };

/** Forgets claims of unique keys that are over and whose tasks are as good as gone; at once again while there are more. */
export async function pruneClaimsOnce(
  { store }: ClaimPrunerDeps,
  { intervalMs, batchRowsMax }: ClaimPrunerOptions,
  now: Instant,
): Promise<number> {
  const gone = await store.pruneClaims(now, batchRowsMax);
  return gone < batchRowsMax ? intervalMs : 0;
}
