import type { PayloadCodec } from "./codec/codec.ts";
import type { CompressionOptions } from "./codec/compression.ts";
import { jsonCodec } from "./codec/json.ts";
import { marked } from "./codec/marked.ts";

/** How what a task takes and gives travels. */
export type PayloadOptions = {
  /** How arguments, result and progress travel. Default: JSON, and bytes for a Uint8Array. */
  readonly codec?: PayloadCodec;
  /** How arguments travel, where it is not as `codec` says. */
  readonly argsCodec?: PayloadCodec;
  /** How the result travels, where it is not as `codec` says. */
  readonly resultCodec?: PayloadCodec;
  /** Other codecs whose payloads are read, such as the one that was written with before. By their id. */
  readonly accepts?: readonly PayloadCodec[];
  /** Makes large arguments and results smaller: `{ algorithm: "zstd" }`. What comes compressed is read in any case. Default: nothing. */
  readonly compression?: CompressionOptions;
  /** How much a compressed payload may become before it is refused. Default 32 MiB. */
  readonly decompressedBytesMax?: number;
};

/** The codecs of a definition, each with its marks around it. */
export type PayloadCodecs = {
  readonly codec: PayloadCodec;
  readonly argsCodec: PayloadCodec;
  readonly resultCodec: PayloadCodec;
};

/** What payload options come to; throws a TypeError or a RangeError that names the one that is wrong. */
export function payloadCodecs(options: PayloadOptions): PayloadCodecs {
  const { codec = jsonCodec, argsCodec = codec, resultCodec = codec, accepts = [] } = options;
  const { compression, decompressedBytesMax } = options;
  const ends = { known: accepts, compression, decompressedBytesMax };
  const isUsual = accepts.length === 0 && compression === undefined && decompressedBytesMax === undefined;
  const of = (each: PayloadCodec): PayloadCodec =>
    isUsual && each === jsonCodec ? plainJson : marked(each, ends);
  return { codec: of(codec), argsCodec: of(argsCodec), resultCodec: of(resultCodec) };
}

// What most definitions have; it reads what others compressed or marked.
const plainJson = marked(jsonCodec, { known: [], compression: undefined, decompressedBytesMax: undefined });
