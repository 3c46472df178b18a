import { WireType } from "@bufbuild/protobuf/wire";
import { ProtoWriter } from "@stem/proto/wire/proto-writer";
import type { Bytes } from "../../model/ids.ts";

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
