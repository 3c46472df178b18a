import { expect, test } from "vitest";
import { createSparing } from "./sparing.ts";

test("so many are said at once, then one in so long, with how many were not", () => {
  const sparing = createSparing({ burst: 3, everyMs: 100 });
  const ask = (now: number) => {
    const { isSaid, unsaid } = sparing.ask(now);
    return isSaid ? unsaid : "silent";
  };
  expect([0, 0, 0, 0, 50].map(ask)).toEqual([0, 0, 0, "silent", "silent"]);
  expect([100, 100, 199].map(ask)).toEqual([2, "silent", "silent"]);
  expect(ask(200)).toBe(2);
  // After a quiet time it may all be said again.
  expect([10_000, 10_000, 10_000, 10_000].map(ask)).toEqual([0, 0, 0, "silent"]);
});
