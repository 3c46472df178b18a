/** How long a key is, in bytes. */
export const sipKeyBytes = 16;

/** A key, as its four words. */
export type SipKey = { readonly k0: number; readonly k1: number; readonly k2: number; readonly k3: number };

/** A hash, as its two halves; both are signed. */
export type SipHash = { readonly low: number; readonly high: number };

/** The key that the first 16 bytes are. */
export const sipKeyOf = (bytes: Uint8Array): SipKey => ({
  k0: wordAt(bytes, 0),
  k1: wordAt(bytes, 4),
  k2: wordAt(bytes, 8),
  k3: wordAt(bytes, 12),
});

/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012) of the bytes from `from` on: 64 bits that nobody can tell without the key, however many
 * messages and hashes they have seen. Made for short messages of which there are many. An HMAC takes twenty times as long here,
 * nearly all of it on the way into the library and back, which a few sums in place do not have to go.
 */
export function sipHash(key: SipKey, bytes: Uint8Array, from = 0): SipHash {
  const { k0, k1, k2, k3 } = key;
  // The state is four numbers of 64 bits, a to d. They are kept in halves, because a BigInt would cost more than an HMAC.
  let aLow = k0 ^ 0x70736575;
  let aHigh = k1 ^ 0x736f6d65;
  let bLow = k2 ^ 0x6e646f6d;
  let bHigh = k3 ^ 0x646f7261;
  let cLow = k0 ^ 0x6e657261;
  let cHigh = k1 ^ 0x6c796765;
  let dLow = k2 ^ 0x79746573;
  let dHigh = k3 ^ 0x74656462;
  const length = bytes.length - from;
  const steps = (length >> 3) + 1;
  for (let step = 0; step <= steps; step++) {
    const isEnd = step === steps;
    // What is behind the last byte counts as zeros, and the length stands in the highest byte of the last number.
    const low = isEnd ? 0 : wordAt(bytes, from + step * 8);
    const high = isEnd ? 0 : wordAt(bytes, from + step * 8 + 4) | (step === steps - 1 ? length << 24 : 0);
    if (isEnd) cLow ^= 0xff;
    dLow ^= low;
    dHigh ^= high;
    for (let round = isEnd ? 4 : 2; round > 0; round--) {
      // a += b; b = (b <<< 13) ^ a; a <<<= 32
      let sum = (aLow + bLow) | 0;
      let upper = (aHigh + bHigh + carry(aLow, bLow, sum)) | 0;
      let old = bLow;
      bLow = ((bLow << 13) | (bHigh >>> 19)) ^ sum;
      bHigh = ((bHigh << 13) | (old >>> 19)) ^ upper;
      aLow = upper;
      aHigh = sum;
      // c += d; d = (d <<< 16) ^ c
      sum = (cLow + dLow) | 0;
      cHigh = (cHigh + dHigh + carry(cLow, dLow, sum)) | 0;
      cLow = sum;
      old = dLow;
      dLow = ((dLow << 16) | (dHigh >>> 16)) ^ cLow;
      dHigh = ((dHigh << 16) | (old >>> 16)) ^ cHigh;
      // a += d; d = (d <<< 21) ^ a
      sum = (aLow + dLow) | 0;
      aHigh = (aHigh + dHigh + carry(aLow, dLow, sum)) | 0;
      aLow = sum;
      old = dLow;
      dLow = ((dLow << 21) | (dHigh >>> 11)) ^ aLow;
      dHigh = ((dHigh << 21) | (old >>> 11)) ^ aHigh;
      // c += b; b = (b <<< 17) ^ c; c <<<= 32
      sum = (cLow + bLow) | 0;
      upper = (cHigh + bHigh + carry(cLow, bLow, sum)) | 0;
      old = bLow;
      bLow = ((bLow << 17) | (bHigh >>> 15)) ^ sum;
      bHigh = ((bHigh << 17) | (old >>> 15)) ^ upper;
      cLow = upper;
      cHigh = sum;
    }
    aLow ^= low;
    aHigh ^= high;
  }
  return { low: aLow ^ bLow ^ cLow ^ dLow, high: aHigh ^ bHigh ^ cHigh ^ dHigh };
}

/** What two halves carry over to the next, given their sum. By bits: a comparison would be guessed wrong half the time, which doubles the cost. */
const carry = (a: number, b: number, sum: number): number => ((a & b) | ((a | b) & ~sum)) >>> 31;

/** Four bytes as a signed number, the lowest first; zeros behind the end. */
const wordAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) |
  ((bytes[at + 1] ?? 0) << 8) |
  ((bytes[at + 2] ?? 0) << 16) |
  ((bytes[at + 3] ?? 0) << 24);
