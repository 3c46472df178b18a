/** TaskOptions on their way in: which rules they break, and what policy and start they ask for. */

import type { Duration } from "@bufbuild/protobuf/wkt";
import { Jitter, type RetryPolicy as WireRetryPolicy } from "@stem/proto/stem/v1/retry_pb";
import type { TaskOptions } from "@stem/proto/stem/v1/task_pb";
import type { TaskSubmission } from "../../broker/broker.ts";
import type { Instant } from "../../model/ids.ts";
import type { Defaults, Limits } from "../../model/limits.ts";
import type { FieldViolation, Problem } from "../../model/problem.ts";
import type { RetryPolicy } from "../../model/retry.ts";
import type { TaskPolicy } from "../../model/task.ts";
import { taskTiesViolations } from "./task-ties.ts";
import { durationFault, durationMs, timestampFault, timestampInstant } from "./time-fields.ts";
import { uniqueScope, uniqueViolations } from "./unique-options.ts";

const priorityMax = 9;
const factorMax = 1000;
const retryDelayMsMin = 1;
const timeLimitMsMin = 1;

/** Adds every rule that options break to `found`; paths begin with `options.`. */
export function taskOptionsViolations(options: TaskOptions, limits: Limits, found: FieldViolation[]): void {
  const { start } = options;
  numberWithin("options.priority", options.priority, { min: 0, max: priorityMax }, found);
  numberWithin("options.max_attempts", options.maxAttempts, { min: 1, max: limits.attemptsMax }, found);
  numberWithin("options.max_deliveries", options.maxDeliveries, { min: 1, max: limits.deliveriesMax }, found);
  if (options.retry) checkRetry(options.retry, limits, found);
  if (start.case === "delay") durationWithin("options.delay", start.value, fromZero, found);
  const fault = start.case === "notBeforeTime" && timestampFault(start.value);
  if (fault) found.push({ field: "options.not_before_time", description: fault });
  taskTiesViolations(options, limits, found);
  const timeLimit = { min: timeLimitMsMin, max: limits.timeLimitMsMax };
  durationWithin("options.time_limit", options.timeLimit, timeLimit, found);
  const lease = { min: limits.leaseMsMin, max: limits.leaseMsMax };
  durationWithin("options.lease_duration", options.leaseDuration, lease, found);
  const retention = { min: 0, max: limits.retentionMsMax };
  durationWithin("options.result_retention", options.resultRetention, retention, found);
  if (options.unique) uniqueViolations(options, found);
}

/** What options ask for that decisions need; what they leave out stays out, but a policy for retries is whole. */
export function taskPolicy(options: TaskOptions, defaults: Defaults): Partial<TaskPolicy> {
  return {
    ...(options.maxAttempts !== undefined && { maxAttempts: options.maxAttempts }),
    ...(options.maxDeliveries !== undefined && { maxDeliveries: options.maxDeliveries }),
    ...(options.retry && { retry: retryPolicy(options.retry, defaults) }),
    ...(options.leaseDuration && { leaseMs: durationMs(options.leaseDuration) }),
    ...(options.resultRetention && { retentionMs: durationMs(options.resultRetention) }),
    ...(options.unique && { unique: uniqueScope(options.unique) }),
  };
}

/** When the task may start, as far as that was said; a problem where that is too far ahead. Options that broke no rule. */
export function taskStart(
  { start }: TaskOptions,
  now: Instant,
  limits: Limits,
): TaskSubmission["start"] | Problem {
  if (start.case === undefined) return undefined;
  if (start.case === "delay") {
    const delayMs = durationMs(start.value);
    if (delayMs > limits.delayMsMax) return tooFar("options.delay", limits);
    return { delayMs };
  }
  const notBefore = timestampInstant(start.value);
  if (notBefore - now > limits.delayMsMax) return tooFar("options.not_before_time", limits);
  return { notBefore };
}

function retryPolicy(retry: WireRetryPolicy, defaults: Defaults): RetryPolicy {
  const baseMs = retry.baseDelay ? durationMs(retry.baseDelay) : defaults.retryBaseMs;
  return {
    baseMs,
    factor: retry.factor ?? defaults.retryFactor,
    // Whoever asks for a long first wait, and names no bound, does not mean the default bound to cut it.
    maxMs: retry.maxDelay ? durationMs(retry.maxDelay) : Math.max(baseMs, defaults.retryMaxMs),
    jitter: retry.jitter === Jitter.NONE ? "none" : "full",
  };
}

function checkRetry(retry: WireRetryPolicy, limits: Limits, found: FieldViolation[]): void {
  const { baseDelay, maxDelay, jitter } = retry;
  const delays = { min: retryDelayMsMin, max: limits.delayMsMax };
  durationWithin("options.retry.base_delay", baseDelay, delays, found);
  numberWithin("options.retry.factor", retry.factor, { min: 1, max: factorMax }, found);
  durationWithin("options.retry.max_delay", maxDelay, delays, found);
  if (jitter !== Jitter.UNSPECIFIED && jitter !== Jitter.FULL && jitter !== Jitter.NONE)
    found.push({
      field: "options.retry.jitter",
      description: "must be one of the values that the schema names",
    });
  if (baseDelay && maxDelay && nanosOf(maxDelay) < nanosOf(baseDelay))
    found.push({ field: "options.retry", description: "max_delay must not be shorter than base_delay" });
}

type Range = { readonly min: number; readonly max: number };

const fromZero: Range = { min: 0, max: Number.POSITIVE_INFINITY };

/** Written so that NaN is outside every range. */
function numberWithin(
  field: string,
  value: number | undefined,
  { min, max }: Range,
  found: FieldViolation[],
): void {
  if (value !== undefined && !(value >= min && value <= max))
    found.push({ field, description: `must be ${min} to ${max}` });
}

/** The range is in milliseconds, and meant exactly: a nanosecond beyond it is outside. */
function durationWithin(
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

const nanosOf = ({ seconds, nanos }: Duration): bigint => seconds * 1_000_000_000n + BigInt(nanos);

const tooFar = (field: string, { delayMsMax }: Limits): Problem => ({
  reason: "FIELD_OUT_OF_RANGE",
  violations: [{ field, description: `must be at most ${delayMsMax} ms ahead` }],
});
