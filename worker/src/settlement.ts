import type { Settlement } from "@stem/proto/stem/v1/lease_pb";
import type { Payload } from "@stem/proto/stem/v1/payload_pb";
import { duration, payloadBytesAtMost } from "@stem/sdk/internal";
import {
  LeaseLost,
  RejectError,
  RetryError,
  type StopError,
  TaskCancelled,
  TimeLimitExceeded,
} from "./errors.ts";
import { failureOf } from "./failure.ts";

/** How an attempt ended, in the words of the wire. */
export type Outcome = Settlement["outcome"];

/** The handler returned. */
export const succeeded = (result: Payload | undefined): Outcome => ({
  case: "succeeded",
  value: { $typeName: "stem.v1.Succeeded", result },
});

/** The handler threw; what it threw may say more than that it failed. */
export function thrown(error: unknown): Outcome {
  if (error instanceof RetryError) return retry(error);
  if (error instanceof RejectError) return rejected(error.message);
  return failed(error);
}

/** The attempt failed. */
export const failed = (error: unknown, nonRetryable?: boolean): Outcome => ({
  case: "failed",
  value: { $typeName: "stem.v1.Failed", failure: failureOf(error, nonRetryable) },
});

/** Given back unfinished. */
export const released: Outcome = { case: "released", value: { $typeName: "stem.v1.Released" } };

/** No handler of that name here. */
export const unknownName: Outcome = { case: "unknownName", value: { $typeName: "stem.v1.UnknownName" } };

const rejectReasonCharsMax = 4096;

const rejected = (reason: string): Outcome => ({
  case: "rejected",
  value: { $typeName: "stem.v1.Rejected", reason: reason.slice(0, rejectReasonCharsMax) },
});

const retry = (error: RetryError): Outcome => ({
  case: "retry",
  value: { $typeName: "stem.v1.Retry", delay: duration("delayMs", error.delayMs), failure: failureOf(error) },
});

// Token, tags and framing stay far below this.
const envelopeBytes = 1024;

/** An upper bound of a settlement's size on the wire. */
export function outcomeBytesAtMost(outcome: Outcome): number {
  switch (outcome.case) {
    case "succeeded":
      return envelopeBytes + payloadBytesAtMost(outcome.value.result);
    case "failed":
    case "retry":
      return (
        envelopeBytes + textBytes(outcome.value.failure?.message) + textBytes(outcome.value.failure?.stack)
      );
    case "rejected":
      return envelopeBytes + textBytes(outcome.value.reason);
    default:
      return envelopeBytes;
  }
}

const textBytes = (text = ""): number => text.length * 3;

/** What is said of an attempt whose handler ended with `outcome`, given why it was told to stop; undefined: nothing. */
export function lastWord(stop: StopError | undefined, outcome: Outcome): Outcome | undefined {
  if (stop instanceof TimeLimitExceeded) return failed(stop);
  // What a cancelled handler settles decides; the server turns its failure into "cancelled".
  if (stop === undefined || stop instanceof TaskCancelled) return outcome;
  if (stop instanceof LeaseLost && stop.confirmed) return undefined;
  // It was stopped for our own sake: its failure says nothing of the task. What it did achieve counts if the fence still holds.
  return outcome.case === "failed" ? released : outcome;
}
