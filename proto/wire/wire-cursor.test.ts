import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { WireCursor } from "./wire-cursor.ts";

const cursorOn = (...bytes: number[]) => new WireCursor(Uint8Array.from(bytes));

test("numbers and texts are read as they were written", () => {
  fc.assert(
    fc.property(fc.nat(), fc.string({ unit: "grapheme", maxLength: 300 }), (number, text) => {
      const cursor = new WireCursor(
        new BinaryWriter().uint32(number).string(text).bytes(Uint8Array.of(7)).finish(),
      );
      expect([cursor.varint(), cursor.text(), [...cursor.bytes()]]).toEqual([number, text, [7]]);
      expect(cursor.at).toBe(cursor.buffer.length);
    }),
  );
});

test.each<[string, number[]]>([
  ["a number that ends too early", [0x80]],
  ["nothing at all", []],
  ["a number that is longer than it need be", [0x81, 0x00]],
  ["a number without end", new Array(11).fill(0x80)],
])("%s is refused", (_, bytes) => {
  expect(() => cursorOn(...bytes).varint()).toThrow(RangeError);
});

test("a length may not reach beyond what it stands in", () => {
  expect(cursorOn(2, 1, 1).end()).toBe(3);
  expect(() => cursorOn(2, 1, 1).end(2)).toThrow("shorter than it says");
  expect(() => cursorOn(2, 1).text()).toThrow(RangeError);
});

test("a tag is taken only where it is next, and inside", () => {
  const cursor = cursorOn(0x0a, 0x0a);
  expect([cursor.takeTag(0x12, 2), cursor.takeTag(0x0a, 1), cursor.takeTag(0x0a, 1)]).toEqual([
    false,
    true,
    false,
  ]);
});

test("fields are passed over by their wire type; tags may be long", () => {
  const writer = new BinaryWriter()
    .tag(300, WireType.LengthDelimited)
    .string("abc")
    .tag(1, WireType.Varint)
    .uint32(300);
  const cursor = new WireCursor(writer.finish());
  cursor.skipField();
  cursor.skipField();
  expect(cursor.at).toBe(cursor.buffer.length);
  expect(() => cursorOn(0x0d, 0, 0, 0, 0).skipField()).toThrow(RangeError);
});

test.each<[number[], boolean]>([
  [[0x61], true],
  [[0xc3, 0xa4], true],
  [[0x61, 0xff], false],
  [[0xed, 0xa0, 0x80], false],
])("%j is UTF-8: %s", (bytes, isText) => {
  expect(cursorOn(...bytes).isUtf8To(bytes.length)).toBe(isText);
});
