import { create } from "@bufbuild/protobuf";
import { type Duration, DurationSchema, type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { Instant } from "../../model/ids.ts";

const nanosPerMs = 1_000_000;

/** `ms` milliseconds, which may have a fraction, as a Duration. */
export function durationFromMs(ms: number): Duration {
  const whole = Math.trunc(ms / 1000);
  return create(DurationSchema, {
    seconds: BigInt(whole),
    nanos: Math.round((ms - whole * 1000) * nanosPerMs),
  });
}

/** An instant as a Timestamp. */
export function timestampFromInstant(instant: Instant): Timestamp {
  // Floor, not trunc: a Timestamp before 1970 counts its nanos forward.
  const seconds = Math.floor(instant / 1000);
  return create(TimestampSchema, {
    seconds: BigInt(seconds),
    nanos: Math.round((instant - seconds * 1000) * nanosPerMs),
  });
}
