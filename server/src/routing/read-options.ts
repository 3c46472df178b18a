/** What queues and routes have in common: options for tasks that do not say otherwise, and conditions on headers. */

import {
  fieldsOf,
  mapOf,
  numberOf,
  type Reading,
  textOf,
  type Value,
  wholeNumberOf,
} from "../lib/document.ts";
import type { Defaults, Limits } from "../model/limits.ts";
import type { RetryPolicy } from "../model/retry.ts";
import type { HeaderMatch, RouteOptions } from "../model/route.ts";
import type { TaskPolicy } from "../model/task.ts";

/** The priorities that there are. */
export const priorities = { min: 0, max: 9 } as const;

const headerKey = /^[a-z0-9_][a-z0-9_.-]{0,127}$/;
const factors = { min: 1, max: 1000 };

/** What reading options needs. */
export type OptionReading = {
  readonly limits: Limits;
  readonly defaults: Defaults;
  readonly reading: Reading;
};

/** No options at all. */
export const noOptions: RouteOptions = { priority: undefined, policy: {} };

const optionNames = [
  "priority",
  "max_attempts",
  "max_deliveries",
  "lease_ms",
  "result_retention_ms",
  "retry",
] as const;

/** Reads options, none of which has to be there. */
export function readOptions(value: Value | undefined, from: OptionReading): RouteOptions {
  if (value === undefined) return noOptions;
  const { limits, reading } = from;
  const fields = fieldsOf(value, optionNames, reading);
  const number = (field: Value | undefined, min: number, max: number): number | undefined =>
    wholeNumberOf(field, { min, max }, reading);
  const policy = {
    maxAttempts: number(fields.max_attempts, 1, limits.attemptsMax),
    maxDeliveries: number(fields.max_deliveries, 1, limits.deliveriesMax),
    leaseMs: number(fields.lease_ms, limits.leaseMsMin, limits.leaseMsMax),
    retentionMs: number(fields.result_retention_ms, 0, limits.retentionMsMax),
    retry: fields.retry && readRetry(fields.retry, from),
  };
  return { priority: number(fields.priority, priorities.min, priorities.max), policy: withoutGaps(policy) };
}

function withoutGaps(
  policy: { readonly [K in keyof TaskPolicy]?: TaskPolicy[K] | undefined },
): Partial<TaskPolicy> {
  return Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== undefined));
}

function readRetry(value: Value, { limits, defaults, reading }: OptionReading): RetryPolicy {
  const fields = fieldsOf(value, ["base_delay_ms", "factor", "max_delay_ms", "jitter"], reading);
  const delays = { min: 1, max: limits.delayMsMax };
  const baseMs = wholeNumberOf(fields.base_delay_ms, delays, reading) ?? defaults.retryBaseMs;
  const maxMs = wholeNumberOf(fields.max_delay_ms, delays, reading);
  if (maxMs !== undefined && maxMs < baseMs)
    reading.wrong(value, "max_delay_ms must not be less than base_delay_ms");
  const jitter = fields.jitter ? textOf(fields.jitter, reading) : "full";
  if (fields.jitter && jitter !== undefined && jitter !== "full" && jitter !== "none")
    reading.wrong(fields.jitter, "must be full or none");
  return {
    baseMs,
    factor: (fields.factor && numberOf(fields.factor, factors, reading)) ?? defaults.retryFactor,
    // As for a task's own options: a long first wait is not cut by a bound that nobody named.
    maxMs: maxMs ?? Math.max(baseMs, defaults.retryMaxMs),
    jitter: jitter === "none" ? "none" : "full",
  };
}

/** Reads conditions on headers. */
export function readHeaders(value: Value | undefined, { limits, reading }: OptionReading): HeaderMatch {
  if (value === undefined) return [];
  const entries = mapOf(value, reading);
  if (entries.length > limits.headersMax)
    reading.wrong(value, `must have at most ${limits.headersMax} entries`);
  return entries.flatMap(({ name, at, value: wanted }) => {
    if (!headerKey.test(name))
      reading.wrong(at, "a header's key is 1 to 128 of a-z 0-9 _ . - and begins with a letter, a digit or _");
    const text = textOf(wanted, reading);
    return text === undefined ? [] : [[name, text] as const];
  });
}
