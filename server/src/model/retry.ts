import type { Defaults } from "./limits.ts";

/** Whether a task has another attempt, and how long it waits for it. Tasks share policies: treat as a value. */
export type RetryPolicy = {
  readonly baseMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly jitter: "full" | "none";
  /** In place of a growing wait, one for each attempt; the last one for all that follow. Not empty. */
  readonly delaysMs?: readonly number[] | undefined;
  /** Only failures of these types have another attempt; patterns as isOfType takes them. Not empty. */
  readonly retryFor?: readonly string[] | undefined;
  /** Failures of these types have none, whatever `retryFor` says. Not empty. */
  readonly neverFor?: readonly string[] | undefined;
};

/** What a task gets that names no policy. */
export const usualRetryPolicy = (defaults: Defaults): RetryPolicy => ({
  baseMs: defaults.retryBaseMs,
  factor: defaults.retryFactor,
  maxMs: defaults.retryMaxMs,
  jitter: "full",
});

/**
 * The wait in milliseconds after attempt `attempt` (from 1) failed. `chance` is a number in [0, 1); full jitter spreads the wait
 * evenly over [0, computed], so that tasks that failed together do not come back together.
 */
export function retryDelayMs(policy: RetryPolicy, attempt: number, chance: number): number {
  const computed = listedMs(policy, attempt) ?? grownMs(policy, attempt);
  return Math.round(policy.jitter === "full" ? computed * chance : computed);
}

function grownMs({ baseMs, factor, maxMs }: RetryPolicy, attempt: number): number {
  const grown = baseMs * factor ** (attempt - 1);
  return Math.min(maxMs, Number.isFinite(grown) ? grown : maxMs);
}

const listedMs = ({ delaysMs }: RetryPolicy, attempt: number): number | undefined =>
  delaysMs?.[Math.min(attempt, delaysMs.length) - 1];

/** Whether a failure of these types, its own first and then what that descends from, may have another attempt. */
export function isRetried({ retryFor, neverFor }: RetryPolicy, types: readonly string[]): boolean {
  if (neverFor?.some((pattern) => isOfType(types, pattern))) return false;
  return retryFor === undefined || retryFor.some((pattern) => isOfType(types, pattern));
}

/**
 * Whether one of these types is meant: by its name; by "http.*", which means "http" and all below it; or by "Http*", which means all
 * that begins so. A language without classes says what its types descend from by such names.
 */
export function isOfType(types: readonly string[], pattern: string): boolean {
  if (!pattern.endsWith("*")) return types.includes(pattern);
  const prefix = pattern.slice(0, -1);
  const family = prefix.endsWith(".") ? prefix.slice(0, -1) : undefined;
  return types.some((type) => type.startsWith(prefix) || type === family);
}
