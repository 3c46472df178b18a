/** What a heap holds: it stands in at most one heap at a time, and knows where. */
export type Placed = {
  /** Its place in the heap that holds it; the heap's own business. */
  place: number;
};

/** Keeps items in an order of which only the first is asked for; an item can be taken out from anywhere. */
export type Heap<T extends Placed> = {
  readonly size: number;
  first(): T | undefined;
  add(item: T): void;
  /** Takes an item out that is in. Its order must still be the one it was added with. */
  remove(item: T): void;
  /** All items, in no order. */
  items(): Iterable<T>;
};

/** Makes an empty binary heap; adding and removing cost O(log n), and adding behind all others O(1). */
export function createHeap<T extends Placed>(isBefore: (a: T, b: T) => boolean): Heap<T> {
  const items: T[] = [];

  function put(item: T, place: number): void {
    items[place] = item;
    item.place = place;
  }

  function rise(item: T, from: number): void {
    let place = from;
    while (place > 0) {
      const above = items[(place - 1) >> 1];
      if (above === undefined || !isBefore(item, above)) break;
      put(above, place);
      place = (place - 1) >> 1;
    }
    put(item, place);
  }

  function sink(item: T, from: number): void {
    let place = from;
    for (;;) {
      const left = items[2 * place + 1];
      const right = items[2 * place + 2];
      const below = left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
      if (below === undefined || !isBefore(below, item)) break;
      const next = below === left ? 2 * place + 1 : 2 * place + 2;
      put(below, place);
      place = next;
    }
    put(item, place);
  }

  return {
    get size() {
      return items.length;
    },
    first: () => items[0],
    add: (item) => rise(item, items.length),
    remove(item) {
      const last = items.pop();
      if (last === undefined || last === item) return;
      // The last one fills the gap, and then moves whichever way its order asks for.
      rise(last, item.place);
      sink(last, last.place);
    },
    items: () => items.values(),
  };
}
