import { toBinary } from "@bufbuild/protobuf";
import { type CanvasNode, CanvasNodeSchema } from "@stem/proto/stem/v1/canvas_pb";
import type { Failure } from "@stem/proto/stem/v1/failure_pb";
import type { Settlement } from "@stem/proto/stem/v1/lease_pb";
import type { Payload } from "@stem/proto/stem/v1/payload_pb";
import type { RetryOverrides as ProtoOverrides } from "@stem/proto/stem/v1/retry_pb";
import { duration, failureOf, payloadBytesAtMost, retryPolicy, timestamp } from "@stem/sdk/internal";
import {
  LeaseLost,
  RejectError,
  RetryError,
  type RetryOverrides,
  type StopError,
  TaskCancelled,
  TimeLimitExceeded,
} from "./errors.ts";

/** How an attempt ended, in the words of the wire. */
export type Outcome = Settlement["outcome"];

/** The handler returned. */
export const succeeded = (
  result: Payload | undefined,
  newMembers: readonly CanvasNode[] = noMembers,
): Outcome => ({
  case: "succeeded",
  value: { $typeName: "stem.v1.Succeeded", result, newMembers: newMembers as CanvasNode[] },
});

// One for all: nobody changes it.
const noMembers: readonly CanvasNode[] = [];

/** The handler put others in its task's place. */
export const replaced = (node: CanvasNode): Outcome => ({
  case: "replaced",
  value: { $typeName: "stem.v1.Replaced", node },
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

/** Given back before its handler began. */
export const unstarted: Outcome = {
  case: "released",
  value: { $typeName: "stem.v1.Released", notStarted: true },
};

/** Given back unfinished. */
export const released: Outcome = {
  case: "released",
  value: { $typeName: "stem.v1.Released", notStarted: false },
};

/** No handler of that name here. */
export const unknownName: Outcome = { case: "unknownName", value: { $typeName: "stem.v1.UnknownName" } };

const rejectReasonCharsMax = 4096;

const rejected = (reason: string): Outcome => ({
  case: "rejected",
  value: { $typeName: "stem.v1.Rejected", reason: reason.slice(0, rejectReasonCharsMax) },
});

/** What it asks for may be no time and no number: then that is the failure. */
function retry(error: RetryError): Outcome {
  try {
    return {
      case: "retry",
      value: {
        $typeName: "stem.v1.Retry",
        delay: duration("delayMs", error.delayMs),
        notBeforeTime: timestamp("notBefore", error.notBefore),
        failure: failureOf(error),
        overrides: error.overrides && overridesOf(error.overrides),
      },
    };
  } catch (wrong) {
    return failed(wrong);
  }
}

function overridesOf({ retry: policy, maxAttempts, ...limits }: RetryOverrides): ProtoOverrides {
  const timeLimit = duration("overrides.timeLimitMs", limits.timeLimitMs);
  const softTimeLimit = duration("overrides.softTimeLimitMs", limits.softTimeLimitMs);
  return {
    $typeName: "stem.v1.RetryOverrides",
    ...(policy && { retry: retryPolicy(policy) }),
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(timeLimit && { timeLimit }),
    ...(softTimeLimit && { softTimeLimit }),
  };
}

// Token, tags and framing stay far below this.
const envelopeBytes = 1024;

/** An upper bound of a settlement's size on the wire. */
export function outcomeBytesAtMost(outcome: Outcome): number {
  switch (outcome.case) {
    case "succeeded":
      return envelopeBytes + payloadBytesAtMost(outcome.value.result) + nodesBytes(outcome.value.newMembers);
    case "replaced":
      return envelopeBytes + nodesBytes(outcome.value.node ? [outcome.value.node] : []);
    case "failed":
      return envelopeBytes + failureBytes(outcome.value.failure);
    case "retry":
      return envelopeBytes + failureBytes(outcome.value.failure) + overridesBytes(outcome.value.overrides);
    case "rejected":
      return envelopeBytes + textBytes(outcome.value.reason);
    default:
      return envelopeBytes;
  }
}

const nodesBytes = (nodes: readonly CanvasNode[]): number =>
  nodes.reduce((bytes, node) => bytes + toBinary(CanvasNodeSchema, node).length + lengthBytes, 0);
const textBytes = (text = ""): number => text.length * 3;
const lengthBytes = 8;
const listBytes = (texts: readonly string[]): number =>
  texts.reduce((bytes, text) => bytes + textBytes(text) + lengthBytes, 0);

const failureBytes = (failure: Failure | undefined): number =>
  failure === undefined
    ? 0
    : textBytes(failure.type) +
      textBytes(failure.message) +
      textBytes(failure.stack) +
      listBytes(failure.ancestors);

const delayBytes = 24;

function overridesBytes(overrides: ProtoOverrides | undefined): number {
  if (overrides?.retry === undefined) return 0;
  const { delays, retryFor, neverFor } = overrides.retry;
  return delays.length * delayBytes + listBytes(retryFor) + listBytes(neverFor);
}

/** Whether there may be another attempt after this outcome. */
export const leavesWork = ({ case: kind }: Outcome): boolean =>
  kind === "failed" || kind === "retry" || kind === "released";

/** What is said of an attempt whose handler ended with `outcome`, given why it was told to stop; undefined: nothing. */
export function lastWord(stop: StopError | undefined, outcome: Outcome): Outcome | undefined {
  if (stop instanceof TimeLimitExceeded) return failed(stop);
  // What a cancelled handler settles decides; the server turns its failure into "cancelled".
  if (stop === undefined || stop instanceof TaskCancelled) return outcome;
  if (stop instanceof LeaseLost && stop.confirmed) return undefined;
  // It was stopped for our own sake: its failure says nothing of the task. What it did achieve counts if the fence still holds.
  return outcome.case === "failed" ? released : outcome;
}
