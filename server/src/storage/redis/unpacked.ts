import type { Unpacked } from "./msgpack.ts";

/** What was unpacked, as what it is known to be. Scripts and these lines are one program: anything else is a bug, and is thrown. */

/** A list. */
export function listOf(value: Unpacked | undefined): Unpacked[] {
  if (Array.isArray(value)) return value;
  throw new TypeError(`a script answered ${shown(value)} where a list was expected`);
}

/** A number. */
export function numberOf(value: Unpacked | undefined): number {
  if (typeof value === "number") return value;
  if (Buffer.isBuffer(value)) return Number(value.toString());
  throw new TypeError(`a script answered ${shown(value)} where a number was expected`);
}

/** A text. */
export function textOf(value: Unpacked | undefined): string {
  if (Buffer.isBuffer(value)) return value.toString();
  throw new TypeError(`a script answered ${shown(value)} where a text was expected`);
}

/** Bytes: a view of the answer. */
export function bytesOf(value: Unpacked | undefined): Uint8Array {
  if (Buffer.isBuffer(value)) return new Uint8Array(value.buffer, value.byteOffset, value.length);
  throw new TypeError(`a script answered ${shown(value)} where bytes were expected`);
}

/** The value, unless there is none. */
export function maybe<T>(value: Unpacked | undefined, read: (value: Unpacked) => T): T | undefined {
  return value === undefined || value === false ? undefined : read(value);
}

const shown = (value: Unpacked | undefined): string =>
  Buffer.isBuffer(value) ? JSON.stringify(value.toString()) : JSON.stringify(value);
