import { expect, test } from "vitest";
import { chunksOf } from "./chunks.ts";

test.each([
  [[], 2, []],
  [[1, 2], 2, [[1, 2]]],
  [[1, 2, 3], 2, [[1, 2], [3]]],
  [[1, 2, 3, 4], 1, [[1], [2], [3], [4]]],
])("%j in pieces of %i", (list: number[], size, pieces) => {
  expect([...chunksOf(list, size)]).toEqual(pieces);
});
