import { create, fromBinary } from "@bufbuild/protobuf";
import { type Failure, FailureSchema } from "@stem/proto/stem/v1/failure_pb";
import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../model/limits.ts";
import { cutText, encodeFailure, rejectedFailure, resultTooLargeFailure } from "./failure.ts";

const kept = (init: Partial<Failure>): Failure =>
  fromBinary(FailureSchema, encodeFailure(create(FailureSchema, init as object), limits));

test("a text is cut between characters, as late as its bytes allow", () => {
  expect(cutText("aé", 3)).toBe("aé");
  expect(cutText("aé", 2)).toBe("a");
  expect(cutText("\u{1f600}\u{1f600}", 7)).toBe("\u{1f600}");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 30 }), fc.nat(40), (text, bytesMax) => {
      const cut = cutText(text, bytesMax);
      expect(text.startsWith(cut)).toBe(true);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytesMax);
      expect(cut.isWellFormed()).toBe(true);
      const next = String.fromCodePoint(text.codePointAt(cut.length) ?? 0);
      if (cut !== text) expect(Buffer.byteLength(cut + next)).toBeGreaterThan(bytesMax);
    }),
  );
});

test("a small failure is kept as it is", () => {
  const failure = kept({ type: "TypeError", message: "no", stack: "at x", nonRetryable: true });
  expect(failure).toMatchObject({
    type: "TypeError",
    message: "no",
    stack: "at x",
    nonRetryable: true,
    truncated: false,
  });
});

test("a message of 1 MB and a stack of 10 MB are cut to 16 and 64 KiB, and marked", () => {
  const failure = kept({ message: "é".repeat(500_000), stack: "x".repeat(10_000_000) });
  expect(Buffer.byteLength(failure.message)).toBe(16 * 1024);
  expect(failure.stack).toHaveLength(64 * 1024);
  expect(failure.truncated).toBe(true);
});

test("an endless type is cut, too", () => {
  expect(kept({ type: "x".repeat(1000) })).toMatchObject({ type: "x".repeat(255), truncated: true });
});

test("what the worker has cut stays marked", () => {
  expect(kept({ message: "short", truncated: true }).truncated).toBe(true);
});

test("nothing said is an empty failure", () => {
  expect(encodeFailure(undefined, limits)).toHaveLength(0);
});

test("the server's own failures say what happened", () => {
  expect(fromBinary(FailureSchema, rejectedFailure("not mine", limits))).toMatchObject({
    type: "Rejected",
    message: "not mine",
    nonRetryable: true,
  });
  expect(fromBinary(FailureSchema, resultTooLargeFailure(11, 10, limits))).toMatchObject({
    type: "ResultTooLarge",
    message: "the result has 11 bytes; the limit is 10",
  });
});
