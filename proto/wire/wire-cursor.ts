import { isUtf8 } from "node:buffer";
import { WireType } from "@bufbuild/protobuf/wire";

const varintBytesMax = 10;

/**
 * Reads protobuf by hand, for hot paths: value by value, making no object that is not asked for. It takes numbers that are written in
 * the shortest way, as every encoder does, and throws a RangeError at any other and where bytes end too early; whoever reads with it
 * has the generated codec for those.
 */
export class WireCursor {
  readonly buffer: Buffer;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A number below 2^53; tags and lengths, too. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let read = 1; read <= varintBytesMax; read += 1) {
      const byte = this.buffer[this.at];
      if (byte === undefined) break;
      this.at += 1;
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte >= 0x80) continue;
      if (byte === 0 && read > 1) break;
      return value;
    }
    throw new RangeError("a number ends too early, or is longer than it need be");
  }

  /** Where that ends whose length comes next; not beyond `within`. */
  end(within = this.buffer.length): number {
    const length = this.varint();
    const end = this.at + length;
    if (end > within) throw new RangeError("a field is shorter than it says");
    return end;
  }

  /** Moves over a tag of one byte if it is the next, and before `end`. */
  takeTag(tag: number, end: number): boolean {
    if (this.at >= end || this.buffer[this.at] !== tag) return false;
    this.at += 1;
    return true;
  }

  /** The next text, which comes with its length. As "latin1" a character is a byte, whatever was meant. */
  text(within = this.buffer.length, encoding: "utf8" | "latin1" = "utf8"): string {
    const end = this.end(within);
    const text = this.buffer.toString(encoding, this.at, end);
    this.at = end;
    return text;
  }

  /** A view of the next bytes, which come with their length. */
  bytes(): Uint8Array {
    const end = this.end();
    return this.view(this.at, end);
  }

  /** A view of these bytes; goes on behind them. */
  view(from: number, to: number): Uint8Array {
    this.at = to;
    return new Uint8Array(this.buffer.buffer, this.buffer.byteOffset + from, to - from);
  }

  /** Moves over a field that is a number or has a length; throws at others. */
  skipField(): void {
    const wireType = this.varint() & 7;
    if (wireType === WireType.LengthDelimited) this.at = this.end();
    else if (wireType === WireType.Varint) this.varint();
    else throw new RangeError("a field is neither a number nor has a length");
  }

  /** True when the bytes from here to `end` are UTF-8. */
  isUtf8To(end: number): boolean {
    for (let at = this.at; at < end; at += 1)
      if ((this.buffer[at] as number) >= 0x80) return isUtf8(this.buffer.subarray(at, end));
    return true;
  }
}
