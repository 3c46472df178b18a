import { expect, test } from "vitest";
import { defaultPolicy } from "../../../test/support/new-task.ts";
import { defaults } from "../model/limits.ts";
import { createPolicies } from "./policy.ts";

test("what is left out is taken from the defaults", () => {
  const policyOf = createPolicies(defaults);
  expect(policyOf({})).toEqual(defaultPolicy);
  expect(policyOf({ maxAttempts: 7, leaseMs: 60_000 })).toEqual({
    ...defaultPolicy,
    maxAttempts: 7,
    leaseMs: 60_000,
  });
  expect(createPolicies({ ...defaults, retryMaxMs: 9 })({}).retry.maxMs).toBe(9);
});

test("equal policies of a batch are one object", () => {
  const policyOf = createPolicies(defaults);
  expect(policyOf({})).toBe(policyOf({ maxAttempts: defaults.maxAttempts }));
  const retry = { baseMs: 1, factor: 1, maxMs: 1, jitter: "none" } as const;
  const first = policyOf({ retry });
  expect(policyOf({})).not.toBe(first);
  expect(policyOf({ retry: { ...retry } })).toBe(first);
  expect(policyOf({ retry: { ...retry, baseMs: 2 } })).not.toBe(first);
});
