import { type DescMessage, fromBinary, type Message } from "@bufbuild/protobuf";
import { Code } from "@stem/proto/google/rpc/code_pb";
import type { Limits } from "../../model/limits.ts";
import { type CallError, callError } from "../call-error.ts";
import { createWireCheck } from "../wire-shape.ts";

/** Reads a request; answers what a call with too many parts ends with. Throws on bytes that are no such message: INTERNAL. */
export type RequestReader = (bytes: Uint8Array) => Message | CallError;

/** Makes the reader of one type of request. */
export function createRequestReader(schema: DescMessage, { messagePartsMax }: Limits): RequestReader {
  const faultOf = createWireCheck(schema, messagePartsMax);
  const tooMany = `request: more than ${messagePartsMax} list items, map entries and messages in it`;
  return (bytes) => {
    const fault = faultOf(bytes);
    if (fault === "too_many_parts") return callError(Code.RESOURCE_EXHAUSTED, tooMany);
    if (fault) throw new Error("these bytes are not a message of the method's type");
    // Nothing reads unknown fields, and kept they are a hundred times their size.
    return fromBinary(schema, bytes, { readUnknownFields: false });
  };
}
