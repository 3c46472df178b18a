/** How often something may be said: `burst` times at once, and then once in `everyMs`. */
export type SparingRule = { readonly burst: number; readonly everyMs: number };

/** Keeps what strangers can cause from filling a log. */
export interface Sparing {
  /** Whether this one may be said, and if so, how many were passed over in silence since the last. */
  ask(now: number): { readonly isSaid: boolean; readonly unsaid: number };
}

/** Makes one that has said nothing yet. */
export function createSparing({ burst, everyMs }: SparingRule): Sparing {
  let fullAt = Number.NEGATIVE_INFINITY;
  let unsaid = 0;
  return {
    ask(now) {
      const filledTo = Math.max(fullAt, now) + everyMs;
      if (filledTo - now > burst * everyMs) return { isSaid: false, unsaid: ++unsaid };
      fullAt = filledTo;
      const passedOver = unsaid;
      unsaid = 0;
      return { isSaid: true, unsaid: passedOver };
    },
  };
}
