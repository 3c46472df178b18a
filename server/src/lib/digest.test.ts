import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { digest48, digestOf } from "./digest.ts";

test("no two lists look alike, however their parts join", () => {
  const lists = [["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], ["", "abc"], []];
  expect(new Set(lists.map((parts) => digestOf(parts))).size).toBe(lists.length);
  expect(digestOf(["é"])).toEqual(digestOf([Buffer.from("é")]));
  expect(digestOf(["a"])).toHaveLength(43);
});

test("the short digest is the first 48 bits of SHA-256", () => {
  const bytes = Buffer.from("a result");
  expect(digest48(bytes)).toBe(createHash("sha256").update(bytes).digest().readUIntBE(0, 6));
});
