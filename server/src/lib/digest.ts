import { createHash, type Hash, hash } from "node:crypto";

/** SHA-256 over a list: each part is preceded by its length, so that no two lists look alike. As text: 43 characters. */
export function digestOf(parts: readonly (string | Uint8Array)[]): string {
  let size = 0;
  for (const part of parts) size += lengthBytes + bytesIn(part);
  // One buffer and one call: a hash that is fed piece by piece costs many times as much.
  const whole = Buffer.allocUnsafe(size);
  let at = 0;
  for (const part of parts) {
    at = whole.writeUInt32BE(bytesIn(part), at);
    if (typeof part === "string") at += whole.write(part, at);
    else {
      whole.set(part, at);
      at += part.length;
    }
  }
  return digestOfBytes(whole);
}

/** The same over a list that comes part by part, and of which nothing is kept: for what would be too much to have all there. */
export class Digest {
  readonly #chunk = Buffer.allocUnsafe(chunkBytes);
  #at = 0;
  #hash: Hash | undefined;

  add(part: string | Uint8Array): void {
    const bytes = bytesIn(part);
    if (this.#at + lengthBytes + bytes > chunkBytes) this.#flush();
    this.#at = this.#chunk.writeUInt32BE(bytes, this.#at);
    if (lengthBytes + bytes > chunkBytes) {
      const hash = this.#flush();
      hash.update(part);
      return;
    }
    if (typeof part === "string") this.#chunk.write(part, this.#at);
    else this.#chunk.set(part, this.#at);
    this.#at += bytes;
  }

  /** Ends it. */
  text(): string {
    const rest = this.#chunk.subarray(0, this.#at);
    return this.#hash === undefined ? digestOfBytes(rest) : this.#hash.update(rest).digest("base64url");
  }

  #flush(): Hash {
    this.#hash ??= createHash("sha256");
    this.#hash.update(this.#chunk.subarray(0, this.#at));
    this.#at = 0;
    return this.#hash;
  }
}

/** So much is hashed at once: a hash that is fed part by part costs many times as much. */
const chunkBytes = 16 * 1024;

/**
 * Ids that follow from a list and a path, next to another one where ids are sorted. Most ids begin with the time at which they were made,
 * so an index has what comes in together in one place; ids that are nothing but a digest would each touch a page of their own. A person
 * sees the path in them.
 */
export function idsNextTo(other: string, parts: readonly string[]): (path: string) => string {
  const shared = `${other.slice(0, sharedChars)}.${digestOf(parts).slice(0, listChars)}.`;
  return (path) =>
    shared + (path.length <= pathCharsMax ? path : `~${digestOf([path]).slice(0, longPathChars)}`);
}

/** As many characters of a UUIDv7 say when it was made. */
const sharedChars = 13;
/** 132 bits: no two lists have the same. */
const listChars = 22;
/** Up to here the path is there to be read. */
const pathCharsMax = 64;
const longPathChars = 32;

const lengthBytes = 4;

const bytesIn = (part: string | Uint8Array): number =>
  typeof part === "string" ? Buffer.byteLength(part) : part.length;

/** SHA-256 of bytes, as text: 43 characters. */
export const digestOfBytes = (bytes: Uint8Array): string => hash("sha256", bytes, "base64url");

/** The first 48 bits of SHA-256 as a number: small enough to be exact, large enough to tell two values apart. */
export const digest48 = (bytes: Uint8Array): number =>
  Number.parseInt(hash("sha256", bytes, "hex").slice(0, 12), 16);
