/** Settlements on their way out, written by hand as grants are read by hand. What is more than a result is left to the generated codec. */

import { toBinary } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { type Settlement, SettlementSchema } from "@stem/proto/stem/v1/lease_pb";
import { type Payload, PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import { ProtoWriter } from "@stem/proto/wire/proto-writer";

// One for the process: a frame is written in one go.
const writer = new ProtoWriter();
const framed = WireType.LengthDelimited;

/** A Settle message, with its length before it. */
export function writeSettle(settlements: readonly Settlement[]): Uint8Array {
  // What a frame that could not be written has left.
  writer.discard();
  writer.fork();
  for (const settlement of settlements) {
    const { leaseToken, outcome } = settlement;
    writer.tag(1, framed);
    if (outcome.case !== "succeeded" || outcome.value.newMembers.length > 0) {
      writer.bytes(toBinary(SettlementSchema, settlement));
      continue;
    }
    writer.fork().tag(1, framed).bytes(leaseToken);
    writer.tag(2, framed).fork();
    if (outcome.value.result) writeResult(outcome.value.result);
    writer.join().join();
  }
  return writer.join().finish();
}

function writeResult(result: Payload): void {
  const { data, contentType, encoding } = result;
  writer.tag(1, framed);
  if (data.case === "json" && contentType === "" && Object.keys(encoding).length === 0)
    writer.fork().tag(1, framed).string(data.value).join();
  else writer.bytes(toBinary(PayloadSchema, result));
}
