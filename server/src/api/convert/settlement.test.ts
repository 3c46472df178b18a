import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { FailureSchema } from "@stem/proto/stem/v1/failure_pb";
import { LeaseLostReason, SettlementSchema, SettleOutcome } from "@stem/proto/stem/v1/lease_pb";
import { PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import { TaskState } from "@stem/proto/stem/v1/task_pb";
import { describe, expect, test } from "vitest";
import { limits } from "../../model/limits.ts";
import { createSettlementReader, outcomeOfProblem, settleVerdictToProto } from "./settlement.ts";

type Init = MessageInitShape<typeof SettlementSchema>["outcome"];

const readSettlement = createSettlementReader(limits);
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
