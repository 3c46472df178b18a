/**
 * What crosses between threads: columns of texts, numbers and one buffer of bytes, written and read in the same order. Cloning an
 * object a task would cost more than storing it, and cloning a view of a received frame would copy the whole frame.
 */

/** Values in columns, ready to be posted. */
export type Packet = {
  /** Texts that differ from each other, such as ids, one behind the other: a thousand short ones cost more to post than one long one. */
  readonly texts: string;
  /** Texts that come again and again, such as queue names; numbers point into them. */
  readonly words: readonly string[];
  readonly numbers: Float64Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
};

/** How many numbers and bytes a packet holds. */
export type PacketSize = { readonly numbers: number; readonly bytes: number };

/** Collects values; a packet belongs to one writer and is posted once. */
export class PacketWriter {
  readonly #texts: string[] = [];
  readonly #words: string[] = [];
  readonly #wordPlaces = new Map<string, number>();
  #numbers: Float64Array<ArrayBuffer>;
  #numberCount = 0;
  #bytes: Uint8Array<ArrayBuffer>;
  #byteCount = 0;

  /** Begins with room for so much; what is beyond it is made room for. */
  constructor({ numbers, bytes }: PacketSize = { numbers: 32, bytes: 512 }) {
    this.#numbers = new Float64Array(numbers);
    this.#bytes = new Uint8Array(bytes);
  }

  /** How much was written so far. */
  get size(): PacketSize {
    return { numbers: this.#numberCount, bytes: this.#byteCount };
  }

  number(value: number): void {
    if (this.#numberCount === this.#numbers.length) {
      const wider = new Float64Array(this.#numbers.length * 4);
      wider.set(this.#numbers);
      this.#numbers = wider;
    }
    this.#numbers[this.#numberCount] = value;
    this.#numberCount += 1;
  }

  /** No number that we keep is NaN, so that it can stand for none. */
  optionalNumber(value: number | undefined): void {
    this.number(value ?? Number.NaN);
  }

  flag(value: boolean): void {
    this.number(value ? 1 : 0);
  }

  text(value: string): void {
    this.number(value.length);
    this.#texts.push(value);
  }

  optionalText(value: string | undefined): void {
    if (value === undefined) this.number(-1);
    else this.text(value);
  }

  /** A text that is likely to come again. */
  word(value: string): void {
    let place = this.#wordPlaces.get(value);
    if (place === undefined) {
      place = this.#words.push(value) - 1;
      this.#wordPlaces.set(value, place);
    }
    this.number(place);
  }

  /** Copies the bytes: what they are a view of stays behind. */
  bytes(value: Uint8Array): void {
    this.number(value.length);
    const end = this.#byteCount + value.length;
    if (end > this.#bytes.length) this.#widenBytes(end);
    this.#bytes.set(value, this.#byteCount);
    this.#byteCount = end;
  }

  optionalBytes(value: Uint8Array | undefined): void {
    if (value === undefined) this.number(-1);
    else this.bytes(value);
  }

  /** Ends the writing. */
  packet(): Packet {
    return { texts: this.#texts.join(""), words: this.#words, numbers: this.#numbers, bytes: this.#bytes };
  }

  #widenBytes(needed: number): void {
    const wider = new Uint8Array(Math.max(needed, this.#bytes.length * 4));
    wider.set(this.#bytes.subarray(0, this.#byteCount));
    this.#bytes = wider;
  }
}

/** Reads values back in the order of writing. */
export class PacketReader {
  readonly #packet: Packet;
  #textPlace = 0;
  #numberPlace = 0;
  #bytePlace = 0;

  constructor(packet: Packet) {
    this.#packet = packet;
  }

  number(): number {
    const value = this.#packet.numbers[this.#numberPlace];
    if (value === undefined) throw new RangeError("a packet was read beyond its end");
    this.#numberPlace += 1;
    return value;
  }

  optionalNumber(): number | undefined {
    const value = this.number();
    return Number.isNaN(value) ? undefined : value;
  }

  flag(): boolean {
    return this.number() === 1;
  }

  text(): string {
    return this.#takeText(this.number());
  }

  optionalText(): string | undefined {
    const length = this.number();
    return length < 0 ? undefined : this.#takeText(length);
  }

  word(): string {
    const value = this.#packet.words[this.number()];
    if (value === undefined) throw new RangeError("a packet has no such word");
    return value;
  }

  /** A view of the packet's buffer. */
  bytes(): Uint8Array {
    return this.#take(this.number());
  }

  optionalBytes(): Uint8Array | undefined {
    const length = this.number();
    return length < 0 ? undefined : this.#take(length);
  }

  #takeText(length: number): string {
    const from = this.#textPlace;
    this.#textPlace += length;
    return this.#packet.texts.slice(from, this.#textPlace);
  }

  #take(length: number): Uint8Array {
    const from = this.#bytePlace;
    this.#bytePlace += length;
    return this.#packet.bytes.subarray(from, this.#bytePlace);
  }
}
