import { expect, test } from "vitest";
import { createScratch, writeUintField } from "./scratch.ts";

test("a number field that is zero is left out", () => {
  expect(createScratch()((writer) => writeUintField(writer, 3, 0))).toHaveLength(0);
  expect([...createScratch()((writer) => writeUintField(writer, 3, 5))]).toEqual([24, 5]);
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

test("encoded bytes stay as they are", () => {
  const encode = createScratch();
  const first = encode((writer) => writer.string("first"));
  for (let i = 0; i < 10_000; i += 1) encode((writer) => writer.string("another one"));
  expect(Buffer.from(first.subarray(1)).toString()).toBe("first");
});
