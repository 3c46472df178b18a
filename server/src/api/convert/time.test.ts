import { expect, test } from "vitest";
import { instantOf } from "../../model/ids.ts";
import { durationFromMs, timestampFromInstant } from "./time.ts";

test.each([
  [0, 0n, 0],
  [1, 0n, 1_000_000],
  [1500, 1n, 500_000_000],
  [-1500, -1n, -500_000_000],
  [0.5, 0n, 500_000],
  [315_360_000_000, 315_360_000n, 0],
])("%d ms are %d s and %d ns", (ms, seconds, nanos) => {
  expect(durationFromMs(ms)).toMatchObject({ seconds, nanos });
});

test.each([
  [0, 0n, 0],
  [1_800_000_000_123, 1_800_000_000n, 123_000_000],
  [-1, -1n, 999_000_000],
])("the instant %d is %d s and %d ns", (ms, seconds, nanos) => {
  expect(timestampFromInstant(instantOf(ms))).toMatchObject({ seconds, nanos });
});
