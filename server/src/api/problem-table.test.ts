import { create } from "@bufbuild/protobuf";
import { anyIs, anyUnpackTo } from "@bufbuild/protobuf/wkt";
import { Code } from "@stem/proto/google/rpc/code_pb";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  QuotaFailureSchema,
  ResourceInfoSchema,
  RetryInfoSchema,
} from "@stem/proto/google/rpc/error_details_pb";
import type { Status } from "@stem/proto/google/rpc/status_pb";
import { ErrorReason } from "@stem/proto/stem/v1/error_reason_pb";
import { expect, test } from "vitest";
import type { Problem } from "../model/problem.ts";
import { problemToStatus, reasons } from "./problem-table.ts";

const violations = [{ field: "tasks[3].name", description: "must not be empty" }];

/** One of each, with its code and the details besides ErrorInfo. */
const examples: readonly (readonly [Problem, Code, readonly { readonly typeName: string }[]])[] = [
  [{ reason: "FIELD_INVALID", violations }, Code.INVALID_ARGUMENT, [BadRequestSchema]],
  [{ reason: "FIELD_OUT_OF_RANGE", violations }, Code.OUT_OF_RANGE, [BadRequestSchema]],
  [
    { reason: "PAYLOAD_TOO_LARGE", field: "args", bytes: 5, bytesMax: 4 },
    Code.RESOURCE_EXHAUSTED,
    [BadRequestSchema],
  ],
  [
    { reason: "RESULT_TOO_LARGE", field: "result", bytes: 5, bytesMax: 4 },
    Code.RESOURCE_EXHAUSTED,
    [BadRequestSchema],
  ],
  [
    { reason: "BATCH_TOO_LARGE", field: "tasks", items: 5, itemsMax: 4 },
    Code.RESOURCE_EXHAUSTED,
    [BadRequestSchema],
  ],
  [{ reason: "TASK_UNKNOWN", taskId: "t" }, Code.NOT_FOUND, [ResourceInfoSchema]],
  [{ reason: "TASK_EXISTS", taskId: "t" }, Code.ALREADY_EXISTS, [ResourceInfoSchema]],
  [{ reason: "QUEUE_EVENT_EXISTS", queue: "q", eventId: "e" }, Code.ALREADY_EXISTS, [ResourceInfoSchema]],
  [
    { reason: "TASK_NOT_ENDED", taskId: "t", state: "leased" },
    Code.FAILED_PRECONDITION,
    [PreconditionFailureSchema],
  ],
  [{ reason: "QUEUE_UNKNOWN", queue: "q" }, Code.NOT_FOUND, [ResourceInfoSchema]],
  [{ reason: "WORKER_UNKNOWN", worker: "w" }, Code.NOT_FOUND, [ResourceInfoSchema]],
  [{ reason: "DEFINITION_UNKNOWN", name: "d" }, Code.NOT_FOUND, [ResourceInfoSchema]],
  [
    { reason: "DEFINITION_LIMIT_REACHED", name: "d", definitionsMax: 1 },
    Code.RESOURCE_EXHAUSTED,
    [QuotaFailureSchema],
  ],
  [
    { reason: "QUEUE_LIMIT_REACHED", queue: "q", queuesMax: 1 },
    Code.RESOURCE_EXHAUSTED,
    [QuotaFailureSchema],
  ],
  [{ reason: "QUEUE_EXISTS", queue: "q" }, Code.ALREADY_EXISTS, [ResourceInfoSchema]],
  [
    { reason: "QUEUE_CLOSED", queue: "q", state: "deleting" },
    Code.FAILED_PRECONDITION,
    [PreconditionFailureSchema],
  ],
  [
    { reason: "QUEUE_FULL", queue: "q", backlogMax: 1 },
    Code.RESOURCE_EXHAUSTED,
    [QuotaFailureSchema, RetryInfoSchema],
  ],
  [
    { reason: "QUEUE_IN_USE", queue: "q", backlog: 1, failed: 2, routes: ["routes[0]"] },
    Code.FAILED_PRECONDITION,
    [PreconditionFailureSchema],
  ],
  [{ reason: "NAMESPACE_EXISTS", namespace: "n" }, Code.ALREADY_EXISTS, [ResourceInfoSchema]],
  [
    { reason: "NAMESPACE_LIMIT_REACHED", namespace: "n", namespacesMax: 1 },
    Code.RESOURCE_EXHAUSTED,
    [QuotaFailureSchema],
  ],
  [
    { reason: "NAMESPACE_DISABLED", namespace: "n", state: "disabled" },
    Code.FAILED_PRECONDITION,
    [PreconditionFailureSchema],
  ],
  [
    { reason: "NAMESPACE_IN_USE", namespace: "n", backlogTasks: 1 },
    Code.FAILED_PRECONDITION,
    [PreconditionFailureSchema],
  ],
  [{ reason: "NAMESPACE_FIXED", namespace: "n" }, Code.FAILED_PRECONDITION, [PreconditionFailureSchema]],
  [
    { reason: "QUOTA_EXCEEDED", namespace: "n", quota: "backlog_tasks", max: 1 },
    Code.RESOURCE_EXHAUSTED,
    [QuotaFailureSchema, RetryInfoSchema],
  ],
  [{ reason: "LIMIT_UNKNOWN", limitKind: "key", subject: "k" }, Code.NOT_FOUND, [ResourceInfoSchema]],
  [{ reason: "LIMIT_COUNT_REACHED", limitsMax: 1 }, Code.RESOURCE_EXHAUSTED, [QuotaFailureSchema]],
  [
    { reason: "LIMIT_FIXED", namespace: "n", queue: "q" },
    Code.FAILED_PRECONDITION,
    [PreconditionFailureSchema],
  ],
  [{ reason: "NAMESPACE_UNKNOWN", namespace: "n" }, Code.NOT_FOUND, [ResourceInfoSchema]],
  [
    { reason: "PURGE_UNCONFIRMED", queue: "q", waiting: 3 },
    Code.FAILED_PRECONDITION,
    [PreconditionFailureSchema],
  ],
  [
    { reason: "LEASE_LOST", taskId: "t", lostReason: "superseded" },
    Code.FAILED_PRECONDITION,
    [PreconditionFailureSchema],
  ],
  [
    { reason: "FRAME_UNEXPECTED", frame: "credit", expected: "hello" },
    Code.FAILED_PRECONDITION,
    [PreconditionFailureSchema],
  ],
  [{ reason: "FRAME_OVERDUE", frame: "hello", waitedMs: 10 }, Code.DEADLINE_EXCEEDED, []],
  [
    { reason: "PROTOCOL_UNSUPPORTED", protocolMin: 1, protocolMax: 1 },
    Code.FAILED_PRECONDITION,
    [PreconditionFailureSchema],
  ],
  [
    { reason: "CONCURRENCY_LIMIT_REACHED", limit: "awaitStreamsMax", max: 1 },
    Code.RESOURCE_EXHAUSTED,
    [QuotaFailureSchema, RetryInfoSchema],
  ],
  [
    {
      reason: "RATE_LIMIT_REACHED",
      limit: "workerHandshakesPerSecondMax",
      max: 1,
      retryAfterMs: 1500,
    },
    Code.RESOURCE_EXHAUSTED,
    [QuotaFailureSchema, RetryInfoSchema],
  ],
  [{ reason: "STREAM_STALLED", stalledMs: 10 }, Code.RESOURCE_EXHAUSTED, []],
  [{ reason: "STORE_FULL" }, Code.RESOURCE_EXHAUSTED, [QuotaFailureSchema, RetryInfoSchema]],
  [{ reason: "STORE_UNAVAILABLE" }, Code.UNAVAILABLE, [RetryInfoSchema]],
  [{ reason: "DRAINING" }, Code.UNAVAILABLE, [RetryInfoSchema]],
  [{ reason: "DEADLINE_EXCEEDED", limitMs: 10 }, Code.DEADLINE_EXCEEDED, []],
  [{ reason: "REVISION_CONFLICT", taskId: "t", revision: 3 }, Code.ABORTED, [RetryInfoSchema]],
  [{ reason: "BROADCAST_UNKNOWN", broadcastId: "b" }, Code.NOT_FOUND, [ResourceInfoSchema]],
  [{ reason: "CHANNEL_UNKNOWN", channel: "c" }, Code.NOT_FOUND, [ResourceInfoSchema]],
  [
    { reason: "LISTENER_NAME_TAKEN", worker: "w" },
    Code.ALREADY_EXISTS,
    [ResourceInfoSchema, RetryInfoSchema],
  ],
  [{ reason: "ROUTING_FIXED", file: "routes.yaml" }, Code.FAILED_PRECONDITION, [PreconditionFailureSchema]],
  [
    { reason: "LOCK_HELD", key: "k", owner: "o", expiresInMs: 10 },
    Code.FAILED_PRECONDITION,
    [PreconditionFailureSchema, RetryInfoSchema],
  ],
  [{ reason: "UNIQUE_TAKEN", key: "k", holderTaskId: "t" }, Code.ALREADY_EXISTS, [ResourceInfoSchema]],
  [
    { reason: "LOCK_LOST", key: "k", lostReason: "it ended" },
    Code.FAILED_PRECONDITION,
    [PreconditionFailureSchema],
  ],
  [
    { reason: "TASK_NOT_WAITING", taskId: "t", state: "leased" },
    Code.FAILED_PRECONDITION,
    [PreconditionFailureSchema],
  ],
  [{ reason: "TASK_RUNNING", taskId: "t" }, Code.FAILED_PRECONDITION, [PreconditionFailureSchema]],
  [
    { reason: "TASK_NOT_FAILED", taskId: "t", state: "succeeded" },
    Code.FAILED_PRECONDITION,
    [PreconditionFailureSchema],
  ],
  [{ reason: "LINK_ARGS_NOT_JSON", field: "f" }, Code.FAILED_PRECONDITION, [PreconditionFailureSchema]],
  [{ reason: "SCHEDULE_UNKNOWN", schedule: "s" }, Code.NOT_FOUND, [ResourceInfoSchema]],
  [{ reason: "SCHEDULE_EXISTS", schedule: "s", revision: 1 }, Code.ALREADY_EXISTS, [ResourceInfoSchema]],
  [
    { reason: "SCHEDULE_LIMIT_REACHED", schedule: "s", schedulesMax: 1 },
    Code.RESOURCE_EXHAUSTED,
    [QuotaFailureSchema],
  ],
  [{ reason: "CANVAS_UNKNOWN", canvasId: "c" }, Code.NOT_FOUND, [ResourceInfoSchema]],
  [{ reason: "CANVAS_EXISTS", canvasId: "c" }, Code.ALREADY_EXISTS, [ResourceInfoSchema]],
  [
    { reason: "CANVAS_GROUP_CLOSED", canvasId: "c", groupId: "g" },
    Code.FAILED_PRECONDITION,
    [PreconditionFailureSchema],
  ],
  [
    { reason: "CANVAS_NOT_SUCCEEDED", canvasId: "c", state: "open" },
    Code.FAILED_PRECONDITION,
    [PreconditionFailureSchema],
  ],
  [
    { reason: "CANVAS_NOT_FAILED", canvasId: "c", state: "open" },
    Code.FAILED_PRECONDITION,
    [PreconditionFailureSchema],
  ],
  [{ reason: "TOKEN_MISSING" }, Code.UNAUTHENTICATED, []],
  [{ reason: "TOKEN_INVALID" }, Code.UNAUTHENTICATED, []],
];

