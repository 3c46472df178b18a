/** Policies for retries on their way in: which rules they break, and what they mean. */

import type { Duration } from "@bufbuild/protobuf/wkt";
import { Jitter, type RetryOverrides, type RetryPolicy as WirePolicy } from "@stem/proto/stem/v1/retry_pb";
import type { Defaults, Limits } from "../../model/limits.ts";
import type { PolicyOverrides } from "../../model/outcome.ts";
import type { FieldViolation } from "../../model/problem.ts";
import type { RetryPolicy } from "../../model/retry.ts";
import { durationWithin, numberWithin } from "./ranges.ts";
import { durationMs } from "./time-fields.ts";

const factorMax = 1000;
const delayMsMin = 1;
const timeLimitMsMin = 1;

/** Adds every rule that a policy breaks to `found`; `path` is that of the policy, such as "options.retry". */
export function retryViolations(
  path: string,
  retry: WirePolicy,
  limits: Limits,
  found: FieldViolation[],
): void {
  const { baseDelay, maxDelay, jitter } = retry;
  const delays = { min: delayMsMin, max: limits.delayMsMax };
  durationWithin(`${path}.base_delay`, baseDelay, delays, found);
  numberWithin(`${path}.factor`, retry.factor, { min: 1, max: factorMax }, found);
  durationWithin(`${path}.max_delay`, maxDelay, delays, found);
  if (jitter !== Jitter.UNSPECIFIED && jitter !== Jitter.FULL && jitter !== Jitter.NONE)
    found.push({ field: `${path}.jitter`, description: "must be one of the values that the schema names" });
  if (baseDelay && maxDelay && nanosOf(maxDelay) < nanosOf(baseDelay))
    found.push({ field: path, description: "max_delay must not be shorter than base_delay" });
  if (retry.delays.length > 0) checkDelays(path, retry, limits, found);
  checkTypes(`${path}.retry_for`, retry.retryFor, limits, found);
  checkTypes(`${path}.never_for`, retry.neverFor, limits, found);
}

/** Adds every rule that overrides break to `found`; `path` is theirs. */
export function overridesViolations(
  path: string,
  { retry, maxAttempts, timeLimit, softTimeLimit }: RetryOverrides,
  limits: Limits,
  found: FieldViolation[],
): void {
  if (retry) retryViolations(`${path}.retry`, retry, limits, found);
  numberWithin(`${path}.max_attempts`, maxAttempts, { min: 1, max: limits.attemptsMax }, found);
  const range = { min: timeLimitMsMin, max: limits.timeLimitMsMax };
  durationWithin(`${path}.time_limit`, timeLimit, range, found);
  durationWithin(`${path}.soft_time_limit`, softTimeLimit, range, found);
}

/** What overrides that broke no rule change. */
export const policyOverrides = (
  { retry, maxAttempts, timeLimit, softTimeLimit }: RetryOverrides,
  defaults: Defaults,
): PolicyOverrides => ({
  ...(retry && { retry: retryPolicy(retry, defaults) }),
  ...(maxAttempts !== undefined && { maxAttempts }),
  ...(timeLimit && { timeLimitMs: durationMs(timeLimit) }),
  ...(softTimeLimit && { softTimeLimitMs: durationMs(softTimeLimit) }),
});

/** A whole policy: what it leaves out is as the defaults say. */
export function retryPolicy(retry: WirePolicy, defaults: Defaults): RetryPolicy {
  const { delays, retryFor, neverFor, jitter } = retry;
  const baseMs = retry.baseDelay ? durationMs(retry.baseDelay) : defaults.retryBaseMs;
  const isListed = delays.length > 0;
  return {
    baseMs,
    factor: retry.factor ?? defaults.retryFactor,
    // Whoever asks for a long first wait, and names no bound, does not mean the default bound to cut it.
    maxMs: retry.maxDelay ? durationMs(retry.maxDelay) : Math.max(baseMs, defaults.retryMaxMs),
    // Whoever lists delays means these.
    jitter: jitter === Jitter.NONE || (isListed && jitter === Jitter.UNSPECIFIED) ? "none" : "full",
    ...(isListed && { delaysMs: delays.map(durationMs) }),
    ...(retryFor.length > 0 && { retryFor }),
    ...(neverFor.length > 0 && { neverFor }),
  };
}

function checkDelays(path: string, retry: WirePolicy, limits: Limits, found: FieldViolation[]): void {
  const { delays, baseDelay, factor, maxDelay } = retry;
  if (baseDelay || maxDelay || factor !== undefined)
    found.push({
      field: path,
      description: "delays cannot be combined with base_delay, factor or max_delay",
    });
  if (isTooLong(`${path}.delays`, delays, limits.retryDelaysMax, found)) return;
  for (const [index, delay] of delays.entries())
    durationWithin(`${path}.delays[${index}]`, delay, { min: 0, max: limits.delayMsMax }, found);
}

function checkTypes(path: string, types: readonly string[], limits: Limits, found: FieldViolation[]): void {
  if (isTooLong(path, types, limits.retryTypesMax, found)) return;
  for (const [index, type] of types.entries())
    if (type === "" || Buffer.byteLength(type) > limits.nameCharsMax)
      found.push({ field: `${path}[${index}]`, description: `must have 1 to ${limits.nameCharsMax} bytes` });
}

/** The items of what is too long are not looked at. */
function isTooLong(
  field: string,
  items: readonly unknown[],
  itemsMax: number,
  found: FieldViolation[],
): boolean {
  if (items.length <= itemsMax) return false;
  found.push({ field, description: `must have at most ${itemsMax} items` });
  return true;
}

const nanosOf = ({ seconds, nanos }: Duration): bigint => seconds * 1_000_000_000n + BigInt(nanos);
