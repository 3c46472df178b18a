import { type Packet, PacketReader, PacketWriter } from "./packet.ts";

/** A value ready for postMessage, and the buffers that go over to the receiver with it. */
export type Encoded = { readonly data: unknown; readonly transfer: readonly ArrayBuffer[] };

/** How a value crosses between threads. */
export type Coder<T> = {
  readonly encode: (value: T) => Encoded;
  readonly decode: (data: unknown) => T;
};

/** Crosses as columns; for whatever comes in batches or carries bytes. */
export const packed = <T>(
  write: (to: PacketWriter, value: T) => void,
  read: (from: PacketReader) => T,
): Coder<T> => ({
  encode: (value) => {
    const to = new PacketWriter();
    write(to, value);
    const data = to.packet();
    return { data, transfer: [data.numbers.buffer, data.bytes.buffer] };
  },
  decode: (data) => read(new PacketReader(data as Packet)),
});

/** Crosses as it is, by structured clone; for small values without bytes. */
export const plain = <T>(): Coder<T> => ({
  encode: (data) => ({ data, transfer: [] }),
  decode: (data) => data as T,
});

/** Writes how many items follow, and the items. */
export function writeList<T>(
  to: PacketWriter,
  items: readonly T[],
  write: (to: PacketWriter, item: T) => void,
): void {
  to.number(items.length);
  for (const item of items) write(to, item);
}

/** Reads a list back. */
export function readList<T>(from: PacketReader, read: (from: PacketReader) => T): T[] {
  const items = new Array<T>(from.number());
  for (let i = 0; i < items.length; i += 1) items[i] = read(from);
  return items;
}
