import { expect, test } from "vitest";
import { createRecentMembers } from "./recent-members.ts";

const range = (first: number, count: number, barrier: number, index = 0) => ({
  first,
  count,
  barrier,
  index,
});

test("members are where their range says, and nobody is between ranges", () => {
  const recent = createRecentMembers();
  recent.add(range(10, 3, 1));
  recent.add(range(20, 2, 2, 7));
  expect([9, 10, 12, 13, 19, 20, 21, 22].map(recent.at)).toEqual([
    undefined,
    { barrier: 1, index: 0 },
    { barrier: 1, index: 2 },
    undefined,
    undefined,
    { barrier: 2, index: 7 },
    { barrier: 2, index: 8 },
    undefined,
  ]);
});

test("pieces of one group are one range, and those of another are not", () => {
  const recent = createRecentMembers();
  // As many pieces as would push the first one out, were they apart.
  for (let piece = 0; piece < 5000; piece += 1) recent.add(range(piece * 10, 10, 1, piece * 10));
  expect(recent.at(0)).toEqual({ barrier: 1, index: 0 });
  expect(recent.at(49_999)).toEqual({ barrier: 1, index: 49_999 });
  recent.add(range(50_000, 10, 2, 0));
  expect(recent.at(50_000)).toEqual({ barrier: 2, index: 0 });
  // It follows by number, not by index.
  recent.add(range(50_010, 1, 2, 30));
  expect(recent.at(50_010)).toEqual({ barrier: 2, index: 30 });
});

test("the oldest are forgotten where there are many, and all when that is asked for", () => {
  const recent = createRecentMembers();
  for (let n = 0; n <= 2000; n += 1) recent.add(range(n * 2, 1, n));
  expect(recent.at(0)).toBeUndefined();
  for (let n = 1001; n <= 2000; n += 1) expect(recent.at(n * 2)).toEqual({ barrier: n, index: 0 });
  recent.clear();
  expect(recent.at(4000)).toBeUndefined();
  recent.add(range(4000, 1, 3));
  expect(recent.at(4000)).toEqual({ barrier: 3, index: 0 });
});
