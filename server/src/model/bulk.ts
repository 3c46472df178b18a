/** Many things of a kind that are made slice by slice, each slice when it is asked for: what was made and used is garbage while it is young. */
export type Bulk<Slice> = {
  /** How many things are in all slices together. */
  readonly count: number;
  /** Makes them, the same ones each time. Throws what is wrong with one of them where that is made. */
  slices(): Iterable<Slice>;
};

/** The same, of which something else is made. */
export const mapBulk = <From, To>({ count, slices }: Bulk<From>, map: (slice: From) => To): Bulk<To> => ({
  count,
  *slices() {
    for (const slice of slices()) yield map(slice);
  },
});

/** All that is in one. */
export const allOf = <T>(bulk: Bulk<readonly T[]> | undefined): readonly T[] =>
  bulk === undefined ? [] : [...bulk.slices()].flat();
