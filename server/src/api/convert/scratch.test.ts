import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createScratch, writeMap, writeUint, writeUintField } from "./scratch.ts";

test("a whole number up to 2^53 is written as the library writes it", () => {
  const edges = [0, 1, 127, 128, 2 ** 28 - 1, 2 ** 28, 2 ** 32 - 1, 2 ** 32, 2 ** 35, 2 ** 53 - 1];
  const number = fc.oneof(fc.constantFrom(...edges), fc.maxSafeNat());
  fc.assert(
    fc.property(number, (value) => {
      const ours = createScratch()((writer) => writeUint(writer, value));
      expect(ours).toEqual(new BinaryWriter().uint64(BigInt(value)).finish());
      expect(new BinaryReader(ours).uint64()).toBe(BigInt(value));
    }),
  );
});

test("a number field that is zero is left out", () => {
  expect(createScratch()((writer) => writeUintField(writer, 3, 0))).toHaveLength(0);
  expect([...createScratch()((writer) => writeUintField(writer, 3, 5))]).toEqual([24, 5]);
});

test("equal maps are equal bytes, whatever the order of their keys", () => {
  const encode = createScratch();
  const bytes = (map: Record<string, string>, skip?: Set<string>) =>
    encode((writer) => writeMap(writer, 6, map, skip));
  expect(bytes({ b: "2", a: "1" })).toEqual(bytes({ a: "1", b: "2" }));
  expect(bytes({ a: "1", b: "2" }, new Set(["b"]))).toEqual(bytes({ a: "1" }));
});

test("what failed half-way does not begin the next message", () => {
  const encode = createScratch();
  expect(() =>
    encode((writer) => {
      writer.string("half");
      throw new Error("stop");
    }),
  ).toThrow("stop");
  expect([...encode((writer) => writer.uint32(7))]).toEqual([7]);
});

test("encoded bytes are a buffer of their own", () => {
  const encode = createScratch();
  const first = encode((writer) => writer.string("first"));
  encode((writer) => writer.string("other"));
  expect(first.buffer.byteLength).toBe(first.length);
  expect(Buffer.from(first.subarray(1)).toString()).toBe("first");
});
