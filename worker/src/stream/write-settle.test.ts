import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { SettlementSchema } from "@stem/proto/stem/v1/lease_pb";
import { SettleSchema } from "@stem/proto/stem/v1/worker_service_pb";
import { expect, test } from "vitest";
import { writeSettle } from "./write-settle.ts";

type Outcome = NonNullable<MessageInitShape<typeof SettlementSchema>["outcome"]>;

const outcomes: readonly Outcome[] = [
  { case: "succeeded", value: {} },
  { case: "succeeded", value: { result: {} } },
  { case: "succeeded", value: { result: { data: { case: "json", value: "" } } } },
  { case: "succeeded", value: { result: { data: { case: "json", value: `"${"ä€😀".repeat(50)}"` } } } },
  { case: "succeeded", value: { result: { data: { case: "json", value: "1" }, contentType: "a/b" } } },
  { case: "succeeded", value: { result: { data: { case: "json", value: "1" }, encoding: { a: "b" } } } },
  { case: "succeeded", value: { result: { data: { case: "binary", value: Uint8Array.of(0, 1) } } } },
  {
    case: "succeeded",
    value: {
      result: { data: { case: "json", value: "1" } },
      newMembers: [{ node: { case: "task", value: { name: "a" } } }],
    },
  },
  { case: "replaced", value: { node: { node: { case: "task", value: { name: "a" } } } } },
  { case: "failed", value: { failure: { type: "Error", message: "no", nonRetryable: true } } },
  { case: "retry", value: { delay: { seconds: 3n, nanos: 5 } } },
  { case: "released", value: {} },
  { case: "rejected", value: { reason: "why" } },
  { case: "unknownName", value: {} },
];

test("writes as the generated codec does, whatever the outcomes", () => {
  const settlements = outcomes.map((outcome, i) =>
    create(SettlementSchema, { leaseToken: new Uint8Array(80 + i * 10).fill(i), outcome }),
  );
  for (const some of [[], settlements.slice(0, 1), settlements]) {
    const written = new BinaryReader(writeSettle(some)).bytes();
    expect(written).toEqual(toBinary(SettleSchema, create(SettleSchema, { settlements: some })));
  }
});
