import { WireType } from "@bufbuild/protobuf/wire";
import type { Bytes } from "../../model/ids.ts";
import { ProtoWriter } from "./proto-writer.ts";

/** Encodes what `write` writes. The bytes are a view of a buffer that other messages share: whoever keeps them for long copies them. */
export type Encode = (write: (writer: ProtoWriter) => void) => Bytes;

/** Makes an encoder for hand-written hot paths. Its messages share buffers: make one for a server, not one for a message. */
export function createScratch(): Encode {
  const writer = new ProtoWriter();
  return (write) => {
    try {
      write(writer);
      return writer.finish();
    } finally {
      // Nothing, unless it failed: what is half written must not begin the next message.
      writer.discard();
    }
  };
}

/** Writes a number field as proto3 does: left out when zero. */
export function writeUintField(writer: ProtoWriter, field: number, value: number): void {
  if (value === 0) return;
  writer.tag(field, WireType.Varint).uint53(value);
}

/** Writes a map of strings in the order of its keys, so that equal maps are equal bytes; without the keys in `skip`. */
export function writeMap(
  writer: ProtoWriter,
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
