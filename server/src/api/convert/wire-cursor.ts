import { isUtf8 } from "node:buffer";
import { WireType } from "@bufbuild/protobuf/wire";

const varintBytesMax = 5;

/** Where the reader of some bytes is. It takes what is written in the shortest way, as every encoder does, and nothing else. */
export class WireCursor {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Moves over a tag of one byte if it is the next, and before `end`. */
  takeTag(tag: number, end: number): boolean {
    if (this.at >= end || this.bytes[this.at] !== tag) return false;
    this.at += 1;
    return true;
  }

  /** Reads a length, and moves to what it is the length of; -1 where that would reach beyond `end`. */
  takeLength(end: number): number {
    let length = 0;
    for (let read = 0; read < varintBytesMax && this.at < end; read += 1) {
      const byte = this.bytes[this.at++] ?? 0;
      length += (byte & 0x7f) * 2 ** (7 * read);
      if (byte >= 0x80) continue;
      const isShortest = byte > 0 || read === 0;
      return isShortest && length <= end - this.at ? length : -1;
    }
    return -1;
  }

  /** Reads a text with its length, a character a byte; undefined where it is not there. */
  takeText(end: number): string | undefined {
    const length = this.takeLength(end);
    if (length < 0) return undefined;
    const from = this.at;
    this.at += length;
    return this.bytes.toString("latin1", from, this.at);
  }

  /** Moves over a field below 16 that is a number or has a length; false where it is another, or not whole. */
  skipField(): boolean {
    const end = this.bytes.length;
    const tag = this.bytes[this.at++] ?? 0;
    if (tag >= 0x80) return false;
    const wireType = tag & 7;
    if (wireType === WireType.LengthDelimited) {
      const length = this.takeLength(end);
      this.at += length;
      return length >= 0;
    }
    if (wireType !== WireType.Varint) return false;
    const number = this.takeLength(Number.POSITIVE_INFINITY);
    return number >= 0 && this.at <= end;
  }

  /** True when the bytes from here to `end` are UTF-8. */
  isUtf8To(end: number): boolean {
    for (let at = this.at; at < end; at += 1)
      if ((this.bytes[at] as number) >= 0x80) return isUtf8(this.bytes.subarray(at, end));
    return true;
  }
}
