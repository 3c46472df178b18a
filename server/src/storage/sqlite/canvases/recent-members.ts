/**
 * Members that came in together not long ago, as far as nothing follows them by themselves: by far the most members are such, and where they
 * are need not be read when they end. Whoever is not found here is to be looked up.
 */
export type RecentMembers = {
  /** Members of one barrier whose numbers follow each other, as their indexes do. Their numbers are above all that were added before. */
  add(members: RecentRange): void;
  /** Where a member is. */
  at(seq: number): { readonly barrier: number; readonly index: number } | undefined;
  /** Forgets all: some of it may not have been stored. */
  clear(): void;
};

export type RecentRange = {
  readonly first: number;
  readonly count: number;
  readonly barrier: number;
  readonly index: number;
};

/** So many ranges are remembered: the newest ones, and as many before them at most. */
const rangesMax = 1000;

/** Makes it. */
export function createRecentMembers(): RecentMembers {
  // By their numbers.
  let ranges: RecentRange[] = [];
  let newest: RecentRange | undefined;
  // Those that end together came together, mostly.
  let found: RecentRange | undefined;

  function search(seq: number): RecentRange | undefined {
    let [low, high] = [0, ranges.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const range = ranges[middle];
      if (range !== undefined && range.first <= seq) low = middle + 1;
      else high = middle;
    }
    return ranges[low - 1];
  }

  return {
    add(range) {
      const grown = newest && together(newest, range);
      if (grown !== undefined) ranges.pop();
      else if (ranges.length >= 2 * rangesMax) ranges = ranges.slice(-rangesMax);
      newest = grown ?? range;
      ranges.push(newest);
    },
    at(seq) {
      if (found === undefined || !isIn(seq, found)) found = search(seq);
      if (found === undefined || !isIn(seq, found)) return undefined;
      return { barrier: found.barrier, index: found.index + seq - found.first };
    },
    clear() {
      ranges = [];
      newest = undefined;
      found = undefined;
    },
  };
}

const isIn = (seq: number, { first, count }: RecentRange): boolean => seq >= first && seq < first + count;

/** Both as one, where the second goes on where the first one ends. */
function together(one: RecentRange, next: RecentRange): RecentRange | undefined {
  const goesOn =
    next.barrier === one.barrier &&
    next.first === one.first + one.count &&
    next.index === one.index + one.count;
  return goesOn ? { ...one, count: one.count + next.count } : undefined;
}
