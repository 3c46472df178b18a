import { type Instant, plus } from "../model/ids.ts";
import type { Slots } from "../model/schedule.ts";

/** Which slots are wanted: from `from` on, before `to`, and no more than `limit` of them. */
export type Range = { readonly from: Instant; readonly to: Instant; readonly limit: number };

/** The slots of a range, in order; found as they are taken. */
export function* occurrences(slots: Slots, { from, to, limit }: Range): Generator<Instant, void, undefined> {
  let after = plus(from, -1);
  for (let count = 0; count < limit; count++) {
    const slot = slots.nextAfter(after);
    if (slot === undefined || slot >= to) return;
    yield slot;
    after = slot;
  }
}
