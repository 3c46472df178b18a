import { expect, test } from "vitest";
import { createHeap, type Placed } from "./heap.ts";

type Item = Placed & { readonly key: number };

/** Numbers that look random and are the same every time. */
function* numbers(): Generator<number> {
  for (let state = 1; ; state = (state * 48_271) % 2_147_483_647) yield state;
}

const makeHeap = () => createHeap<Item>((a, b) => a.key < b.key);

test("items come out in their order, whatever the order in which they came in", () => {
  const heap = makeHeap();
  const keys = numbers()
    .take(500)
    .map((n) => n % 100)
    .toArray();
  for (const key of keys) heap.add({ key, place: -1 });
  const out: number[] = [];
  for (let item = heap.first(); item; item = heap.first()) {
    out.push(item.key);
    heap.remove(item);
  }
  expect(out).toEqual(keys.toSorted((a, b) => a - b));
});

test("an item can be taken out from anywhere, and the others keep their order", () => {
  const heap = makeHeap();
  const kept = new Set<Item>();
  for (const n of numbers().take(3000)) {
    const victim = [...kept][n % (kept.size + 1)];
    if (victim && n % 3 === 0) {
      heap.remove(victim);
      kept.delete(victim);
    } else {
      const item = { key: n % 1000, place: -1 };
      heap.add(item);
      kept.add(item);
    }
    expect(heap.size).toBe(kept.size);
    expect(heap.first()?.key ?? Number.POSITIVE_INFINITY).toBe(Math.min(...[...kept].map(({ key }) => key)));
  }
  expect(new Set(heap.items())).toEqual(kept);
});

test("an empty heap has no first", () => {
  const heap = makeHeap();
  expect(heap.first()).toBeUndefined();
  const item = { key: 1, place: -1 };
  heap.add(item);
  heap.remove(item);
  expect([heap.first(), heap.size]).toEqual([undefined, 0]);
});
