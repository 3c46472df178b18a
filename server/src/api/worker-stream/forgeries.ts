import type { OutputVerdict, SettleVerdict } from "../../broker/broker.ts";
import { fieldInvalid } from "../../model/problem.ts";
import type { StreamParts } from "./stream-parts.ts";

/** Counts the tokens of one stream that this server did not make. Tokens of leases that are over are no forgeries. */
export interface Forgeries {
  /** Takes note of so many that came in a field, and ends the stream when there were too many of late. */
  note(field: string, count: number): void;
}

/** What counting forgeries needs. */
export type ForgeriesDeps = Pick<StreamParts, "outbox" | "clock" | "limits" | "log"> & {
  /** Who it is, for the log. */
  readonly facts: object;
};

/** How many tokens among these were forgeries. */
export const forgedIn = (verdicts: readonly (SettleVerdict | OutputVerdict)[]): number =>
  verdicts.filter(isForged).length;

const isForged = (verdict: SettleVerdict | OutputVerdict): boolean =>
  verdict.kind === "lost" && verdict.why === "token_invalid";

/** Makes the count of one stream. */
export function createForgeries({ outbox, clock, limits, log, facts }: ForgeriesDeps): Forgeries {
  const { forgedTokensMax, forgedTokenWindowMs } = limits;
  let times: number[] = [];
  return {
    note(field, count) {
      if (count === 0) return;
      // No more than a few lines a stream: it is closed when there are more.
      log.warn(
        { ...facts, field, forged: count },
        "a worker sent lease tokens that this server did not make",
      );
      const now = clock.now();
      const fresh = new Array<number>(Math.min(count, forgedTokensMax)).fill(now);
      times = [...times, ...fresh].filter((at) => now - at < forgedTokenWindowMs);
      if (times.length < forgedTokensMax) return;
      log.warn(facts, "a worker sent too many such tokens; its stream is closed");
      const description = `must hold tokens of this server; ${forgedTokensMax} within ${forgedTokenWindowMs} ms were not`;
      outbox.end(fieldInvalid(field, description));
    },
  };
}
