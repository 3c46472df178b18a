/** TaskOptions on their way in: which rules they break, and what policy and start they ask for. */

import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import { AckMode, type TaskOptions } from "@stem/proto/stem/v1/task_pb";
import type { TaskSubmission } from "../../broker/broker.ts";
import type { Instant } from "../../model/ids.ts";
import type { Defaults, Limits } from "../../model/limits.ts";
import type { FieldViolation, Problem } from "../../model/problem.ts";
import type { TaskPolicy } from "../../model/task.ts";
import { durationWithin, fromZero, numberWithin } from "./ranges.ts";
import { keepNewestViolations, readKeepNewest } from "./retention.ts";
import { retryPolicy, retryViolations } from "./retry-policy.ts";
import { taskTiesViolations } from "./task-ties.ts";
import { durationMs, timestampFault, timestampInstant } from "./time-fields.ts";
import { uniqueScope, uniqueViolations } from "./unique-options.ts";

const priorityMax = 9;
const ackModes: ReadonlySet<number> = new Set(Object.values(AckMode));
const timeLimitMsMin = 1;
const startWithinMsMin = 1;

/** Adds every rule that options break to `found`; paths begin with `options.`. */
export function taskOptionsViolations(options: TaskOptions, limits: Limits, found: FieldViolation[]): void {
  const { start } = options;
  numberWithin("options.priority", options.priority, { min: 0, max: priorityMax }, found);
  numberWithin("options.max_attempts", options.maxAttempts, { min: 1, max: limits.attemptsMax }, found);
  numberWithin("options.max_deliveries", options.maxDeliveries, { min: 1, max: limits.deliveriesMax }, found);
  if (options.retry) retryViolations("options.retry", options.retry, limits, found);
  if (start.case === "delay") durationWithin("options.delay", start.value, fromZero, found);
  const fault = start.case === "notBeforeTime" && timestampFault(start.value);
  if (fault) found.push({ field: "options.not_before_time", description: fault });
  taskTiesViolations(options, limits, found);
  const timeLimit = { min: timeLimitMsMin, max: limits.timeLimitMsMax };
  durationWithin("options.time_limit", options.timeLimit, timeLimit, found);
  durationWithin("options.soft_time_limit", options.softTimeLimit, timeLimit, found);
  expiryViolations(options, limits, found);
  const startWithin = { min: startWithinMsMin, max: limits.startWithinMsMax };
  durationWithin("options.start_within", options.startWithin, startWithin, found);
  if (!ackModes.has(options.ack))
    found.push({ field: "options.ack", description: "must be one of the values that the schema names" });
  const lease = { min: limits.leaseMsMin, max: limits.leaseMsMax };
  durationWithin("options.lease_duration", options.leaseDuration, lease, found);
  const retention = { min: 0, max: limits.retentionMsMax };
  durationWithin("options.result_retention", options.resultRetention, retention, found);
  if (options.keepNewest) keepNewestViolations(options.keepNewest, limits, found);
  if (options.unique) uniqueViolations(options, found);
  startViolations(options, found);
  if (options.softTimeLimit && options.timeLimit && isAfter(options.softTimeLimit, options.timeLimit))
    found.push({
      field: "options",
      description: "must not have a soft time limit that is longer than the time limit",
    });
}

/** What options ask for that decisions need; what they leave out stays out, and what they say of nothing is undefined. A policy for retries is whole. */
export function taskPolicy(options: TaskOptions, defaults: Defaults): Partial<TaskPolicy> {
  return {
    ...(options.maxAttempts !== undefined && { maxAttempts: options.maxAttempts }),
    ...(options.maxDeliveries !== undefined && { maxDeliveries: options.maxDeliveries }),
    ...(options.retry && { retry: retryPolicy(options.retry, defaults) }),
    ...(options.timeLimit && { timeLimitMs: durationMs(options.timeLimit) }),
    ...(options.softTimeLimit && { softTimeLimitMs: durationMs(options.softTimeLimit) }),
    ...(options.startWithin && { startWithinMs: durationMs(options.startWithin) }),
    ...(options.ack !== AckMode.UNSPECIFIED && { ackEarly: options.ack === AckMode.EARLY }),
    ...(options.ignoreResult !== undefined && { ignoreResult: options.ignoreResult }),
    ...(options.leaseDuration && { leaseMs: durationMs(options.leaseDuration) }),
    ...(options.resultRetention && { retentionMs: durationMs(options.resultRetention) }),
    ...(options.unique && { unique: uniqueScope(options.unique) }),
    ...(options.keepNewest && { keepNewest: readKeepNewest(options.keepNewest) }),
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

function expiryViolations({ expiry }: TaskOptions, limits: Limits, found: FieldViolation[]): void {
  if (expiry.case === "expireAfter")
    durationWithin("options.expire_after", expiry.value, { min: 0, max: limits.delayMsMax }, found);
  const fault = expiry.case === "expireTime" && timestampFault(expiry.value);
  if (fault) found.push({ field: "options.expire_time", description: fault });
}

/** A start that can only come when it is too late. What depends on when the call is made is not looked at: a repeat would be judged otherwise. */
function startViolations({ start, expiry }: TaskOptions, found: FieldViolation[]): void {
  const isLate =
    (start.case === "delay" && expiry.case === "expireAfter" && isNotBefore(start.value, expiry.value)) ||
    (start.case === "notBeforeTime" &&
      expiry.case === "expireTime" &&
      isNotBefore(start.value, expiry.value));
  if (isLate)
    found.push({ field: "options", description: "must not have an expiry that comes before the start" });
}

const isAfter = (a: Duration, b: Duration): boolean => !isNotBefore(b, a);

const isNotBefore = (a: Duration | Timestamp, b: Duration | Timestamp): boolean =>
  a.seconds > b.seconds || (a.seconds === b.seconds && a.nanos >= b.nanos);

/** When it is too late to start; undefined: never, a problem where that is too far ahead. Options that broke no rule. */
export function taskExpiry(
  { expiry }: TaskOptions,
  now: Instant,
  limits: Limits,
): TaskSubmission["expiry"] | Problem {
  if (expiry.case === undefined) return undefined;
  if (expiry.case === "expireAfter") return { afterMs: durationMs(expiry.value) };
  const at = timestampInstant(expiry.value);
  return at - now > limits.delayMsMax ? tooFar("options.expire_time", limits) : { at };
}

/** What is wrong with a time that lies beyond all delays. */
export const tooFar = (field: string, { delayMsMax }: Limits): Problem => ({
  reason: "FIELD_OUT_OF_RANGE",
  violations: [{ field, description: `must be at most ${delayMsMax} ms ahead` }],
});
