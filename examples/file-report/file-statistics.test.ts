import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTextCounter, measureFile } from "./file-statistics.ts";

function countInPieces(bytes: Uint8Array, size: number) {
  const counter = createTextCounter();
  for (let at = 0; at < bytes.length; at += size) counter.add(bytes.subarray(at, at + size));
  return counter.end();
}

test.each<[string, string | Uint8Array, { lines: number; words: number } | undefined]>([
  ["nothing", "", { lines: 0, words: 0 }],
  ["a line without an end", "one two", { lines: 1, words: 2 }],
  ["lines with ends", "one\ntwo three\n", { lines: 2, words: 3 }],
  ["white space alone", " \n\t\n", { lines: 2, words: 0 }],
  ["letters of several bytes", "żółć 日本\n🌿 x", { lines: 2, words: 4 }],
  ["a NUL", "a\0b", undefined],
  ["bytes that are not UTF-8", Uint8Array.of(0x61, 0xff, 0x62), undefined],
  ["half a character at the end", Uint8Array.of(0x61, 0xe2, 0x82), undefined],
])("%s is counted alike in pieces of any size", (_, content, expected) => {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  for (const size of [1, 2, 3, 5, 1000]) expect(countInPieces(bytes, size)).toEqual(expected);
});

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "stem-statistics-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("a file of many pieces has the digest of the whole", async () => {
  const text = "lorem ipsum dolor\n".repeat(60_000);
  const file = path.join(folder, "long.txt");
  writeFileSync(file, text);
  expect(await measureFile(file)).toEqual({
    bytes: text.length,
    digest: createHash("sha256").update(text).digest("hex"),
    text: { lines: 60_000, words: 180_000 },
  });
});

test("a binary file has a digest and no counts", async () => {
  const file = path.join(folder, "image");
  writeFileSync(file, Uint8Array.of(1, 0, 2));
  const { digest, text } = await measureFile(file);
  expect([digest.length, text]).toEqual([64, undefined]);
});
