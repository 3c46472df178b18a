import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { FailureSchema } from "@stem/proto/stem/v1/failure_pb";
import {
  LeaseLostReason,
  type Settlement,
  SettlementSchema,
  SettleOutcome,
} from "@stem/proto/stem/v1/lease_pb";
import { PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { describe, expect, test } from "vitest";
import { defaultNamespace, instantOf } from "../../model/ids.ts";
import { defaults, limits } from "../../model/limits.ts";
import { createSettlementReader, outcomeOfProblem, settleVerdictToProto } from "./settlement.ts";

type Init = MessageInitShape<typeof SettlementSchema>["outcome"];

const reader = createSettlementReader(limits, defaults, () => instantOf(0));
const readSettlement = (settlement: Settlement) => reader(settlement, defaultNamespace);
const read = (outcome: Init) => readSettlement(create(SettlementSchema, { outcome: outcome as never }));
const encodedFailure = (message: string) => toBinary(FailureSchema, create(FailureSchema, { message }));

describe("how an attempt ended", () => {
  test("with a result, which is kept encoded", () => {
    const result = create(PayloadSchema, {
      data: { case: "json", value: '{"ok":true}' },
      contentType: "x",
      encoding: { a: "1", b: "2" },
    });
    expect(read({ case: "succeeded", value: { result } })).toEqual({
      kind: "succeeded",
      result: toBinary(PayloadSchema, result),
    });
  });

  test("with nothing, or with an empty result", () => {
    expect(read({ case: "succeeded", value: {} })).toEqual({ kind: "succeeded", result: undefined });
    expect(read({ case: "succeeded", value: { result: {} } })).toEqual({
      kind: "succeeded",
      result: new Uint8Array(0),
    });
  });

  test("with a failure, for good or not", () => {
    expect(read({ case: "failed", value: { failure: { message: "no" } } })).toEqual({
      kind: "failed",
      failure: encodedFailure("no"),
      nonRetryable: false,
      types: [],
    });
    expect(read({ case: "failed", value: { failure: { nonRetryable: true } } })).toMatchObject({
      kind: "failed",
      nonRetryable: true,
    });
    expect(read({ case: "failed", value: {} })).toMatchObject({ kind: "failed", nonRetryable: false });
  });

  test("with a wish for another attempt", () => {
    expect(read({ case: "retry", value: {} })).toEqual({
      kind: "retry",
      delayMs: undefined,
      failure: undefined,
    });
    expect(
      read({ case: "retry", value: { delay: { seconds: 1n, nanos: 1 }, failure: { message: "later" } } }),
    ).toEqual({
      kind: "retry",
      delayMs: 1001,
      failure: encodedFailure("later"),
    });
  });

  test("with the failure's type and what that descends from, and with the worker's own delay", () => {
    const failure = { type: "NotFound", ancestors: ["HttpError", "", "Error"] };
    const delay = { seconds: 0n, nanos: 1 };
    expect(read({ case: "failed", value: { failure, delay } })).toMatchObject({
      types: ["NotFound", "HttpError", "Error"],
      delayMs: 1,
    });
  });

  test("with a wish for another attempt at an instant, and with what changes from there on", () => {
    const notBeforeTime = { seconds: 1_800_000_000n, nanos: 0 };
    const overrides = { maxAttempts: 9, timeLimit: { seconds: 2n }, retry: { delays: [{ seconds: 1n }] } };
    expect(read({ case: "retry", value: { notBeforeTime, overrides } })).toMatchObject({
      notBefore: 1_800_000_000_000,
      overrides: { maxAttempts: 9, timeLimitMs: 2000, retry: { delaysMs: [1000], jitter: "none" } },
    });
  });

  test("with what it leaves for the next attempt, where there may be one", () => {
    const checkpoint = create(PayloadSchema, { data: { case: "json", value: "[3]" } });
    const left = toBinary(PayloadSchema, checkpoint);
    const readWith = (outcome: Init) =>
      readSettlement(create(SettlementSchema, { outcome: outcome as never, checkpoint }));
    expect(readWith({ case: "failed", value: {} })).toMatchObject({ kind: "failed", checkpoint: left });
    expect(readWith({ case: "retry", value: {} })).toMatchObject({ kind: "retry", checkpoint: left });
    expect(readWith({ case: "released", value: {} })).toEqual({ kind: "released", checkpoint: left });
    expect(readWith({ case: "succeeded", value: {} })).not.toHaveProperty("checkpoint");
  });

  test("given back, refused or unknown", () => {
    expect(read({ case: "released", value: {} })).toEqual({ kind: "released" });
    expect(read({ case: "unknownName", value: {} })).toEqual({ kind: "unknown_name" });
    const rejected = read({ case: "rejected", value: { reason: "r".repeat(20_000) } });
    if (!("kind" in rejected) || rejected.kind !== "rejected") throw new Error("not rejected");
    const failure = fromBinary(FailureSchema, rejected.failure);
    expect(failure.message).toHaveLength(16 * 1024);
    expect(failure.truncated).toBe(true);
  });
});

describe("what is wrong with a settlement", () => {
  test("its overrides, its delay or its instant", () => {
    const overrides = { maxAttempts: 0, timeLimit: { seconds: 90_000n }, retry: { retryFor: [""] } };
    expect(read({ case: "retry", value: { overrides } })).toMatchObject({
      violations: [
        { field: "retry.overrides.retry.retry_for[0]" },
        { field: "retry.overrides.max_attempts" },
        { field: "retry.overrides.time_limit" },
      ],
    });
    expect(read({ case: "failed", value: { delay: { seconds: -1n } } })).toMatchObject({
      violations: [{ field: "failed.delay", description: "must not be negative" }],
    });
    expect(read({ case: "retry", value: { notBeforeTime: { nanos: -1 } } })).toMatchObject({
      violations: [{ field: "retry.not_before_time" }],
    });
  });

  test("what it leaves is larger than may be", () => {
    const checkpoint = create(PayloadSchema, {
      data: { case: "binary", value: new Uint8Array(limits.checkpointBytesMax + 1) },
    });
    expect(
      readSettlement(create(SettlementSchema, { outcome: { case: "released", value: {} }, checkpoint })),
    ).toMatchObject({ reason: "PAYLOAD_TOO_LARGE", field: "checkpoint.binary" });
  });

  test("it says nothing", () => {
    expect(read({ case: undefined })).toMatchObject({
      reason: "FIELD_INVALID",
      violations: [{ field: "outcome" }],
    });
  });

  test.each([
    { seconds: -1n, nanos: 0 },
    { seconds: 0n, nanos: -1 },
    { seconds: 0n, nanos: -1_000_000 },
    { seconds: 1n, nanos: 1_000_000_000 },
    { seconds: 400_000_000_000n, nanos: 0 },
  ])("it asks for a delay of %o", (delay) => {
    expect(read({ case: "retry", value: { delay } })).toMatchObject({
      violations: [{ field: "retry.delay" }],
    });
  });

  test("a delay of more than ten years is none of that: it is capped", () => {
    expect(read({ case: "retry", value: { delay: { seconds: 315_360_001n } } })).toMatchObject({
      delayMs: limits.delayMsMax,
    });
  });

  test("its result is not the JSON that it says it is", () => {
    expect(
      read({ case: "succeeded", value: { result: { data: { case: "json", value: "{" } } } }),
    ).toMatchObject({
      violations: [{ field: "succeeded.result.json" }],
    });
  });
});

test("a result that is too large is a failure for good, and says so", () => {
  const value = new Uint8Array(limits.resultBytesMax + 1);
  const problem = read({ case: "succeeded", value: { result: { data: { case: "binary", value } } } });
  expect(problem).toEqual({
    reason: "RESULT_TOO_LARGE",
    field: "succeeded.result.binary",
    bytes: limits.resultBytesMax + 1,
    bytesMax: limits.resultBytesMax,
  });
  if (!("reason" in problem)) throw new Error("taken");
  expect(outcomeOfProblem(problem, limits)).toMatchObject({ kind: "result_too_large" });
  expect(outcomeOfProblem({ reason: "STORE_FULL" }, limits)).toBeUndefined();
});

test("verdicts are told with the task's state, and a lost lease with its reason", () => {
  expect(settleVerdictToProto({ kind: "accepted", state: "succeeded" })).toMatchObject({
    outcome: SettleOutcome.ACCEPTED,
    state: TaskState.SUCCEEDED,
    lostReason: LeaseLostReason.UNSPECIFIED,
  });
  expect(settleVerdictToProto({ kind: "duplicate", state: "failed" })).toMatchObject({
    outcome: SettleOutcome.DUPLICATE,
    state: TaskState.FAILED,
  });
  expect(settleVerdictToProto({ kind: "lost", state: undefined, why: "task_unknown" })).toMatchObject({
    outcome: SettleOutcome.LEASE_LOST,
    state: TaskState.UNSPECIFIED,
    lostReason: LeaseLostReason.TASK_UNKNOWN,
  });
});
