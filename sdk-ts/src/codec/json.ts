import { type PayloadCodec, PayloadError } from "./codec.ts";

/** The default: a lone Uint8Array travels as bytes, everything else as JSON. */
export const jsonCodec: PayloadCodec = {
  encode(value) {
    if (value === undefined) return undefined;
    if (value instanceof Uint8Array) return { bytes: value };
    return { json: written(value) };
  },
  decode(payload) {
    if (payload === undefined) return undefined;
    return "bytes" in payload ? payload.bytes : parsedJson(payload.json);
  },
};

function written(value: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (cause) {
    throw new PayloadError(`cannot be written as JSON: ${textOf(cause)}`, { cause });
  }
  // Functions and symbols are silently nothing to JSON; here that would lose a result.
  if (json === undefined) throw new PayloadError(`a ${typeof value} cannot be written as JSON`);
  return json;
}

/** What a JSON text means; throws a PayloadError when it is none. */
export function parsedJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new PayloadError(`cannot be read as JSON: ${textOf(cause)}`, { cause });
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
