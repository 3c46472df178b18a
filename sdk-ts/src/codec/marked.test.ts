import { createHash } from "node:crypto";
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { bytesCodec } from "./bytes.ts";
import { type EncodedPayload, type PayloadCodec, PayloadError, UnknownEncodingError } from "./codec.ts";
import type { CompressionAlgorithm } from "./compression.ts";
import { defineCodec } from "./define-codec.ts";
import { jsonCodec } from "./json.ts";
import { type MarkedOptions, marked } from "./marked.ts";
import { payloadFromProto, payloadToProto } from "./payload.ts";

/** JSON with its letters turned upside down. */
const flipped = defineCodec({
  id: "flipped",
  contentType: "application/x-flipped",
  encode: (value) => Uint8Array.from(Buffer.from(JSON.stringify(value)), (byte) => 255 - byte),
  decode: (bytes) => JSON.parse(Buffer.from(bytes.map((byte) => 255 - byte)).toString()),
});
const sized = defineCodec({
  id: "sized",
  encode: (value) => new Uint8Array(Number(value)),
  decode: (bytes) => bytes.length,
});
const ends = (options: Partial<MarkedOptions> = {}): MarkedOptions => ({
  known: [],
  compression: undefined,
  decompressedBytesMax: undefined,
  ...options,
});
const overTheWire = (payload: EncodedPayload | undefined) => payloadFromProto(payloadToProto(payload));
const text = "all work and no play ".repeat(500);

test.each<[string, PayloadCodec, unknown, EncodedPayload | undefined]>([
  ["JSON is not marked", jsonCodec, [1, "two"], { json: '[1,"two"]' }],
  ["bytes are not marked", jsonCodec, new Uint8Array([1]), { bytes: new Uint8Array([1]) }],
  ["nothing stays nothing", flipped, undefined, undefined],
  [
    "a codec with an id is",
    flipped,
    1,
    {
      bytes: Uint8Array.of(255 - 49),
      contentType: "application/x-flipped",
      encoding: { codec: "flipped" },
    },
  ],
])("%s", (_, codec, value, encoded) => {
  const both = marked(codec, ends());
  const payload = both.encode(value);
  expect(payload).toEqual(encoded);
  expect(both.decode(overTheWire(payload))).toEqual(value);
});

test.each<CompressionAlgorithm>(["gzip", "deflate", "zstd"])(
  "%s shrinks what is large, and is undone by its mark",
  (algorithm) => {
    for (const codec of [jsonCodec, flipped]) {
      const writer = marked(codec, ends({ compression: { algorithm } }));
      const payload = writer.encode([text]);
      expect(payload?.encoding).toMatchObject({ compression: algorithm });
      expect(payload && "bytes" in payload && payload.bytes.length).toBeLessThan(1000);
      // A reader needs no option for it.
      expect(marked(codec, ends()).decode(overTheWire(payload))).toEqual([text]);
    }
  },
);

test("what is small, or would not get smaller, stays as it is", () => {
  const writer = marked(jsonCodec, ends({ compression: { algorithm: "gzip", thresholdBytes: 12 } }));
  expect(writer.encode("123456789")).toEqual({ json: '"123456789"' });
  expect(writer.encode("abcdefghijkl")).toEqual({ json: '"abcdefghijkl"' });
  const noise = Buffer.concat(
    Array.from({ length: 64 }, (_, i) => createHash("sha512").update(`${i}`).digest()),
  );
  expect(writer.encode(noise)).toEqual({ bytes: noise });
});

test("a payload names its codec, whatever the reader's own is", () => {
  const before = marked(flipped, ends()).encode(["old"]);
  expect(marked(jsonCodec, ends({ known: [flipped] })).decode(overTheWire(before))).toEqual(["old"]);
  const byHand = marked(flipped, ends());
  expect(byHand.decode({ json: "[1]" })).toEqual([1]);
  expect(byHand.decode({ json: "[2]", encoding: { codec: "json" } })).toEqual([2]);
  expect(byHand.decode({ bytes: Uint8Array.of(7), encoding: { codec: "bytes" } })).toEqual(Uint8Array.of(7));
});

