import { type PayloadCodec, PayloadError } from "./codec.ts";
import { parsedJson } from "./json.ts";

/** A codec of your own. */
export type CodecSpec = {
  /** Names it in every payload: 1 to 64 letters, digits and `._+/-`, such as "msgpack". `json` and `bytes` are taken. */
  readonly id: string;
  /** The media type of what it writes, such as "application/msgpack". Default: none. */
  readonly contentType?: string;
  /** Never called with undefined, which travels as no payload at all. */
  readonly encode: (value: unknown) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
};

const idPattern = /^[A-Za-z0-9._+/-]{1,64}$/;
const taken: ReadonlySet<string> = new Set(["json", "bytes"]);

/**
 * Makes a codec of two functions: `defineCodec({ id: "msgpack", encode: pack, decode: unpack })`. What they throw is a PayloadError.
 * JSON that somebody enqueued by hand it reads as JSON.
 */
export function defineCodec({ id, contentType, encode, decode }: CodecSpec): PayloadCodec {
  if (!idPattern.test(id) || taken.has(id))
    throw new TypeError(
      `a codec's id is 1 to 64 letters, digits and ._+/- and not json or bytes; it is ${id}`,
    );
  return {
    id,
    encode(value) {
      if (value === undefined) return undefined;
      const bytes = attempt(`cannot be written with the codec ${id}`, () => encode(value));
      return { bytes, ...(contentType !== undefined && { contentType }) };
    },
    decode(payload) {
      if (payload === undefined) return undefined;
      if ("json" in payload) return parsedJson(payload.json);
      return attempt(`cannot be read with the codec ${id}`, () => decode(payload.bytes));
    },
  };
}

function attempt<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw new PayloadError(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
