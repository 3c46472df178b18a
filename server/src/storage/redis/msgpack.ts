/**
 * MessagePack, as far as scripts read and write it (their cmsgpack): numbers, texts, bytes, flags, lists and records. Texts and bytes are
 * the same to a script, so what is read is bytes, and whoever knows better makes a text of it.
 */

/** What can be packed; undefined crosses as false, which is what a script has for nothing. */
export type Packable =
  | undefined
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Packable[]
  | { readonly [key: string]: Packable };

/** What is unpacked. */
export type Unpacked = boolean | number | Buffer | Unpacked[] | { [key: string]: Unpacked };

const int32Max = 2 ** 31;

/** Packs a value. */
export function pack(value: Packable): Buffer {
  const writer = new Writer();
  writer.value(value);
  return writer.done();
}

class Writer {
  #bytes = Buffer.allocUnsafe(4096);
  #at = 0;

  done(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  value(value: Packable): void {
    if (value === undefined || value === false) this.#byte(0xc2);
    else if (value === true) this.#byte(0xc3);
    else if (typeof value === "number") this.#number(value);
    else if (typeof value === "string") this.#text(value);
    else if (value instanceof Uint8Array) this.#blob(value);
    else if (Array.isArray(value)) this.#list(value as readonly Packable[]);
    else this.#record(value as { readonly [key: string]: Packable });
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const wider = Buffer.allocUnsafe(Math.max(this.#at + count, this.#bytes.length * 2));
    this.#bytes.copy(wider, 0, 0, this.#at);
    this.#bytes = wider;
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  #number(value: number): void {
    this.#reserve(9);
    if (Number.isInteger(value) && value >= 0 && value < 128) this.#byte(value);
    else if (Number.isInteger(value) && value >= -int32Max && value < int32Max) {
      this.#bytes[this.#at] = 0xd2;
      this.#at = this.#bytes.writeInt32BE(value, this.#at + 1);
    } else {
      this.#bytes[this.#at] = 0xcb;
      this.#at = this.#bytes.writeDoubleBE(value, this.#at + 1);
    }
  }

  #text(value: string): void {
    const length = Buffer.byteLength(value);
    this.#length(length, 0xda, 0xdb);
    this.#reserve(length);
    this.#at += this.#bytes.write(value, this.#at);
  }

  #blob(value: Uint8Array): void {
    this.#length(value.length, 0xda, 0xdb);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  #list(items: readonly Packable[]): void {
    this.#length(items.length, 0xdc, 0xdd);
    for (const item of items) this.value(item);
  }

  #record(record: { readonly [key: string]: Packable }): void {
    const entries = Object.entries(record);
    this.#length(entries.length, 0xde, 0xdf);
    for (const [key, value] of entries) {
      this.#text(key);
      this.value(value);
    }
  }

  /** A length in two bytes or in four, behind the sign for either. */
  #length(length: number, short: number, long: number): void {
    this.#reserve(5);
    const isShort = length < 0x10000;
    this.#bytes[this.#at] = isShort ? short : long;
    this.#at = isShort
      ? this.#bytes.writeUInt16BE(length, this.#at + 1)
      : this.#bytes.writeUInt32BE(length, this.#at + 1);
  }
}

/** Unpacks what a script packed. Bytes are views of the answer. */
export function unpack(bytes: Buffer): Unpacked {
  return new Reader(bytes).value();
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  value(): Unpacked {
    const sign = this.#bytes.readUInt8(this.#at);
    this.#at += 1;
    if (sign < 0x80) return sign;
    if (sign < 0x90) return this.#record(sign & 0x0f);
    if (sign < 0xa0) return this.#list(sign & 0x0f);
    if (sign < 0xc0) return this.#blob(sign & 0x1f);
    if (sign >= 0xe0) return sign - 0x100;
    return this.#long(sign);
  }

  #long(sign: number): Unpacked {
    switch (sign) {
      case 0xc0:
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xd9:
        return this.#blob(this.#unsigned(1));
      case 0xc5:
      case 0xda:
        return this.#blob(this.#unsigned(2));
      case 0xc6:
      case 0xdb:
        return this.#blob(this.#unsigned(4));
      case 0xdc:
        return this.#list(this.#unsigned(2));
      case 0xdd:
        return this.#list(this.#unsigned(4));
      case 0xde:
        return this.#record(this.#unsigned(2));
      case 0xdf:
        return this.#record(this.#unsigned(4));
      default:
        return this.#number(sign);
    }
  }

  #number(sign: number): number {
    const from = this.#at;
    switch (sign) {
      case 0xca:
        this.#at += 4;
        return this.#bytes.readFloatBE(from);
      case 0xcb:
        this.#at += 8;
        return this.#bytes.readDoubleBE(from);
      case 0xcc:
        return this.#unsigned(1);
      case 0xcd:
        return this.#unsigned(2);
      case 0xce:
        return this.#unsigned(4);
      case 0xcf:
        this.#at += 8;
        return Number(this.#bytes.readBigUInt64BE(from));
      case 0xd0:
        this.#at += 1;
        return this.#bytes.readInt8(from);
      case 0xd1:
        this.#at += 2;
        return this.#bytes.readInt16BE(from);
      case 0xd2:
        this.#at += 4;
        return this.#bytes.readInt32BE(from);
      case 0xd3:
        this.#at += 8;
        return Number(this.#bytes.readBigInt64BE(from));
      default:
        throw new RangeError(`no packed value begins with ${sign}`);
    }
  }

  #unsigned(size: 1 | 2 | 4): number {
    const value = this.#bytes.readUIntBE(this.#at, size);
    this.#at += size;
    return value;
  }

  #blob(length: number): Buffer {
    const from = this.#at;
    this.#at += length;
    return this.#bytes.subarray(from, this.#at);
  }

  #list(length: number): Unpacked[] {
    const items: Unpacked[] = [];
    for (let i = 0; i < length; i += 1) items.push(this.value());
    return items;
  }

  #record(size: number): { [key: string]: Unpacked } {
    const record: { [key: string]: Unpacked } = {};
    for (let i = 0; i < size; i += 1) {
      const key = this.value();
      record[String(key)] = this.value();
    }
    return record;
  }
}
