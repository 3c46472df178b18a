import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@stem/proto/google/rpc/code_pb";
import { type Settlement, SettlementSchema, SettleOutcome } from "@stem/proto/stem/v1/lease_pb";
import { expect, test } from "vitest";
import { defaultNamespace, instantOf } from "../../model/ids.ts";
import { defaults, limits } from "../../model/limits.ts";
import { StemProblem } from "../../model/problem.ts";
import { createSettlementReader } from "./settlement.ts";
import { readSettlementBatch, settledItems, settledTasks } from "./settlement-batch.ts";

const small = { ...limits, batchTasksMax: 5, resultBytesMax: 3 };
const reading = {
  ...{ path: "settle.settlements", limits: small, namespace: defaultNamespace },
  read: createSettlementReader(small, defaults, () => instantOf(0)),
};

const item = (token: number, outcome?: MessageInitShape<typeof SettlementSchema>["outcome"]): Settlement =>
  create(SettlementSchema, { leaseToken: new Uint8Array([token]), outcome: outcome as never });
const released = { case: "released", value: {} } as const;
const tooLarge = {
  case: "succeeded",
  value: { result: { data: { case: "json", value: "12345" } } },
} as const;

const mixed = () =>
  readSettlementBatch([item(0, released), item(1), item(2, tooLarge), item(3, released)], reading);

test("what is wrong in itself is left out, and a result that is too large goes on as a failure", () => {
  const batch = mixed();
  expect(batch.places).toEqual([0, 2, 3]);
  expect(batch.settlements.map(({ outcome }) => outcome.kind)).toEqual([
    "released",
    "result_too_large",
    "released",
  ]);
  expect(batch.problems.get(1)).toMatchObject({ violations: [{ field: "settle.settlements[1].outcome" }] });
  expect(batch.problems.get(2)).toMatchObject({ field: "settle.settlements[2].succeeded.result.json" });
});

test("the stream tells what was not simply accepted, in order", () => {
  const items = settledItems(mixed(), [
    { kind: "accepted", state: "ready" },
    { kind: "accepted", state: "failed" },
    { kind: "lost", state: "leased", why: "superseded" },
  ]);
  expect(items.map(({ index }) => index)).toEqual([1, 2, 3]);
  expect(items[0]?.verdict).toBeUndefined();
  expect(items[0]?.error?.code).toBe(Code.INVALID_ARGUMENT);
  expect(items[1]).toMatchObject({
    verdict: { outcome: SettleOutcome.ACCEPTED },
    error: { code: Code.RESOURCE_EXHAUSTED },
  });
  expect(items[2]).toMatchObject({ verdict: { outcome: SettleOutcome.LEASE_LOST } });
  expect(items[2]?.error).toBeUndefined();
});

test("a frame that was accepted as a whole has nothing to tell", () => {
  const batch = readSettlementBatch([item(0, released)], reading);
  expect(settledItems(batch, [{ kind: "accepted", state: "ready" }])).toEqual([]);
});

test("the unary method tells each in its place", () => {
  const tasks = settledTasks(mixed(), [
    { kind: "accepted", state: "ready" },
    { kind: "accepted", state: "failed" },
    { kind: "duplicate", state: "succeeded" },
  ]);
  expect(tasks.map(({ verdict }) => verdict?.outcome)).toEqual([
    SettleOutcome.ACCEPTED,
    undefined,
    SettleOutcome.ACCEPTED,
    SettleOutcome.DUPLICATE,
  ]);
  expect(tasks.map(({ error }) => error?.code)).toEqual([
    undefined,
    Code.INVALID_ARGUMENT,
    Code.RESOURCE_EXHAUSTED,
    undefined,
  ]);
});

test("more items than the limit refuse the whole", () => {
  const items = Array.from({ length: 6 }, (_, token) => item(token, released));
  expect(() => readSettlementBatch(items, reading)).toThrow(
    new StemProblem({ reason: "BATCH_TOO_LARGE", field: "settle.settlements", items: 6, itemsMax: 5 }),
  );
});
