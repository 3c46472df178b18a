/**
 * Columns of values as parameters. The client sends an array of JavaScript as a text that is quoted, escaped and parsed again; these are
 * arrays in Postgres's own binary form, which costs a tenth of that and takes bytes as they are. A statement names the type it expects:
 * `unnest($1::int8[])`.
 */

/** A value of a column, or none. */
type Maybe<T> = T | null | undefined;

/** Numbers below 2^53, in two halves: a BigInt for each would cost more than all else here. */
export const int8s = (values: readonly Maybe<number>[]): Buffer =>
  fixed(values, {
    ...{ oid: 20, width: 8 },
    write(to, value, at) {
      to.writeInt32BE(Math.floor(value / 2 ** 32), at);
      to.writeUInt32BE(value >>> 0, at + 4);
    },
  });

export const int4s = (values: readonly Maybe<number>[]): Buffer =>
  fixed(values, { oid: 23, width: 4, write: (to, value, at) => void to.writeInt32BE(value, at) });

export const int2s = (values: readonly Maybe<number>[]): Buffer =>
  fixed(values, { oid: 21, width: 2, write: (to, value, at) => void to.writeInt16BE(value, at) });

export const float8s = (values: readonly Maybe<number>[]): Buffer =>
  fixed(values, { oid: 701, width: 8, write: (to, value, at) => void to.writeDoubleBE(value, at) });

export const bools = (values: readonly Maybe<boolean>[]): Buffer =>
  fixed(values, { oid: 16, width: 1, write: (to, value, at) => void to.writeUInt8(value ? 1 : 0, at) });

/** Texts without a zero character, which Postgres has none of. */
export const texts = (values: readonly Maybe<string>[]): Buffer =>
  // What UTF-8 takes at most, so that no text is measured before it is written.
  packed(values, {
    oid: 25,
    roomFor: (text) => 3 * text.length,
    write: (to, text, at) => to.write(text, at),
  });

export const byteas = (values: readonly Maybe<Uint8Array>[]): Buffer =>
  packed(values, {
    oid: 17,
    roomFor: (bytes) => bytes.length,
    write(to, bytes, at) {
      to.set(bytes, at);
      return bytes.length;
    },
  });

type Fixed<T> = {
  readonly oid: number;
  readonly width: number;
  readonly write: (to: Buffer, value: T, at: number) => void;
};
type Packed<T> = {
  readonly oid: number;
  readonly roomFor: (value: T) => number;
  /** Answers how many bytes it wrote. */
  readonly write: (to: Buffer, value: T, at: number) => number;
};

const headerBytes = 20;

/** Where columns are made of which only the most that they may take is known. */
const scratch = Buffer.allocUnsafe(1024 * 1024);

function fixed<T>(values: readonly Maybe<T>[], { oid, width, write }: Fixed<T>): Buffer {
  return packed(values, {
    oid,
    roomFor: () => width,
    write(to, value, at) {
      write(to, value, at);
      return width;
    },
  });
}

function packed<T>(values: readonly Maybe<T>[], { oid, roomFor, write }: Packed<T>): Buffer {
  if (values.length === 0)
    return header(Buffer.alloc(headerBytes), { oid, count: 0, hasNull: false }).subarray(0, 12);
  let room = headerBytes + 4 * values.length;
  let hasNull = false;
  for (const value of values) {
    if (value === null || value === undefined) hasNull = true;
    else room += roomFor(value);
  }
  const array = header(room > scratch.length ? Buffer.allocUnsafe(room) : scratch, {
    oid,
    count: values.length,
    hasNull,
  });
  let at = headerBytes;
  for (const value of values) {
    const isNull = value === null || value === undefined;
    const size = isNull ? -1 : write(array, value, at + 4);
    array.writeInt32BE(size, at);
    at += 4 + Math.max(0, size);
  }
  return array === scratch ? Buffer.from(scratch.subarray(0, at)) : array.subarray(0, at);
}

type Header = { readonly oid: number; readonly count: number; readonly hasNull: boolean };

/** Dimensions, whether any is NULL, the type of the elements; of the one dimension its length, and that it begins at 1. */
function header(array: Buffer, { oid, count, hasNull }: Header): Buffer {
  array.writeInt32BE(count === 0 ? 0 : 1, 0);
  array.writeInt32BE(hasNull ? 1 : 0, 4);
  array.writeInt32BE(oid, 8);
  array.writeInt32BE(count, 12);
  array.writeInt32BE(1, 16);
  return array;
}
