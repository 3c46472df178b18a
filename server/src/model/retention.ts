/** A bound on the ended tasks of one name, beside the time for which each is kept. Undefined: none of that kind. */
export type KeepNewest = {
  /** At most so many. */
  readonly count?: number | undefined;
  /** At most so many bytes of results and failures together. */
  readonly bytes?: number | undefined;
};

/** Ended tasks of one name, as far as a bound on them goes. */
export type Shelf = { readonly count: number; readonly bytes: number };

/** Whether there is more on a shelf than its bound allows; then its oldest goes. */
export const isOverfull = (shelf: Shelf, bound: KeepNewest): boolean =>
  (bound.count !== undefined && shelf.count > bound.count) ||
  (bound.bytes !== undefined && shelf.bytes > bound.bytes);
