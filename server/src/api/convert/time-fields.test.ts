import { create } from "@bufbuild/protobuf";
import { type Duration, DurationSchema, type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { durationFault, durationMs, timestampFault, timestampInstant } from "./time-fields.ts";

const duration = (seconds: bigint, nanos = 0): Duration => create(DurationSchema, { seconds, nanos });
const timestamp = (seconds: bigint, nanos = 0): Timestamp => create(TimestampSchema, { seconds, nanos });

describe("a duration is well-formed", () => {
  test.each([
    duration(0n),
    duration(315_576_000_000n),
    duration(-315_576_000_000n, -999_999_999),
    duration(0n, -5),
  ])("at its bounds: %o", (value) => {
    expect(durationFault(value)).toBeUndefined();
  });

  test.each([
    [duration(315_576_000_001n), "longer than"],
    [duration(-315_576_000_001n), "longer than"],
    [duration(9_223_372_036_854_775_807n), "longer than"],
    [duration(1n, 1_000_000_000), "nanos between"],
    [duration(0n, -1_000_000_000), "nanos between"],
    [duration(1n, -1), "same sign"],
    [duration(-1n, 1), "same sign"],
  ])("but not beyond them: %o", (value, fault) => {
    expect(durationFault(value)).toContain(fault);
  });
});

describe("a timestamp is well-formed", () => {
  test.each([timestamp(-62_135_596_800n), timestamp(253_402_300_799n, 999_999_999)])(
    "at its bounds: %o",
    (value) => {
      expect(timestampFault(value)).toBeUndefined();
    },
  );

  test.each([
    [timestamp(-62_135_596_801n), "years 1 to 9999"],
    [timestamp(253_402_300_800n), "years 1 to 9999"],
    [timestamp(0n, -1), "nanos between"],
    [timestamp(0n, 1_000_000_000), "nanos between"],
  ])("but not beyond them: %o", (value, fault) => {
    expect(timestampFault(value)).toContain(fault);
  });
});

test("a wait is rounded up, never cut short", () => {
  expect(durationMs(duration(1n, 1))).toBe(1001);
  expect(durationMs(duration(2n, 500_000_000))).toBe(2500);
  expect(timestampInstant(timestamp(10n, 1))).toBe(10_001);
  expect(timestampInstant(timestamp(-1n, 500_000_000))).toBe(-500);
});
