/** Protobuf by hand, for what no codec would write. */

/** A field with a length, such as text or a message. */
export function lengthField(number: number, content: Uint8Array | string): Buffer<ArrayBuffer> {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return Buffer.concat([lengthHead(number, bytes.length), bytes]);
}

/** What stands before the content of such a field. */
export const lengthHead = (number: number, length: number): Buffer<ArrayBuffer> =>
  Buffer.concat([varint(number * 8 + 2), varint(length)]);

/** A field with a number. */
export const varintField = (number: number, value: number | bigint): Buffer<ArrayBuffer> =>
  Buffer.concat([varint(number * 8), varint(value)]);

/** The same bytes, again and again. */
export const repeated = (bytes: Uint8Array, count: number): Buffer<ArrayBuffer> =>
  Buffer.alloc(bytes.length * count, bytes);

/** A varint; a negative number takes ten bytes, as int32 and int64 want it. */
function varint(value: number | bigint): Buffer<ArrayBuffer> {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}
