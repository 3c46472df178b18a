import type { Failure, Logger } from "@stem/sdk";
import { duration, failureFromProto } from "@stem/sdk/internal";
import type { HeldLease } from "./lease.ts";
import type { Outcome } from "./settlement.ts";

/**
 * How long to wait after an attempt (its number, from 1) failed, in milliseconds; undefined: by the task's retry policy. Whether there is
 * another attempt is the server's to say.
 */
export type OwnBackoff = (attempt: number, failure: Failure) => number | undefined;

/** An outcome with the worker's own back-off, where it has one, the attempt failed and its handler did not say when itself. */
export function withBackoff(
  outcome: Outcome,
  lease: HeldLease,
  { backoff, log }: { readonly backoff: OwnBackoff | undefined; readonly log: Logger },
): Outcome {
  if (backoff === undefined || (outcome.case !== "failed" && outcome.case !== "retry")) return outcome;
  const { failure } = outcome.value;
  const isSaid = outcome.value.delay || (outcome.case === "retry" && outcome.value.notBeforeTime);
  if (isSaid || failure === undefined || failure.nonRetryable) return outcome;
  try {
    const delay = duration("the result of backoff", backoff(lease.grant.attempt, failureFromProto(failure)));
    if (delay) outcome.value.delay = delay;
  } catch (error) {
    log.error(
      { err: error, taskId: lease.grant.taskId },
      "the worker's back-off failed; the task's own holds",
    );
  }
  return outcome;
}
