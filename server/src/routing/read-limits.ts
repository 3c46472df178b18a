import { fieldsOf, shapeOf, type Value, wholeNumberOf } from "../lib/document.ts";
import { type Bounds, isBounded, type Rate, usualBurst } from "../model/gate.ts";
import type { OptionReading } from "./read-options.ts";

/** Reads the limits of a queue, within the bounds that PutLimit has. */
export function readLimits(value: Value, from: OptionReading): Bounds | undefined {
  const { limits, reading } = from;
  const fields = fieldsOf(value, ["concurrency", "rate"], reading);
  if (shapeOf(value) !== "map") return undefined;
  if (fields.concurrency === undefined && fields.rate === undefined)
    return reading.wrong(value, "must have concurrency or rate");
  const bounds = {
    concurrency: wholeNumberOf(fields.concurrency, { min: 0, max: limits.limitConcurrencyMax }, reading),
    rate: fields.rate && readRate(fields.rate, from),
  };
  return isBounded(bounds) ? bounds : undefined;
}

function readRate(value: Value, { limits, reading }: OptionReading): Rate | undefined {
  const fields = fieldsOf(value, ["count", "period_ms", "burst"], reading);
  if (shapeOf(value) !== "map") return undefined;
  for (const name of ["count", "period_ms"] as const)
    if (fields[name] === undefined) reading.wrong(value, `must have a ${name}`);
  const count = wholeNumberOf(fields.count, { min: 0, max: limits.rateCountMax }, reading);
  const periodMs = wholeNumberOf(fields.period_ms, { min: 1, max: limits.ratePeriodMsMax }, reading);
  const burst = wholeNumberOf(fields.burst, { min: 1, max: limits.rateBurstMax }, reading);
  if (count === undefined || periodMs === undefined) return undefined;
  return { count, periodMs, burst: burst ?? usualBurst(count, periodMs) };
}
