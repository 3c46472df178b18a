import { bytesCodec } from "./bytes.ts";
import { type EncodedPayload, type PayloadCodec, UnknownEncodingError } from "./codec.ts";
import { type CompressionOptions, checkedCompression, compress, decompress } from "./compression.ts";
import { jsonCodec } from "./json.ts";

/** How much a compressed payload may become, unless its definition says otherwise. */
export const decompressedBytesMaxDefault = 32 * 1024 * 1024;

/** What a codec is surrounded by. */
export type MarkedOptions = {
  /** Other codecs whose payloads are read, by their id. */
  readonly known: readonly PayloadCodec[];
  readonly compression: CompressionOptions | undefined;
  readonly decompressedBytesMax: number | undefined;
};

/**
 * A codec that marks what it writes with its id and compresses it, and that reads by the marks: it decompresses, and takes the codec
 * that the payload names, or throws UnknownEncodingError. A payload without marks is its own codec's.
 */
export function marked(codec: PayloadCodec, options: MarkedOptions): PayloadCodec {
  const { decompressedBytesMax = decompressedBytesMaxDefault } = options;
  if (!(decompressedBytesMax >= 1))
    throw new RangeError(`decompressedBytesMax must be 1 or more; it is ${decompressedBytesMax}`);
  const compression = options.compression && checkedCompression(options.compression);
  const byId = indexed([codec, ...options.known]);
  return {
    ...(codec.id !== undefined && { id: codec.id }),
    encode(value) {
      const payload = codec.encode(value);
      if (payload === undefined) return undefined;
      const named =
        codec.id === undefined ? payload : { ...payload, encoding: { ...payload.encoding, codec: codec.id } };
      return compression ? compress(named, compression, decompressedBytesMax) : named;
    },
    decode(payload) {
      // Most payloads are plain.
      if (payload?.encoding === undefined) return codec.decode(payload);
      const plain = decompress(payload, decompressedBytesMax);
      const reader = readerOf(plain);
      const version = plain.encoding?.["version"];
      if (version !== undefined && !reader.readsVersion)
        throw new UnknownEncodingError("version", version, []);
      return reader.decode(plain);
    },
  };

  function readerOf({ encoding }: EncodedPayload): PayloadCodec {
    const id = encoding?.["codec"];
    if (id === undefined) return codec;
    const found = byId.get(id);
    if (found === undefined) throw new UnknownEncodingError("codec", id, [...byId.keys()]);
    return found;
  }
}

/** Codecs by id, the built-in ones included; throws a TypeError where two codecs have the same. */
function indexed(codecs: readonly PayloadCodec[]): ReadonlyMap<string, PayloadCodec> {
  const byId = new Map<string, PayloadCodec>([
    ["json", jsonCodec],
    ["bytes", bytesCodec],
  ]);
  for (const codec of codecs) {
    if (codec.id === undefined) continue;
    const before = byId.get(codec.id);
    if (before !== undefined && before !== codec)
      throw new TypeError(`two codecs have the id ${JSON.stringify(codec.id)}`);
    byId.set(codec.id, codec);
  }
  return byId;
}
