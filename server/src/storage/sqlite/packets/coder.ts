import { type Packet, PacketReader, type PacketSize, PacketWriter } from "./packet.ts";

/** A value ready for postMessage, and the buffers that go over to the receiver with it. */
export type Encoded = { readonly data: unknown; readonly transfer: readonly ArrayBuffer[] };

/** How a value crosses between threads. */
export type Coder<T> = {
  readonly encode: (value: T) => Encoded;
  readonly decode: (data: unknown) => T;
};

/** Crosses as columns; for whatever comes in batches or carries bytes. */
export function packed<T>(
  write: (to: PacketWriter, value: T) => void,
  read: (from: PacketReader) => T,
): Coder<T> {
  let room = leastRoom;
  return {
    encode: (value) => {
      const to = new PacketWriter(room);
      write(to, value);
      room = roomAfter(room, to.size);
      const data = to.packet();
      return { data, transfer: [data.numbers.buffer, data.bytes.buffer] };
    },
    decode: (data) => read(new PacketReader(data as Packet)),
  };
}

const leastRoom: PacketSize = { numbers: 32, bytes: 512 };

/** Packets of one kind are about as large as the ones before: room for those spares to grow step by step, and to send what is empty. */
const roomAfter = (room: PacketSize, used: PacketSize): PacketSize => ({
  numbers: nextRoom(room.numbers, used.numbers, leastRoom.numbers),
  bytes: nextRoom(room.bytes, used.bytes, leastRoom.bytes),
});

/** An eighth more than was used; down from a large one step by step, so that one small packet between large ones costs nothing. */
const nextRoom = (room: number, used: number, least: number): number =>
  Math.max(least, Math.ceil(used * 1.125), Math.floor(room * 0.75));

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

/** Writes what may be missing. */
export function writeMaybe<T>(
  to: PacketWriter,
  value: T | undefined,
  write: (to: PacketWriter, value: T) => void,
): void {
  to.flag(value !== undefined);
  if (value !== undefined) write(to, value);
}

/** Reads it back. */
export const readMaybe = <T>(from: PacketReader, read: (from: PacketReader) => T): T | undefined =>
  from.flag() ? read(from) : undefined;
