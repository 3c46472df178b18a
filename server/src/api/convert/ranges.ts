/** Numbers and durations that must be within a range. */

import type { Duration } from "@bufbuild/protobuf/wkt";
import type { FieldViolation } from "../../model/problem.ts";
import { durationFault } from "./time-fields.ts";

/** Both ends included. */
export type Range = { readonly min: number; readonly max: number };

/** Anything that is not negative. */
export const fromZero: Range = { min: 0, max: Number.POSITIVE_INFINITY };

/** Adds to `found` what is wrong with a number that may be left out. Written so that NaN is outside every range. */
export function numberWithin(
  field: string,
  value: number | undefined,
  { min, max }: Range,
  found: FieldViolation[],
): void {
  if (value !== undefined && !(value >= min && value <= max))
    found.push({ field, description: `must be ${min} to ${max}` });
}

/** The same for a duration. The range is in milliseconds, and meant exactly: a nanosecond beyond it is outside. */
export function durationWithin(
  field: string,
  value: Duration | undefined,
  { min, max }: Range,
  found: FieldViolation[],
): void {
  if (value === undefined) return;
  const description = durationFault(value) ?? rangeFault(value, { min, max });
  if (description !== undefined) found.push({ field, description });
}

function rangeFault({ seconds, nanos }: Duration, { min, max }: Range): string | undefined {
  // Differences, not sums: a nanosecond more than ten years would be lost in a double.
  const wholeMs = Number(seconds) * 1000;
  const restMs = nanos / 1e6;
  if (restMs >= min - wholeMs && restMs <= max - wholeMs) return undefined;
  return max === Number.POSITIVE_INFINITY
    ? `must not be shorter than ${min} ms`
    : `must be ${min} to ${max} ms long`;
}
