import { WireType } from "@bufbuild/protobuf/wire";

/** Messages share buffers of this size: one of their own each would cost several times what writing them does. */
const slabBytes = 64 * 1024;
/** What a length of any message that we write takes at most, and what a number does. */
const lengthBytesMax = 5;
const varintBytesMax = 10;
/** A text of so many characters is shorter than 128 bytes, whatever they are. */
const shortTextChars = 42;

/**
 * Writes protobuf by hand, for hot paths: what BinaryWriter writes, without a buffer for every text and every message. Finished
 * messages are views of shared buffers, never written again; whoever keeps one for long keeps a copy.
 */
export class ProtoWriter {
  #slab = Buffer.allocUnsafeSlow(slabBytes);
  /** Where the message begins that is being written, and where it goes on. */
  #start = 0;
  #at = 0;
  /** Places of lengths that are still open, from the beginning of the message. */
  readonly #open: number[] = [];

  /** How long the message is so far. */
  get size(): number {
    return this.#at - this.#start;
  }

  /** Ends the message; the next one begins. */
  finish(): Uint8Array {
    const message = new Uint8Array(this.#slab.buffer, this.#start, this.size);
    this.#start = this.#at;
    return message;
  }

  /** The message so far, until something else is written. */
  peek(): Uint8Array {
    return this.#slab.subarray(this.#start, this.#at);
  }

  /** Forgets what was written of the message. */
  discard(): void {
    this.#at = this.#start;
    this.#open.length = 0;
  }

  tag(field: number, type: WireType): this {
    return this.uint32(((field << 3) | type) >>> 0);
  }

  uint32(value: number): this {
    this.#reserve(varintBytesMax);
    let rest = value;
    while (rest > 127) {
      this.#slab[this.#at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#slab[this.#at++] = rest;
    return this;
  }

  int32(value: number): this {
    return value < 0 ? this.int64(BigInt(value)) : this.uint32(value);
  }

  int64(value: bigint): this {
    this.#reserve(varintBytesMax);
    let rest = BigInt.asUintN(64, value);
    while (rest > 127n) {
      this.#slab[this.#at++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.#slab[this.#at++] = Number(rest);
    return this;
  }

  /** A whole number from 0 to 2^53, as a varint of 64 bits: times and fences, without the way over BigInt. */
  uint53(value: number): this {
    this.#reserve(varintBytesMax);
    let rest = value;
    for (; rest >= 2 ** 32; rest = Math.floor(rest / 128)) this.#slab[this.#at++] = (rest % 128) + 128;
    return this.uint32(rest);
  }

  double(value: number): this {
    this.#reserve(8);
    this.#at = this.#slab.writeDoubleLE(value, this.#at);
    return this;
  }

  string(text: string): this {
    if (text.length <= shortTextChars) {
      this.#reserve(1 + text.length * 3);
      const bytes = this.#slab.write(text, this.#at + 1);
      this.#slab[this.#at] = bytes;
      this.#at += 1 + bytes;
      return this;
    }
    const bytes = Buffer.byteLength(text);
    this.uint32(bytes);
    this.#reserve(bytes);
    this.#at += this.#slab.write(text, this.#at);
    return this;
  }

  bytes(value: Uint8Array): this {
    return this.uint32(value.length).raw(value);
  }

  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#slab.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  /** A map of strings in the order of its keys, so that equal maps are equal bytes; without the keys in `skip`. */
  map(field: number, entries: Readonly<Record<string, string>>, skip?: ReadonlySet<string>): this {
    const keys = Object.keys(entries);
    if (keys.length > 1) keys.sort();
    for (const key of keys) {
      if (skip?.has(key)) continue;
      this.tag(field, WireType.LengthDelimited).fork();
      this.tag(1, WireType.LengthDelimited).string(key);
      this.tag(2, WireType.LengthDelimited).string(entries[key] ?? "");
      this.join();
    }
    return this;
  }

  /** Begins a message in the message, whose length comes with `join`. */
  fork(): this {
    this.#reserve(1);
    this.#open.push(this.size);
    this.#at += 1;
    return this;
  }

  /** Ends the message that was begun last. Nearly all lengths fit the one byte that was left for them; else its bytes move up. */
  join(): this {
    const place = this.#open.pop();
    if (place === undefined) throw new Error("no message in the message is open");
    const length = this.size - place - 1;
    if (length > 127) this.#widen(place, length);
    this.#writeLength(this.#start + place, length);
    return this;
  }

  #widen(place: number, length: number): void {
    this.#reserve(lengthBytesMax);
    const more = Math.ceil((32 - Math.clz32(length)) / 7) - 1;
    const from = this.#start + place + 1;
    this.#slab.copyWithin(from + more, from, this.#at);
    this.#at += more;
  }

  #writeLength(at: number, length: number): void {
    let rest = length;
    let place = at;
    for (; rest > 127; rest >>>= 7) this.#slab[place++] = (rest & 127) | 128;
    this.#slab[place] = rest;
  }

  /** Makes room for more of this message; a full buffer is left to those who have its messages, and a new one begun. */
  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#slab.length) return;
    const size = this.size;
    const needed = size + bytes;
    // A message that outgrows a buffer is likely to go on growing.
    const wider = Buffer.allocUnsafeSlow(needed > slabBytes / 2 ? needed * 2 : slabBytes);
    this.#slab.copy(wider, 0, this.#start, this.#at);
    this.#slab = wider;
    this.#start = 0;
    this.#at = size;
  }
}
