import { expect, test } from "vitest";
import { createSeededRandom } from "../../../test/support/seeded-random.ts";
import { choose, type Standing, shuffled } from "./choice.ts";

const server = (health: Standing["health"], returnsAt = 0): Standing => ({ health, returnsAt });
const [serving, unknown, leaving, away] = (["serving", "unknown", "leaving", "away"] as const).map((health) =>
  server(health),
) as [Standing, Standing, Standing, Standing];
const resting = server("serving", 200);

test.each<[string, readonly Standing[], number | "wait" | "none"]>([
  ["the first of those that serve is used", [serving, serving], 0],
  ["one that is away is passed over", [away, serving], 1],
  ["so is one that is leaving, and one of which nothing is known any more", [leaving, unknown, serving], 2],
  ["one that has just come back has to wait for its turn", [resting, serving], 1],
  ["unless nobody else serves", [resting, away], 0],
  ["where nobody is known to serve, who is yet to be heard of is waited for", [leaving, unknown], "wait"],
  ["one that is leaving is better than none", [away, leaving], 1],
  ["all are away", [away, away], "none"],
])("%s", (_, servers, choice) => {
  expect(choose(servers, 100, 0)).toBe(choice);
});

test("the first is waited for at the beginning, and not for long", () => {
  expect(choose([unknown, serving], 100, 101)).toBe("wait");
  expect(choose([unknown, serving], 101, 101)).toBe(1);
  expect(choose([away, serving], 100, 101)).toBe(1);
});

test("one that has come back is used again from its time on", () => {
  expect(choose([resting, serving], 199, 0)).toBe(1);
  expect(choose([resting, serving], 200, 0)).toBe(0);
});

test("clients begin with different servers, as many with each", () => {
  const random = createSeededRandom(7).chance;
  const orders = Array.from({ length: 6000 }, () => shuffled(["a", "b", "c"], random).join(""));
  const counts = Map.groupBy(orders, (order) => order);
  expect([...counts.keys()].toSorted()).toEqual(["abc", "acb", "bac", "bca", "cab", "cba"]);
  for (const [order, { length }] of counts) expect(length, order).toBeGreaterThan(850);
});
