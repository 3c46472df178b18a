import type { Random } from "./clock.ts";

/** How waits between tries grow: `baseDelayMs` × `factor` ^ (try - 1), at most `maxDelayMs`. */
export type Backoff = {
  readonly baseDelayMs: number;
  readonly factor: number;
  readonly maxDelayMs: number;
};

/** The wait after the `tries`-th try failed (from 1), anything between zero and the computed delay, so that callers spread. */
export function fullJitterMs(backoff: Backoff, tries: number, random: Random): number {
  const grown = backoff.baseDelayMs * backoff.factor ** (tries - 1);
  return random() * Math.min(grown, backoff.maxDelayMs);
}