function infoOf({ details: [first] }: Status) {
  const info = create(ErrorInfoSchema);
  if (!first || !anyIs(first, ErrorInfoSchema)) throw new Error("the first detail is no ErrorInfo");
  anyUnpackTo(first, ErrorInfoSchema, info);
  return info;
}

test.each(examples)("$reason has its code and its details", (problem, code, details) => {
  const status = problemToStatus(problem);
  expect(status.code).toBe(code);
  expect(status.details.slice(1).map(({ typeUrl }) => typeUrl)).toEqual(
    details.map(({ typeName }) => `type.googleapis.com/${typeName}`),
  );
  expect(infoOf(status)).toMatchObject({ reason: problem.reason, domain: "stem.v1" });
  expect(status.message).toMatch(/^\S.*[^.]$/);
});

test("every reason has an example above, and stands in the schema", () => {
  // Some have several, for problems that are told differently.
  expect([...new Set(examples.map(([problem]) => problem.reason))]).toEqual(reasons);
  const inSchema = Object.keys(ErrorReason).filter((reason) => reason !== "UNSPECIFIED");
  expect([...reasons].sort()).toEqual(inSchema.sort());
});

test("the facts of a problem are ErrorInfo's metadata", () => {
  const status = problemToStatus({ reason: "PURGE_UNCONFIRMED", queue: "mail", waiting: 3 });
  expect(infoOf(status).metadata).toEqual({ queue: "mail", waiting: "3" });
  expect(infoOf(problemToStatus({ reason: "FIELD_INVALID", violations })).metadata).toEqual({});
});

test("what a hostile caller sent comes back short and well-formed", () => {
  const hostile = `\ud800${"x".repeat(100_000)}`;
  const many = Array.from({ length: 1000 }, () => ({ field: hostile, description: hostile }));
  for (const problem of [
    { reason: "FIELD_INVALID", violations: many },
    { reason: "TASK_UNKNOWN", taskId: hostile },
  ] as const satisfies readonly Problem[]) {
    const { message, details } = problemToStatus(problem);
    expect(message.isWellFormed()).toBe(true);
    expect(message.length).toBeLessThanOrEqual(1000);
    expect(details.reduce((bytes, { value }) => bytes + value.length, 0)).toBeLessThan(8192);
  }
});

test("several violations are counted in the sentence", () => {
  const two = [...violations, { field: "tasks[4].name", description: "must not be empty" }];
  expect(problemToStatus({ reason: "FIELD_INVALID", violations: two }).message).toBe(
    "tasks[3].name: must not be empty (and 1 more)",
  );
});
