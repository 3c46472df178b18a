import { expect, test } from "vitest";
import { Prefetch } from "./prefetch.ts";

const ended = (prefetch: Prefetch, count: number): void => {
  for (let i = 0; i < count; i += 1) prefetch.count();
};

test("at first, and with long tasks, nothing is held ready", () => {
  const prefetch = new Prefetch(1000, 20);
  expect(prefetch.target(1000)).toBe(0);
  ended(prefetch, 3);
  expect(prefetch.target(2000)).toBe(0);
});

test("with short tasks as many are held ready as are started in the time of a round trip", () => {
  const prefetch = new Prefetch(1000, 20);
  prefetch.target(1000);
  ended(prefetch, 500);
  expect(prefetch.target(1050)).toBe(200);
  expect(prefetch.target(1060)).toBe(200);
});

test("never more than the bound, and none at all when it is zero", () => {
  const [some, none] = [new Prefetch(100, 20), new Prefetch(0, 20)];
  for (const prefetch of [some, none]) {
    prefetch.target(1000);
    ended(prefetch, 5000);
  }
  expect(some.target(1050)).toBe(100);
  expect(none.target(1050)).toBe(0);
});

test("after a quiet time the pace is forgotten", () => {
  const prefetch = new Prefetch(1000, 20);
  prefetch.target(1000);
  ended(prefetch, 500);
  prefetch.target(1050);
  expect(prefetch.target(9000)).toBe(0);
});
