import type { Unpacked } from "./msgpack.ts";
import { listOf, maybe, textOf } from "./unpacked.ts";
import { itemsOf } from "./verdicts.ts";

/** A page of what is there now, of lists that also name what is over. */
export async function listAll<T>(
  after: string | undefined,
  limit: number,
  ask: (after: string | undefined, limit: number) => Promise<Unpacked>,
  read: (value: Unpacked) => T,
): Promise<readonly T[]> {
  const found: T[] = [];
  let place = after;
  while (found.length < limit) {
    const [items = false, next] = listOf(await ask(place, limit - found.length));
    found.push(...itemsOf(items, read));
    place = maybe(next, textOf);
    if (place === undefined) break;
  }
  return found;
}
