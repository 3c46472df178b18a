import { expect, test } from "vitest";
import { createDepthScan, withinJsonDepth } from "./json-depth.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test.each([
  ["1", 0],
  ["[]", 1],
  ['{"a":[{"b":1}]}', 3],
  ["[[],[],[[]]]", 3],
  ['"[[[["', 0],
  ['"\\"[[["', 0],
  ['["\\\\",[[1]]]', 3],
  ["]]]][", 1 - 4],
])("%s nests %i deep", (text, depth) => {
  expect(createDepthScan()(bytes(text))).toBe(Math.max(0, depth));
});

test("depth is counted on from piece to piece, wherever the pieces are cut", () => {
  const text = bytes('{"a\\"[":["\\\\",{"b":[[]]}]}');
  for (let cut = 0; cut <= text.length; cut += 1) {
    const scan = createDepthScan();
    scan(text.subarray(0, cut));
    expect(scan(text.subarray(cut))).toBe(5);
  }
});

async function passed(chunks: readonly string[], skipBytes = 0): Promise<string> {
  const source = (async function* () {
    yield* chunks.map(bytes);
  })();
  return Buffer.concat(await Array.fromAsync(withinJsonDepth(source, 2, skipBytes))).toString();
}

test("JSON within the depth passes unchanged", async () => {
  expect(await passed(['{"a":', "[1]", "}"])).toBe('{"a":[1]}');
});

test("JSON beyond the depth is refused", async () => {
  await expect(passed(["[[", "["])).rejects.toThrow("FIELD_INVALID");
});

test("what comes before the JSON is not looked at", async () => {
  expect(await passed(["[[", "[[[{}"], 5)).toBe("[[[[[{}");
});
