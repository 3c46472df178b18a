import { defaults } from "./limits.ts";

/** How long a task waits before its next attempt. */
export type RetryPolicy = {
  readonly baseMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly jitter: "full" | "none";
};

/** What a task gets that names no policy. */
export const defaultRetryPolicy: RetryPolicy = {
  baseMs: defaults.retryBaseMs,
  factor: defaults.retryFactor,
  maxMs: defaults.retryMaxMs,
  jitter: "full",
};

/**
 * The wait in milliseconds after attempt `attempt` (from 1) failed. `chance` is a number in [0, 1); full jitter spreads the wait
 * evenly over [0, computed], so that tasks that failed together do not come back together.
 */
export function retryDelayMs(policy: RetryPolicy, attempt: number, chance: number): number {
  const grown = policy.baseMs * policy.factor ** (attempt - 1);
  const computed = Math.min(policy.maxMs, Number.isFinite(grown) ? grown : policy.maxMs);
  return Math.round(policy.jitter === "full" ? computed * chance : computed);
}
