import type { AttemptRecord } from "../../model/attempt.ts";
import type { Bytes, Instant } from "../../model/ids.ts";
import { attemptOutcomes } from "./codes.ts";

/** The columns of an attempt that ended badly, from attempts a. */
export const attemptColumns = "a.attempt, a.outcome, a.started_at, a.ended_at, a.worker, a.failure";

/** One row of attemptColumns. */
export type AttemptRow = readonly [
  attempt: number,
  outcome: number,
  startedAt: Instant | null,
  endedAt: Instant,
  worker: string | null,
  failure: Bytes | null,
];

/** The attempt that a row means. */
export const attemptOf = ([
  attempt,
  outcome,
  startedAt,
  endedAt,
  worker,
  failure,
]: AttemptRow): AttemptRecord => ({
  attempt,
  outcome: attemptOutcomes.word(outcome),
  startedAt: startedAt ?? undefined,
  endedAt,
  worker: worker ?? undefined,
  failure: failure ?? undefined,
});
