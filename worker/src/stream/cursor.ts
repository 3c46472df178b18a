const varintBytesMax = 10;

/** Reads protobuf from bytes, value by value. Throws a RangeError where they end too early. */
export class Cursor {
  readonly #bytes: Uint8Array;
  /** The same, for its texts. */
  readonly #buffer: Buffer;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** A number below 2^53; tags and lengths, too. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < varintBytesMax; count += 1) {
      const byte = this.#bytes[this.at];
      if (byte === undefined) break;
      this.at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw new RangeError("a frame ends within a number");
  }

  /** Where that ends whose length comes next. */
  end(): number {
    const length = this.varint();
    const end = this.at + length;
    if (end > this.#bytes.length) throw new RangeError("a frame is shorter than it says");
    return end;
  }

  /** A view of the next bytes, which come with their length. */
  bytes(): Uint8Array {
    const end = this.end();
    return this.view(this.at, end);
  }

  /** The next text, which comes with its length. */
  text(): string {
    const end = this.end();
    const text = this.#buffer.toString("utf8", this.at, end);
    this.at = end;
    return text;
  }

  /** A view of these bytes; goes on behind them. */
  view(from: number, to: number): Uint8Array {
    this.at = to;
    return this.#bytes.subarray(from, to);
  }
}
