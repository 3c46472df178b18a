/** Settlements on their way out, written by hand as grants are read by hand. What is not a success is left to the generated codec. */

import { toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type Settlement, SettlementSchema, type Succeeded } from "@stem/proto/stem/v1/lease_pb";
import { PayloadSchema } from "@stem/proto/stem/v1/payload_pb";

/** A Settle message, with its length before it. */
export function writeSettle(settlements: readonly Settlement[]): Uint8Array {
  const writer = new BinaryWriter().fork();
  for (const settlement of settlements) {
    writer.uint32(listed);
    const { leaseToken, outcome } = settlement;
    if (outcome.case !== "succeeded") {
      writer.bytes(toBinary(SettlementSchema, settlement));
      continue;
    }
    writer.fork().uint32(token).bytes(leaseToken);
    writeSucceeded(writer.uint32(succeeded).fork(), outcome.value);
    writer.join().join();
  }
  return writer.join().finish();
}

function writeSucceeded(writer: BinaryWriter, { result }: Succeeded): void {
  if (!result) return;
  const { data, contentType, encoding } = result;
  writer.uint32(payload);
  if (data.case === "json" && contentType === "" && Object.keys(encoding).length === 0)
    writer.fork().uint32(json).string(data.value).join();
  else writer.bytes(toBinary(PayloadSchema, result));
}

const tagOf = (field: number): number => (field << 3) | WireType.LengthDelimited;
const [listed, token, succeeded, payload, json] = [tagOf(1), tagOf(1), tagOf(2), tagOf(1), tagOf(1)];
