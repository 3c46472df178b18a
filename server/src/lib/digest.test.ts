import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { Digest, digest48, digestOf, idsNextTo } from "./digest.ts";

test("no two lists look alike, however their parts join", () => {
  const lists = [["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], ["", "abc"], []];
  expect(new Set(lists.map((parts) => digestOf(parts))).size).toBe(lists.length);
  expect(digestOf(["é"])).toEqual(digestOf([Buffer.from("é")]));
  expect(digestOf(["a"])).toHaveLength(43);
});

test("a list that comes part by part has the same digest, however long it is and its parts are", () => {
  const lengths = [0, 1, 5000, 16_379, 16_380, 16_381, 50_000];
  for (const length of lengths) {
    const parts = [
      "first",
      "é".repeat(length),
      Buffer.alloc(length, 7),
      ...new Array<string>(9).fill("x".repeat(3000)),
      "",
    ];
    const digest = new Digest();
    for (const part of parts) digest.add(part);
    expect(digest.text()).toBe(digestOf(parts));
  }
  expect(new Digest().text()).toBe(digestOf([]));
});

test("the short digest is the first 48 bits of SHA-256", () => {
  const bytes = Buffer.from("a result");
  expect(digest48(bytes)).toBe(createHash("sha256").update(bytes).digest().readUIntBE(0, 6));
});

test("ids that follow from a list stand next to what they are made beside, and tell their paths", () => {
  const idOf = idsNextTo("0198f3a2-7c1d-7000-8000-000000000000", ["canvas", "default", "c"]);
  expect(idOf("0.3")).toMatch(/^0198f3a2-7c1d\.[\w-]{22}\.0\.3$/);
  expect(idsNextTo("0198f3a2-7c1d-7", ["canvas", "default", "d"])("0.3")).not.toBe(idOf("0.3"));
});

test("a long path is told by its digest, so that ids stay short", () => {
  const idOf = idsNextTo("a", ["b"]);
  const [one, other] = [idOf(`${"0.".repeat(100)}1`), idOf(`${"0.".repeat(100)}2`)];
  expect(one).toMatch(/^a\.[\w-]{22}\.~[\w-]{32}$/);
  expect(other).not.toBe(one);
});
