import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ProtoWriter } from "./proto-writer.ts";

/** One thing that both writers know how to write. */
type Step = (writer: ProtoWriter | BinaryWriter) => unknown;

const edges = [0, 1, 127, 128, 16_383, 16_384, 2 ** 28, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 60 }),
  fc.nat(40).map((length) => "ü".repeat(length)),
  fc.nat(400).map((length) => "x".repeat(length)),
);
const bytes = fc.uint8Array({ maxLength: 300 });
const leaf: fc.Arbitrary<Step> = fc.oneof(
  text.map(
    (value): Step =>
      (writer) =>
        writer.string(value),
  ),
  bytes.map(
    (value): Step =>
      (writer) =>
        writer.bytes(value),
  ),
  bytes.map(
    (value): Step =>
      (writer) =>
        writer.raw(value),
  ),
  fc.oneof(fc.constantFrom(...edges), fc.nat()).map(
    (value): Step =>
      (writer) =>
        writer.uint32(value),
  ),
  fc.integer().map(
    (value): Step =>
      (writer) =>
        writer.int32(value),
  ),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(
    (value): Step =>
      (writer) =>
        writer.int64(value),
  ),
  fc.double().map(
    (value): Step =>
      (writer) =>
        writer.double(value),
  ),
  fc.integer({ min: 1, max: 2 ** 29 - 1 }).map(
    (no): Step =>
      (writer) =>
        writer.tag(no, WireType.Varint),
  ),
);
/** Messages in messages, some of them longer than a length of one byte says. */
const step: fc.Arbitrary<Step> = fc.letrec<{ step: Step }>((tie) => ({
  step: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie("step"), { maxLength: 6 }).map(
      (steps): Step =>
        (writer) => {
          writer.fork();
          for (const inner of steps) inner(writer);
          writer.join();
        },
    ),
  ),
})).step;

test("what is written is what the library writes", () => {
  const ours = new ProtoWriter();
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const theirs = new BinaryWriter();
      for (const each of steps) {
        each(ours);
        each(theirs);
      }
      expect(Buffer.compare(ours.finish(), theirs.finish())).toBe(0);
    }),
    { numRuns: 1000 },
  );
});

test("a whole number up to 2^53 is written as the library writes it", () => {
  const number = fc.oneof(fc.constantFrom(...edges, 2 ** 35, 2 ** 53 - 1), fc.maxSafeNat());
  fc.assert(
    fc.property(number, (value) => {
      const ours = new ProtoWriter().uint53(value).finish();
      expect(new Uint8Array(ours)).toEqual(new BinaryWriter().uint64(BigInt(value)).finish());
      expect(new BinaryReader(ours).uint64()).toBe(BigInt(value));
    }),
  );
});

test("a message of any size is one piece, and the ones before it stay as they are", () => {
  const writer = new ProtoWriter();
  const small = writer.string("small").finish();
  const large = "y".repeat(3_000_000);
  for (let i = 0; i < 3; i += 1) {
    const message = writer.fork().string(large).raw(new Uint8Array(70_000)).join().finish();
    const reader = new BinaryReader(message);
    expect(reader.uint32()).toBe(message.length - 4);
    expect(reader.string() === large).toBe(true);
  }
  expect(new BinaryReader(small).string()).toBe("small");
});

test("what is discarded leaves no trace", () => {
  const writer = new ProtoWriter();
  writer.string("half").fork().uint32(1);
  writer.discard();
  expect(writer.size).toBe(0);
  expect([...writer.uint32(7).finish()]).toEqual([7]);
  expect(() => writer.join()).toThrow("open");
});

test("equal maps are equal bytes, whatever the order of their keys", () => {
  const bytes = (map: Record<string, string>, skip?: Set<string>) =>
    new ProtoWriter().map(6, map, skip).finish();
  expect(bytes({ b: "2", a: "1" })).toEqual(bytes({ a: "1", b: "2" }));
  expect(bytes({ a: "1", b: "2" }, new Set(["b"]))).toEqual(bytes({ a: "1" }));
});
