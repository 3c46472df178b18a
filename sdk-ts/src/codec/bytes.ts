import { type PayloadCodec, PayloadError } from "./codec.ts";

/** Bytes and nothing else: a value that is no Uint8Array is refused, and so is a payload that is no bytes. */
export const bytesCodec: PayloadCodec = {
  encode(value) {
    if (value === undefined) return undefined;
    if (value instanceof Uint8Array) return { bytes: value };
    throw new PayloadError(`a ${typeof value} is no Uint8Array`);
  },
  decode(payload) {
    if (payload === undefined) return undefined;
    if ("bytes" in payload) return payload.bytes;
    throw new PayloadError("the payload is JSON and not bytes");
  },
};
