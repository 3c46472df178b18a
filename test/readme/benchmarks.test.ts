import { expect, test } from "vitest";
import { readPage, withResults } from "../../bench/support/results-page.ts";

test("the table of measured figures is what the saved runs say", () => {
  expect(readPage()).toBe(withResults(readPage()));
});

test("a page without a place for the table is refused", () => {
  expect(() => withResults("# Benchmarks\n")).toThrow("results: begin");
});
