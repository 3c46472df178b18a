import { expect, test } from "vitest";
import { int8s, texts } from "./arrays.ts";

/** What stands in an array after its header: the length of each value, undefined for none, and its bytes. */
function elementsOf(array: Buffer): (Buffer | undefined)[] {
  const elements: (Buffer | undefined)[] = [];
  for (let at = 20; at < array.length; ) {
    const size = array.readInt32BE(at);
    elements.push(size < 0 ? undefined : array.subarray(at + 4, at + 4 + size));
    at += 4 + Math.max(0, size);
  }
  return elements;
}

test("numbers of either sign are whole up to 53 bits", () => {
  const numbers = [0, 1, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 32, -(2 ** 32), 2 ** 53 - 1, -(2 ** 53) + 1];
  const read = elementsOf(int8s([...numbers, null])).map((bytes) => bytes && Number(bytes.readBigInt64BE()));
  expect(read).toEqual([...numbers, undefined]);
});

test("texts of any letters and lengths stand one behind the other", () => {
  const some = ["", "plain", "é", "€uro", "😀", "x".repeat(10_000)];
  const many = Array.from({ length: 200 }, (_, i) => `${i}`.repeat(3000));
  for (const words of [some, [...some, ...many]])
    expect(elementsOf(texts([...words, undefined])).map((bytes) => bytes?.toString())).toEqual([
      ...words,
      undefined,
    ]);
});

test("an array that was made stays as it is when others are made", () => {
  const [first, copy] = [texts(["first"]), Buffer.from(texts(["first"]))];
  texts(["other"]);
  int8s([1, 2, 3]);
  expect(first.equals(copy)).toBe(true);
});

test("an array of nothing has no dimensions", () => {
  expect(int8s([]).readInt32BE(0)).toBe(0);
  expect(texts([])).toHaveLength(12);
});
