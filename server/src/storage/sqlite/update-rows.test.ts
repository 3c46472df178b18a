import { expect, test } from "vitest";
import { spansOf } from "./update-rows.ts";

test("numbers that follow each other are one span", () => {
  expect(spansOf([7, 8, 9, 10])).toEqual([[7, 10]]);
  expect(spansOf([7])).toEqual([[7, 7]]);
  expect(spansOf([])).toEqual([]);
});

test("spans keep the order of the list, also where it goes back", () => {
  expect(spansOf([20, 21, 22, 23, 3, 4, 5, 6])).toEqual([
    [20, 23],
    [3, 6],
  ]);
  expect(spansOf([1, 2, 3, 3, 4, 5, 6, 7])).toEqual([
    [1, 3],
    [3, 7],
  ]);
});

test("a list with fewer than four rows a span is too scattered", () => {
  expect(spansOf([1, 2, 3, 4, 6])).toEqual([
    [1, 4],
    [6, 6],
  ]);
  expect(spansOf([1, 3, 5, 7, 9])).toBeUndefined();
});
