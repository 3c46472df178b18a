import type { SettleVerdict } from "../../broker/broker.ts";
import type { Limits } from "../../model/limits.ts";
import type { Clock } from "../../ports/clock.ts";

/** Counts tokens that this server did not make. Tokens of leases that are over are no forgeries. */
export interface Forgeries {
  /** Takes note of verdicts; true when there were too many forgeries of late. */
  areTooMany(verdicts: readonly SettleVerdict[]): boolean;
}

/** How many tokens among these were forgeries. */
export const forgedIn = (verdicts: readonly SettleVerdict[]): number => verdicts.filter(isForged).length;

const isForged = (verdict: SettleVerdict): boolean =>
  verdict.kind === "lost" && verdict.why === "token_invalid";

/** Makes the count of one stream. */
export function createForgeries(clock: Clock, limits: Limits): Forgeries {
  let times: number[] = [];
  return {
    areTooMany(verdicts) {
      const now = clock.now();
      for (const verdict of verdicts) if (isForged(verdict)) times.push(now);
      if (times.length === 0) return false;
      times = times.filter((at) => now - at < limits.forgedTokenWindowMs).slice(-limits.forgedTokensMax);
      return times.length >= limits.forgedTokensMax;
    },
  };
}
