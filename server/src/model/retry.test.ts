import { expect, test } from "vitest";
import { defaults } from "./limits.ts";
import { isOfType, isRetried, type RetryPolicy, retryDelayMs, usualRetryPolicy } from "./retry.ts";

const plain: RetryPolicy = { baseMs: 100, factor: 2, maxMs: 1000, jitter: "none" };
const attempts = [1, 2, 3, 4, 5, 6];

test("the wait grows by the factor with every attempt, up to its maximum", () => {
  expect(attempts.map((attempt) => retryDelayMs(plain, attempt, 0.5))).toEqual([
    100, 200, 400, 800, 1000, 1000,
  ]);
});

test("a factor of one waits the same time each time, and a base of zero not at all", () => {
  expect(attempts.map((attempt) => retryDelayMs({ ...plain, factor: 1 }, attempt, 0.5))).toEqual(
    attempts.map(() => 100),
  );
  expect(attempts.map((attempt) => retryDelayMs({ ...plain, baseMs: 0 }, attempt, 0.5))).toEqual(
    attempts.map(() => 0),
  );
});

test("a base above the maximum is the maximum", () => {
  expect(retryDelayMs({ ...plain, baseMs: 5000 }, 1, 0)).toBe(1000);
});

test("full jitter spreads the wait over everything from nothing to the computed wait", () => {
  const spread: RetryPolicy = { ...plain, jitter: "full" };
  expect([0, 0.25, 0.5, 0.999].map((chance) => retryDelayMs(spread, 3, chance))).toEqual([0, 100, 200, 400]);
});

test("without jitter, chance has no say", () => {
  expect(retryDelayMs(plain, 3, 0)).toBe(retryDelayMs(plain, 3, 0.999));
});

test("the wait is a whole number of milliseconds within its bounds, however many attempts there were", () => {
  for (const factor of [1, 1.5, 2, 10, 1000]) {
    for (const attempt of [1, 2, 50, 1000]) {
      const waitMs = retryDelayMs({ ...plain, factor, maxMs: 300_000 }, attempt, 0.5);
      expect(Number.isInteger(waitMs)).toBe(true);
      expect(waitMs).toBeGreaterThanOrEqual(100);
      expect(waitMs).toBeLessThanOrEqual(300_000);
    }
  }
});

test("the default waits 2 s, then twice as long each time, 5 min at most, fully spread", () => {
  const longest = attempts.map((attempt) =>
    retryDelayMs({ ...usualRetryPolicy(defaults), jitter: "none" }, attempt, 1),
  );
  expect(longest).toEqual([2000, 4000, 8000, 16_000, 32_000, 64_000]);
  expect(retryDelayMs({ ...usualRetryPolicy(defaults), jitter: "none" }, 20, 1)).toBe(300_000);
  expect(usualRetryPolicy(defaults).jitter).toBe("full");
});

test("a list of delays has one for each attempt, and the last one for all that follow", () => {
  const listed = { ...plain, delaysMs: [0, 50, 7] };
  expect(attempts.map((attempt) => retryDelayMs(listed, attempt, 0.5))).toEqual([0, 50, 7, 7, 7, 7]);
  expect(retryDelayMs({ ...listed, jitter: "full" }, 2, 0.5)).toBe(25);
});

const notFound = ["http.NotFound", "HttpError", "Error"];

test.each([
  ["http.NotFound", true],
  ["HttpError", true],
  ["NotFound", false],
  ["http", false],
  ["http.*", true],
  ["HttpError.*", true],
  ["Http*", true],
  ["*", true],
  ["https.*", false],
])("%s means a failure whose types are http.NotFound, HttpError, Error: %s", (pattern, expected) => {
  expect(isOfType(notFound, pattern)).toBe(expected);
});

test("only failures that are named are tried again, and those that are excluded never", () => {
  expect(isRetried(plain, notFound)).toBe(true);
  expect(isRetried({ ...plain, retryFor: ["HttpError"] }, notFound)).toBe(true);
  expect(isRetried({ ...plain, retryFor: ["TimeoutError"] }, notFound)).toBe(false);
  expect(isRetried({ ...plain, retryFor: ["HttpError"], neverFor: ["http.*"] }, notFound)).toBe(false);
  expect(isRetried({ ...plain, retryFor: ["HttpError"] }, [])).toBe(false);
});
