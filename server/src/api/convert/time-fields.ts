/** Durations and timestamps on their way in: whether they are well-formed, and what they are in milliseconds. */

import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import { type Instant, instantOf } from "../../model/ids.ts";
import { fieldInvalid } from "../../model/problem.ts";

// The ranges that google/protobuf/duration.proto and timestamp.proto give: 10,000 years, and years 1 to 9999.
const durationSecondsMax = 315_576_000_000n;
const timestampSecondsMin = -62_135_596_800n;
const timestampSecondsMax = 253_402_300_799n;
const nanosMax = 999_999_999;

/** What is wrong with a duration's form; undefined when nothing is. */
export function durationFault({ seconds, nanos }: Duration): string | undefined {
  if (seconds > durationSecondsMax || seconds < -durationSecondsMax)
    return `must not be longer than ${durationSecondsMax} seconds`;
  if (nanos > nanosMax || nanos < -nanosMax) return `must have nanos between -${nanosMax} and ${nanosMax}`;
  if ((seconds > 0n && nanos < 0) || (seconds < 0n && nanos > 0))
    return "must have seconds and nanos of the same sign";
  return undefined;
}

/** A well-formed duration in milliseconds, rounded up: a wait is never cut short. */
export const durationMs = ({ seconds, nanos }: Duration): number =>
  Number(seconds) * 1000 + Math.ceil(nanos / 1e6);

/** What is wrong with a timestamp's form; undefined when nothing is. */
export function timestampFault({ seconds, nanos }: Timestamp): string | undefined {
  if (seconds < timestampSecondsMin || seconds > timestampSecondsMax)
    return "must be within the years 1 to 9999";
  if (nanos < 0 || nanos > nanosMax) return `must have nanos between 0 and ${nanosMax}`;
  return undefined;
}

/** A well-formed timestamp as an instant, rounded up: nothing starts before it. */
export const timestampInstant = ({ seconds, nanos }: Timestamp): Instant =>
  instantOf(Number(seconds) * 1000 + Math.ceil(nanos / 1e6));

/** A time that may be left out; throws FIELD_INVALID where it is none. */
export function optionalInstant(field: string, time: Timestamp | undefined): Instant | undefined {
  if (!time) return undefined;
  const fault = timestampFault(time);
  if (fault !== undefined) throw fieldInvalid(field, fault);
  return timestampInstant(time);
}
