/** Settlements on their way in, and what became of them on the way back. */

import { create } from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import {
  type Failed,
  type Retry,
  type Settlement,
  SettleOutcome,
  SettleVerdictSchema,
  type SettleVerdict as WireVerdict,
} from "@stem/proto/stem/v1/lease_pb";
import type { SaidOutcome, SettleVerdict } from "../../broker/broker.ts";
import type { Instant, Namespace } from "../../model/ids.ts";
import type { Defaults, Limits } from "../../model/limits.ts";
import type { FieldViolation, Problem } from "../../model/problem.ts";
import { createGrowthReader, type GrowthReader } from "./canvas-growth.ts";
import { invalid, isProblem } from "./checked.ts";
import { readCheckpoint } from "./checkpoint.ts";
import { encodeFailure, rejectedFailure, resultTooLargeFailure, typesOf } from "./failure.ts";
import { lostReasonToProto } from "./lease-verdict.ts";
import { overridesViolations, policyOverrides } from "./retry-policy.ts";
import { createSuccessReader } from "./success.ts";
import { taskStateToProto } from "./task-state.ts";
import { durationFault, durationMs, timestampFault, timestampInstant } from "./time-fields.ts";

/** Answers how an attempt ended, or what is wrong with the settlement, its paths beginning there. */
export type SettlementReader = (settlement: Settlement, namespace: Namespace) => SaidOutcome | Problem;

const released: SaidOutcome = { kind: "released" };
const unstarted: SaidOutcome = { kind: "released", unstarted: true };
const unknownName: SaidOutcome = { kind: "unknown_name" };

/** Makes a reader of settlements; one for a server, because it reuses a buffer. */
export function createSettlementReader(
  limits: Limits,
  defaults: Defaults,
  now: () => Instant,
): SettlementReader {
  const readOutcome = createOutcomeReader(limits, defaults, createGrowthReader(limits, defaults, now));
  return ({ outcome, checkpoint }, namespace) => {
    const read = readOutcome(outcome, namespace);
    if (checkpoint === undefined || isProblem(read)) return read;
    const left = readCheckpoint(checkpoint, "checkpoint", limits);
    if (isProblem(left)) return left;
    // Where a task has ended for good, nobody is left to find it.
    return read.kind === "failed" || read.kind === "retry" || read.kind === "released"
      ? { ...read, checkpoint: left }
      : read;
  };
}

function createOutcomeReader(
  limits: Limits,
  defaults: Defaults,
  growth: GrowthReader,
): (outcome: Settlement["outcome"], namespace: Namespace) => SaidOutcome | Problem {
  const readSucceeded = createSuccessReader(limits, growth);
  return (outcome, namespace) => {
    switch (outcome.case) {
      case "succeeded":
        return readSucceeded(outcome.value, namespace);
      case "replaced": {
        const wish = growth.replacement(outcome.value.node, namespace);
        return isProblem(wish) ? wish : { kind: "replaced", wish };
      }
      case "failed":
        return readFailed(outcome.value, limits);
      case "retry":
        return readRetry(outcome.value, limits, defaults);
      case "released":
        return outcome.value.notStarted ? unstarted : released;
      case "rejected":
        return { kind: "rejected", failure: rejectedFailure(outcome.value.reason, limits) };
      case "unknownName":
        return unknownName;
      case undefined:
        return invalid("outcome", "must say how the attempt ended");
    }
  };
}

/** The outcome that a problem with a settlement is in itself: a task whose result is too large has failed, for good. */
export function outcomeOfProblem(problem: Problem, limits: Limits): SaidOutcome | undefined {
  if (problem.reason !== "RESULT_TOO_LARGE") return undefined;
  const { bytes, bytesMax } = problem;
  return { kind: "result_too_large", failure: resultTooLargeFailure(bytes, bytesMax, limits) };
}

/** What became of a settlement, for the wire. */
export function settleVerdictToProto(verdict: SettleVerdict): WireVerdict {
  const state = taskStateToProto(verdict.state);
  if (verdict.kind === "accepted")
    return create(SettleVerdictSchema, { outcome: SettleOutcome.ACCEPTED, state });
  if (verdict.kind === "duplicate")
    return create(SettleVerdictSchema, { outcome: SettleOutcome.DUPLICATE, state });
  const lostReason = lostReasonToProto(verdict.why);
  return create(SettleVerdictSchema, { outcome: SettleOutcome.LEASE_LOST, state, lostReason });
}

function readFailed({ failure, delay }: Failed, limits: Limits): SaidOutcome | Problem {
  const fault = delayFault(delay);
  if (fault) return invalid("failed.delay", fault);
  return {
    kind: "failed",
    failure: encodeFailure(failure, limits),
    nonRetryable: failure?.nonRetryable ?? false,
    ...(failure && { types: typesOf(failure, limits) }),
    ...(delay && { delayMs: Math.min(durationMs(delay), limits.delayMsMax) }),
  };
}

function readRetry(retry: Retry, limits: Limits, defaults: Defaults): SaidOutcome | Problem {
  const { delay, notBeforeTime, failure, overrides } = retry;
  const fault = delayFault(delay);
  if (fault) return invalid("retry.delay", fault);
  const timeFault = notBeforeTime && timestampFault(notBeforeTime);
  if (timeFault) return invalid("retry.not_before_time", timeFault);
  const violations: FieldViolation[] = [];
  if (overrides) overridesViolations("retry.overrides", overrides, limits, violations);
  if (violations.length > 0) return { reason: "FIELD_INVALID", violations };
  return {
    kind: "retry",
    delayMs: delay && Math.min(durationMs(delay), limits.delayMsMax),
    failure: failure && encodeFailure(failure, limits),
    ...(notBeforeTime && { notBefore: timestampInstant(notBeforeTime) }),
    ...(overrides && { overrides: policyOverrides(overrides, defaults) }),
  };
}

const delayFault = (delay: Duration | undefined): string | undefined =>
  delay && (durationFault(delay) ?? signFault(delay));

// Asked of the parts, because less than a millisecond below zero rounds to zero.
const signFault = ({ seconds, nanos }: Duration): string | undefined =>
  seconds < 0n || nanos < 0 ? "must not be negative" : undefined;
