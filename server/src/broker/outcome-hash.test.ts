import { expect, test } from "vitest";
import type { Outcome } from "../model/outcome.ts";
import { outcomeHash } from "./outcome-hash.ts";

const text = (value: string): Uint8Array => Buffer.from(value);

const different: readonly Outcome[] = [
  { kind: "succeeded", result: undefined },
  { kind: "succeeded", result: text("") },
  { kind: "succeeded", result: text("1") },
  { kind: "succeeded", result: text("2") },
  { kind: "failed", failure: text("1"), nonRetryable: false },
  { kind: "failed", failure: text("1"), nonRetryable: true },
  { kind: "failed", failure: text("2"), nonRetryable: false },
  { kind: "retry", delayMs: undefined, failure: undefined },
  { kind: "retry", delayMs: 0, failure: undefined },
  { kind: "retry", delayMs: 1, failure: undefined },
  { kind: "retry", delayMs: undefined, failure: text("1") },
  { kind: "retry", delayMs: 315_360_000_000, failure: text("1") },
  { kind: "released" },
  { kind: "rejected", failure: text("1") },
  { kind: "result_too_large", failure: text("1") },
  { kind: "unknown_name" },
];

test("outcomes that differ in anything have different hashes, each a number below 2^48", () => {
  const hashes = different.map(outcomeHash);
  expect(new Set(hashes).size).toBe(different.length);
  for (const hash of hashes) {
    expect(Number.isSafeInteger(hash)).toBe(true);
    expect(hash).toBeGreaterThanOrEqual(0);
    expect(hash).toBeLessThan(2 ** 48);
  }
});

test("the same outcome has the same hash, whoever holds its bytes", () => {
  for (const outcome of different) expect(outcomeHash(structuredClone(outcome))).toBe(outcomeHash(outcome));
});
