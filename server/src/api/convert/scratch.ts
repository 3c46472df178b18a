import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Bytes } from "../../model/ids.ts";

/** Encodes what `write` writes. The bytes are a copy in a buffer of exactly their size. */
export type Encode = (write: (writer: BinaryWriter) => void) => Bytes;

/** A buffer beyond this is not kept for the next encoding. */
const keptBytesMax = 8 * 1024 * 1024;

/** Makes an encoder for hand-written hot paths. It reuses one buffer between calls: make one for a server, not one for a message. */
export function createScratch(): Encode {
  let writer = new BinaryWriter();
  return (write) => {
    try {
      write(writer);
      const bytes = writer.finish();
      if (bytes.length > keptBytesMax) writer = new BinaryWriter();
      return bytes;
    } catch (error) {
      // What is half written must not begin the next message.
      writer = new BinaryWriter();
      throw error;
    }
  };
}

/** Writes a whole number from 0 to 2^53 as a varint, without the way over BigInt. */
export function writeUint(writer: BinaryWriter, value: number): void {
  if (value < 2 ** 32) {
    writer.uint32(value);
    return;
  }
  // The low 28 bits are four groups of seven that all say "more follows"; fixed32 writes such a word lowest byte first.
  const low = value % 2 ** 28;
  const groups = (low & 0x7f) | ((low & 0x3f80) << 1) | ((low & 0x1fc000) << 2) | ((low & 0xfe00000) << 3);
  writer.fixed32((groups | 0x80808080) >>> 0).uint32(Math.floor(value / 2 ** 28));
}

/** Writes a number field as proto3 does: left out when zero. */
export function writeUintField(writer: BinaryWriter, field: number, value: number): void {
  if (value === 0) return;
  writer.tag(field, WireType.Varint);
  writeUint(writer, value);
}

/** Writes a map of strings in the order of its keys, so that equal maps are equal bytes; without the keys in `skip`. */
export function writeMap(
  writer: BinaryWriter,
  field: number,
  map: Readonly<Record<string, string>>,
  skip?: ReadonlySet<string>,
): void {
  const keys = Object.keys(map);
  if (keys.length > 1) keys.sort();
  for (const key of keys) {
    if (skip?.has(key)) continue;
    writer.tag(field, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(key);
    writer.tag(2, WireType.LengthDelimited).string(map[key] ?? "");
    writer.join();
  }
}
