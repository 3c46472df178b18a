import { create } from "@bufbuild/protobuf";
import { anyPack, durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { StatusSchema } from "@stem/proto/google/rpc/status_pb";
import { ErrorReason } from "@stem/proto/stem/v1/error_reason_pb";
import { expect, test } from "vitest";
import { isTransient, StemProblem } from "./problem.ts";
import { problemFrom, problemFromStatus } from "./problem-from.ts";

const infoOf = (reason: string, metadata: Record<string, string> = {}) =>
  create(ErrorInfoSchema, { reason, domain: "stem.v1", metadata });

function refusal(code: Code, reason: string, metadata?: Record<string, string>): StemProblem {
  const value = infoOf(reason, metadata);
  return problemFrom(new ConnectError("no", code, undefined, [{ desc: ErrorInfoSchema, value }]));
}

test("a server's refusal becomes its reason and its facts", () => {
  const problem = refusal(Code.AlreadyExists, "TASK_EXISTS", { task_id: "t1" });
  expect(problem).toBeInstanceOf(StemProblem);
  expect(problem).toMatchObject({
    reason: "TASK_EXISTS",
    code: "ALREADY_EXISTS",
    metadata: { task_id: "t1" },
    outcome: "not_accepted",
    message: "TASK_EXISTS: no",
  });
  expect(isTransient(problem)).toBe(false);
});

test("every reason of the protos is known", () => {
  for (const reason of Object.keys(ErrorReason).filter((name) => name !== "UNSPECIFIED"))
    expect(refusal(Code.FailedPrecondition, reason).reason).toBe(reason);
});

test("a status inside an answer carries the same details", () => {
  const status = create(StatusSchema, {
    code: 3,
    message: "bad",
    details: [
      anyPack(ErrorInfoSchema, infoOf("FIELD_INVALID")),
      anyPack(
        BadRequestSchema,
        create(BadRequestSchema, { fieldViolations: [{ field: "a.b", description: "wrong" }] }),
      ),
      anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay: durationFromMs(1500) })),
    ],
  });
  expect(problemFromStatus(status)).toMatchObject({
    reason: "FIELD_INVALID",
    code: "INVALID_ARGUMENT",
    violations: [{ field: "a.b", description: "wrong" }],
    retryAfterMs: 1500,
  });
});

test("a bare status falls back to its code, and its outcome is unknown", () => {
  const problem = problemFrom(new ConnectError("connection refused", Code.Unavailable));
  expect(problem).toMatchObject({ reason: "RPC_UNAVAILABLE", code: "UNAVAILABLE", outcome: "unknown" });
  expect(isTransient(problem)).toBe(true);
});

test("another domain's ErrorInfo says nothing of us", () => {
  const value = create(ErrorInfoSchema, { reason: "TASK_EXISTS", domain: "proxy.example" });
  const problem = problemFrom(
    new ConnectError("no", Code.Aborted, undefined, [{ desc: ErrorInfoSchema, value }]),
  );
  expect(problem).toMatchObject({ reason: "RPC_ABORTED", outcome: "unknown", metadata: {} });
});

test("a reason of a newer server falls back to the code, but still means that nothing was stored", () => {
  expect(refusal(Code.FailedPrecondition, "MOON_IS_FULL")).toMatchObject({
    reason: "RPC_FAILED_PRECONDITION",
    outcome: "not_accepted",
  });
});

test.each([
  [Code.Unavailable, "STORE_UNAVAILABLE", "unknown", true],
  [Code.DeadlineExceeded, "DEADLINE_EXCEEDED", "unknown", true],
  [Code.Unavailable, "DRAINING", "not_accepted", true],
  [Code.ResourceExhausted, "STORE_FULL", "not_accepted", false],
  [Code.ResourceExhausted, "PAYLOAD_TOO_LARGE", "not_accepted", false],
] as const)("code %s with %s: %s, worth repeating: %s", (code, reason, outcome, transient) => {
  const problem = refusal(code, reason);
  expect(problem.outcome).toBe(outcome);
  expect(isTransient(problem)).toBe(transient);
});

test("anything else that is thrown is unknown, and keeps its cause", () => {
  const cause = new TypeError("fell over");
  expect(problemFrom(cause)).toMatchObject({ reason: "RPC_UNKNOWN", outcome: "unknown", cause });
  const problem = refusal(Code.NotFound, "TASK_UNKNOWN");
  expect(problemFrom(problem)).toBe(problem);
});
