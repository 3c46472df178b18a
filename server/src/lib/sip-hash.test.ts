import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { type SipHash, sipHash, sipKeyOf } from "./sip-hash.ts";

const counting = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, at) => at));
const key = sipKeyOf(counting(16));

/** As the paper and OpenSSL write it down. */
function textOf({ low, high }: SipHash): string {
  const bytes = Buffer.alloc(8);
  bytes.writeInt32LE(low, 0);
  bytes.writeInt32LE(high, 4);
  return bytes.toString("hex");
}

test("it is the hash of the paper's example, and of its authors' vectors", () => {
  expect(textOf(sipHash(key, counting(15)))).toBe("e545be4961ca29a1");
  expect(textOf(sipHash(key, counting(0)))).toBe("310e0edd47db6f72");
  expect(textOf(sipHash(key, counting(63)))).toBe("724506eb4c328a95");
  const all = Array.from({ length: 64 }, (_, length) => textOf(sipHash(key, counting(length)))).join("");
  expect(createHash("sha256").update(all).digest("hex"), "all 64 of them").toBe(
    "084bebe986de3d2d4196abee203dcf7cae5f69c71c22ab2082e5fc86fe9805c4",
  );
});

test("what stands before the message, or behind a view of it, has no say", () => {
  const message = counting(21);
  const frame = Buffer.concat([Buffer.alloc(5, 0xff), message, Buffer.alloc(9, 0xff)]);
  expect(sipHash(key, frame.subarray(0, 26), 5)).toEqual(sipHash(key, message));
});

test("every bit of key and message counts, and so do zeros at the end", () => {
  const message = Buffer.alloc(52, 0x5a);
  const hashes = [
    textOf(sipHash(key, message)),
    textOf(sipHash(key, Buffer.concat([message, Buffer.alloc(1)]))),
  ];
  for (let bit = 0; bit < message.length * 8; bit++) {
    message.writeUInt8(message.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    hashes.push(textOf(sipHash(key, message)));
    message.writeUInt8(message.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  }
  for (let bit = 0; bit < 128; bit++) {
    const other = counting(16);
    other.writeUInt8(other.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    hashes.push(textOf(sipHash(sipKeyOf(other), message)));
  }
  expect(new Set(hashes).size).toBe(hashes.length);
});