test.each<[EncodedPayload, string, string]>([
  [{ bytes: new Uint8Array(1), encoding: { codec: "msgpack" } }, "codec", "msgpack"],
  [{ json: "1", encoding: { codec: "constructor" } }, "codec", "constructor"],
  [{ bytes: new Uint8Array(1), encoding: { compression: "lz4" } }, "compression", "lz4"],
  [{ bytes: new Uint8Array(1), encoding: { compression: "toString" } }, "compression", "toString"],
  [{ bytes: gzipSync("1"), encoding: { compression: "gzip", form: "xml" } }, "form", "xml"],
  [{ json: "1", encoding: { version: "2" } }, "version", "2"],
])("what the reader does not know is named, and nothing of it is used: %o", (payload, kind, id) => {
  const reader = marked(jsonCodec, ends());
  expect(() => reader.decode(payload)).toThrow(UnknownEncodingError);
  expect(() => reader.decode(payload)).toThrow(JSON.stringify(id));
  expect(() => reader.decode(payload)).toThrow(expect.objectContaining({ kind, id }));
});

test.each([
  ["gzip", gzipSync],
  ["deflate", deflateSync],
  ["zstd", zstdCompressSync],
] as const)("a %s bomb is not unpacked beyond the limit", (compression, pack) => {
  const bomb = { bytes: pack(Buffer.alloc(4 << 20)), encoding: { compression } };
  expect(bomb.bytes.length).toBeLessThan(10_000);
  const reader = marked(bytesCodec, ends({ decompressedBytesMax: 1 << 20 }));
  expect(() => reader.decode(bomb)).toThrow(/larger than decompressedBytesMax \(1048576 bytes\)/);
  expect(marked(bytesCodec, ends()).decode(bomb)).toHaveLength(4 << 20);
});

test("what no reader would unpack is not written", () => {
  const writer = marked(jsonCodec, ends({ compression: { algorithm: "gzip" }, decompressedBytesMax: 5000 }));
  expect(() => writer.encode(text)).toThrow("decompressedBytesMax (5000 bytes)");
});

test("damaged data is a payload error that says so", () => {
  const reader = marked(jsonCodec, ends());
  const damaged = { bytes: new Uint8Array([1, 2, 3]), encoding: { compression: "gzip" } };
  expect(() => reader.decode(damaged)).toThrow(PayloadError);
  expect(() => reader.decode(damaged)).toThrow("is no gzip");
  expect(() => reader.decode({ json: "1", encoding: { compression: "gzip" } })).toThrow("is text");
  expect(() => marked(bytesCodec, ends()).decode({ json: "1" })).toThrow("not bytes");
  expect(() => bytesCodec.encode("text")).toThrow("no Uint8Array");
  expect(() => flipped.decode({ bytes: new Uint8Array([1]) })).toThrow(
    "cannot be read with the codec flipped",
  );
  expect(() => sized.encode(-1)).toThrow("cannot be written with the codec sized");
});

test("mistakes in a definition are thrown where they are made", () => {
  const again = defineCodec({ id: "sized", encode: () => new Uint8Array(), decode: () => 0 });
  expect(() => marked(sized, ends({ known: [again] }))).toThrow('two codecs have the id "sized"');
  expect(() => marked(sized, ends({ known: [sized] }))).not.toThrow();
  const compression = { algorithm: "lz4" as "gzip" };
  expect(() => marked(sized, ends({ compression }))).toThrow("compression.algorithm");
  expect(() => marked(sized, ends({ compression: { algorithm: "gzip", thresholdBytes: -1 } }))).toThrow(
    "compression.thresholdBytes",
  );
  expect(() => marked(sized, ends({ decompressedBytesMax: 0 }))).toThrow("decompressedBytesMax");
  for (const id of ["json", "bytes", "", "a b", "x".repeat(65)])
    expect(() => defineCodec({ id, encode: () => new Uint8Array(), decode: () => 0 })).toThrow(TypeError);
});
