/** Failures on their way in: cut to what is kept, and encoded. */

import { create, toBinary } from "@bufbuild/protobuf";
import { type Failure, FailureSchema } from "@stem/proto/stem/v1/failure_pb";
import type { Bytes } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";

const encoder = new TextEncoder();

/** The longest start of `text` that takes at most `bytesMax` bytes as UTF-8, in whole characters. */
export function cutText(text: string, bytesMax: number): string {
  if (text.length * 3 <= bytesMax || Buffer.byteLength(text) <= bytesMax) return text;
  // encodeInto stops before the first character that does not fit, and says how far it came.
  return text.slice(0, encoder.encodeInto(text, new Uint8Array(bytesMax)).read);
}

/** A failure as it is kept: type, message and stack cut to their bounds, and marked when any was. Nothing said is an empty failure. */
export function encodeFailure(failure: Failure | undefined, limits: Limits): Bytes {
  if (!failure) return new Uint8Array(0);
  const type = cutText(failure.type, limits.nameCharsMax);
  const message = cutText(failure.message, limits.failureMessageBytesMax);
  const stack = cutText(failure.stack, limits.failureStackBytesMax);
  const ancestors = ancestorsOf(failure, limits);
  const wasCut = type !== failure.type || message !== failure.message || stack !== failure.stack;
  const { nonRetryable, truncated } = failure;
  return toBinary(
    FailureSchema,
    create(FailureSchema, { type, message, stack, nonRetryable, truncated: truncated || wasCut, ancestors }),
  );
}

/** The type of a failure and what that descends from, as policies for retries name them. */
export const typesOf = (failure: Failure, limits: Limits): readonly string[] =>
  [cutText(failure.type, limits.nameCharsMax), ...ancestorsOf(failure, limits)].filter((type) => type !== "");

const ancestorsOf = ({ ancestors }: Failure, limits: Limits): string[] =>
  ancestors.slice(0, limits.failureAncestorsMax).map((type) => cutText(type, limits.nameCharsMax));

/** The failure of a task that its worker refused for good. */
export const rejectedFailure = (reason: string, limits: Limits): Bytes =>
  encodeFailure(create(FailureSchema, { type: "Rejected", message: reason, nonRetryable: true }), limits);

/** The failure of a task that ended well, but with too large a result. */
export const resultTooLargeFailure = (bytes: number, bytesMax: number, limits: Limits): Bytes => {
  const message = `the result has ${bytes} bytes; the limit is ${bytesMax}`;
  return encodeFailure(
    create(FailureSchema, { type: "ResultTooLarge", message, nonRetryable: true }),
    limits,
  );
};
