import { expect, test } from "vitest";
import { priorityDepths } from "./priority-depth.ts";

const of = (priority: number, ready: number, isMore = false) => ({ priority, ready, isMore });

test("what was counted to its end stays as it was counted", () => {
  const counts = [of(9, 3), of(5, 2)];
  expect(priorityDepths({ ready: 5, counts })).toEqual(counts);
  expect(priorityDepths({ ready: 0, counts: [] })).toEqual([]);
});

test("one priority that was not counted to its end has what is left of the whole", () => {
  const counts = [of(9, 3), of(5, 10, true), of(0, 2)];
  expect(priorityDepths({ ready: 1_000_005, counts })).toEqual([of(9, 3), of(5, 1_000_000), of(0, 2)]);
});

test("of several that were not counted to their ends nothing more is said", () => {
  const counts = [of(9, 10, true), of(5, 10, true), of(0, 2)];
  expect(priorityDepths({ ready: 1000, counts })).toEqual(counts);
});
