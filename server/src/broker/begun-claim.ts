import type { Claimed } from "../ports/task-store.ts";
import type { Watch } from "./watch.ts";

/** A claim that was begun, and what it brought, once it is back. */
export type BegunClaim = {
  /** The most that it may bring. */
  readonly limit: number;
  /** Whether that was all there was room for. */
  readonly isWhole: boolean;
  /** The number of the newest hint when it began. */
  readonly hintSeq: number;
  /** What its taker was at when it began. */
  readonly mark: bigint;
  /** How many of the tasks that were known of it is counted on to bring, by watch. */
  readonly expected: Map<Watch, number>;
  brought: readonly Claimed[] | undefined;
  /** Resolves when it is back. */
  over: Promise<void>;
};

/** Counts on a claim for what is known of in these watches, as far as its limit goes. */
export function countOn({ expected, limit }: BegunClaim, watches: Iterable<Watch>): void {
  let left = limit - expected.values().reduce((sum, count) => sum + count, 0);
  for (const watch of watches) {
    const count = Math.min(left, watch.supply);
    if (count <= 0) continue;
    watch.supply -= count;
    left -= count;
    expected.set(watch, (expected.get(watch) ?? 0) + count);
  }
}

/**
 * What the watches know after a claim brought so many from each. `isLast`: it left none behind; of what was hinted at since it began it
 * says nothing.
 */
export function learn(
  claim: BegunClaim,
  brought: ReadonlyMap<Watch, number>,
  { watches, isLast }: { readonly watches: Iterable<Watch>; readonly isLast: boolean },
): void {
  const isUnknown = !isLast && !claim.isWhole && sum(brought) >= claim.limit;
  for (const watch of watches) {
    const surplus = (claim.expected.get(watch) ?? 0) - (brought.get(watch) ?? 0);
    if (isUnknown) watch.supply = Number.POSITIVE_INFINITY;
    else if (isLast && watch.hintSeq <= claim.hintSeq) watch.supply = 0;
    else watch.supply = Math.max(0, watch.supply + surplus);
  }
}

const sum = (counts: ReadonlyMap<Watch, number>): number =>
  counts.values().reduce((all, count) => all + count, 0);
