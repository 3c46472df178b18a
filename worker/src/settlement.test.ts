import { create, toBinary } from "@bufbuild/protobuf";
import { CanvasNodeSchema } from "@stem/proto/stem/v1/canvas_pb";
import { SettlementSchema } from "@stem/proto/stem/v1/lease_pb";
import { NonRetryable } from "@stem/sdk";
import { payloadToProto } from "@stem/sdk/internal";
import { expect, test } from "vitest";
import {
  LeaseLost,
  RejectError,
  RetryError,
  TaskCancelled,
  TimeLimitExceeded,
  WorkerStopping,
} from "./errors.ts";
import {
  failed,
  lastWord,
  type Outcome,
  outcomeBytesAtMost,
  released,
  replaced,
  succeeded,
  thrown,
  unknownName,
} from "./settlement.ts";

test("what a handler throws decides how its attempt ends", () => {
  expect(thrown(new TypeError("broke"))).toMatchObject({
    case: "failed",
    value: { failure: { type: "TypeError", message: "broke", nonRetryable: false } },
  });
  expect(thrown(new NonRetryable("never"))).toMatchObject({
    case: "failed",
    value: { failure: { type: "NonRetryable", nonRetryable: true } },
  });
  expect(thrown(new RetryError("later", { delayMs: 1500 }))).toMatchObject({
    case: "retry",
    value: { delay: { seconds: 1n, nanos: 500_000_000 }, failure: { message: "later" } },
  });
  expect(thrown(new RetryError())).toMatchObject({ case: "retry", value: { delay: undefined } });
  expect(thrown(new RejectError("not ours"))).toMatchObject({
    case: "rejected",
    value: { reason: "not ours" },
  });
});

const success = succeeded(payloadToProto({ json: "1" }));
const failure = failed(new Error("stopped"));

test.each([
  ["nobody", undefined, "failed", "succeeded"],
  ["a cancel", new TaskCancelled(""), "failed", "succeeded"],
  ["its time limit", new TimeLimitExceeded(1), "failed", "failed"],
  ["a lost lease", new LeaseLost(true), undefined, undefined],
  ["a lease that nobody confirmed", new LeaseLost(false), "released", "succeeded"],
  ["the end of the worker", new WorkerStopping(), "released", "succeeded"],
] as const)("stopped by %s: what is said of a failure, and of a success", (_, stop, onFailure, onSuccess) => {
  expect(lastWord(stop, failure)?.case).toBe(onFailure);
  expect(lastWord(stop, success)?.case).toBe(onSuccess);
});

test("a time limit fails with its own type, whatever the handler threw", () => {
  expect(lastWord(new TimeLimitExceeded(250), failure)).toMatchObject({
    value: { failure: { type: "TimeLimitExceeded", message: expect.stringContaining("250 ms") } },
  });
});

const long = "ä".repeat(5000);
const node = create(CanvasNodeSchema, { node: { case: "task", value: { name: long } } });
const outcomes: readonly Outcome[] = [
  success,
  succeeded(payloadToProto({ json: "1" }), [node, node]),
  replaced(node),
  succeeded(payloadToProto({ json: JSON.stringify(long) })),
  succeeded(payloadToProto({ bytes: new Uint8Array(9000) })),
  failed(new Error(long)),
  thrown(new RejectError(long)),
  thrown(new RetryError(long, { delayMs: 1 })),
  released,
  unknownName,
];

test.each(outcomes.map((outcome) => [outcome.case, outcome] as const))(
  "the size of %s is never underrated",
  (_, outcome) => {
    const leaseToken = new Uint8Array(512);
    const bytes = toBinary(SettlementSchema, { $typeName: "stem.v1.Settlement", leaseToken, outcome }).length;
    expect(outcomeBytesAtMost(outcome)).toBeGreaterThanOrEqual(bytes);
  },
);
