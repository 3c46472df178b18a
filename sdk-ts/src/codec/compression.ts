import {
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from "node:zlib";
import { type EncodedPayload, PayloadError, UnknownEncodingError } from "./codec.ts";

/** How payloads may be made smaller. zstd is the quickest; gzip and deflate are known everywhere. */
export type CompressionAlgorithm = "gzip" | "deflate" | "zstd";

/** When and how to compress. */
export type CompressionOptions = {
  readonly algorithm: CompressionAlgorithm;
  /** Payloads below this size stay as they are. Default 1,024. What would not get smaller stays as it is, too. */
  readonly thresholdBytes?: number;
};

type Bounded = { readonly maxOutputLength: number };
type Algorithm = {
  readonly pack: (bytes: Uint8Array) => Uint8Array;
  readonly unpack: (bytes: Uint8Array, options: Bounded) => Uint8Array;
};

const algorithms: Readonly<Record<CompressionAlgorithm, Algorithm>> = {
  gzip: { pack: (bytes) => gzipSync(bytes), unpack: gunzipSync },
  deflate: { pack: (bytes) => deflateSync(bytes), unpack: inflateSync },
  zstd: { pack: (bytes) => zstdCompressSync(bytes), unpack: zstdDecompressSync },
};

/** Checks options where they are given; throws a TypeError or a RangeError that names them. */
export function checkedCompression(options: CompressionOptions): Required<CompressionOptions> {
  const { algorithm, thresholdBytes = 1024 } = options;
  if (!Object.hasOwn(algorithms, algorithm))
    throw new TypeError(`compression.algorithm must be one of ${names.join(", ")}; it is ${algorithm}`);
  if (!(thresholdBytes >= 0))
    throw new RangeError(`compression.thresholdBytes must be 0 or more; it is ${thresholdBytes}`);
  return { algorithm, thresholdBytes };
}

const names = Object.keys(algorithms);

/** The payload compressed and marked so, where that is asked for and makes it smaller. */
export function compress(
  payload: EncodedPayload,
  { algorithm, thresholdBytes }: Required<CompressionOptions>,
  decompressedBytesMax: number,
): EncodedPayload {
  const data = "json" in payload ? Buffer.from(payload.json) : payload.bytes;
  if (data.byteLength < thresholdBytes) return payload;
  // Nobody could read it: the other end has the same limit.
  if (data.byteLength > decompressedBytesMax) throw tooLarge("before it is compressed", decompressedBytesMax);
  const packed = algorithms[algorithm].pack(data);
  if (packed.byteLength >= data.byteLength) return payload;
  const { contentType, encoding } = payload;
  const form = "json" in payload ? { form: "json" } : {};
  return {
    bytes: packed,
    ...(contentType !== undefined && { contentType }),
    encoding: { ...encoding, ...form, compression: algorithm },
  };
}

/** The payload as it was before it was compressed; itself where it was not. Stops at the limit, whatever the bytes would become. */
export function decompress(payload: EncodedPayload, decompressedBytesMax: number): EncodedPayload {
  const { compression, form, ...encoding } = payload.encoding ?? {};
  if (compression === undefined) return payload;
  const algorithm = Object.hasOwn(algorithms, compression)
    ? algorithms[compression as CompressionAlgorithm]
    : undefined;
  if (algorithm === undefined) throw new UnknownEncodingError("compression", compression, names);
  if (form !== undefined && form !== "json") throw new UnknownEncodingError("form", form, ["json"]);
  if (!("bytes" in payload)) throw new PayloadError(`the payload says ${compression} and is text`);
  const bytes = unpacked(payload.bytes, { compression, algorithm, decompressedBytesMax });
  const marks = { ...(payload.contentType !== undefined && { contentType: payload.contentType }), encoding };
  return form === "json" ? { json: Buffer.from(bytes).toString(), ...marks } : { bytes, ...marks };
}

type Unpacking = {
  readonly compression: string;
  readonly algorithm: Algorithm;
  readonly decompressedBytesMax: number;
};

function unpacked(
  bytes: Uint8Array,
  { compression, algorithm, decompressedBytesMax }: Unpacking,
): Uint8Array {
  try {
    return algorithm.unpack(bytes, { maxOutputLength: decompressedBytesMax });
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE")
      throw tooLarge("once it is decompressed", decompressedBytesMax);
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PayloadError(`the payload is no ${compression}: ${why}`, { cause });
  }
}

const tooLarge = (when: string, bytesMax: number): PayloadError =>
  new PayloadError(`the payload is larger than decompressedBytesMax (${bytesMax} bytes) ${when}`);
