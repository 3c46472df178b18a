import { expect, test } from "vitest";
import { createJsonScan, withinJsonBounds } from "./json-bounds.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test.each([
  ["1", 0, 0],
  ["[]", 1, 1],
  ['{"a":[{"b":1}]}', 3, 3],
  ["[[],[],[[]]]", 3, 7],
  ['"[[[[,"', 0, 0],
  ['"\\"[[[,"', 0, 0],
  ['["\\\\",[[1]]]', 3, 4],
  ["]]]][", 1 - 4, 1],
])("%s nests %i deep and has %i parts", (text, depth, parts) => {
  expect(createJsonScan()(bytes(text))).toEqual({ depth: Math.max(0, depth), parts });
});

test("depth and parts are counted on from piece to piece, wherever the pieces are cut", () => {
  const text = bytes('{"a\\"[":["\\\\",{"b":[[]]}]}');
  for (let cut = 0; cut <= text.length; cut += 1) {
    const scan = createJsonScan();
    scan(text.subarray(0, cut));
    expect(scan(text.subarray(cut))).toEqual({ depth: 5, parts: 6 });
  }
});

async function passed(chunks: readonly string[], skipBytes = 0): Promise<string> {
  const source = (async function* () {
    yield* chunks.map(bytes);
  })();
  return Buffer.concat(
    await Array.fromAsync(withinJsonBounds(source, { depthMax: 2, partsMax: 4, bytesMax: 20 }, skipBytes)),
  ).toString();
}

test("JSON within the depth passes unchanged", async () => {
  expect(await passed(['{"a":', "[1]", "}"])).toBe('{"a":[1]}');
});

test("JSON beyond the depth is refused", async () => {
  await expect(passed(["[[", "["])).rejects.toThrow("FIELD_INVALID");
});

test("JSON with too many parts is refused", async () => {
  expect(await passed(["[1,2,", "3,4]"])).toBe("[1,2,3,4]");
  await expect(passed(["[1,2,", "3,4", ",5]"])).rejects.toThrow("more than 4 brackets and commas");
});

test("what comes after a fault is read up to a bound, so that who sends it sees his answer", async () => {
  const chunksRead = async (count: number): Promise<number> => {
    let read = 0;
    const source = (async function* () {
      for (; read < count; read++) yield bytes("[[[[");
    })();
    const bounds = { depthMax: 2, partsMax: 4, bytesMax: 20 };
    await expect(Array.fromAsync(withinJsonBounds(source, bounds, 0))).rejects.toThrow("FIELD_INVALID");
    return read;
  };
  expect(await chunksRead(3)).toBe(3);
  expect(await chunksRead(100)).toBe(5);
});

test("what comes before the JSON is not looked at", async () => {
  expect(await passed(["[[", "[[[{}"], 5)).toBe("[[[[[{}");
});
