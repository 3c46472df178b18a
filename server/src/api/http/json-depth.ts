import { fieldInvalid } from "../../model/problem.ts";

const quote = 0x22;
const backslash = 0x5c;
const isOpening = (byte: number): boolean => byte === 0x5b || byte === 0x7b;
const isClosing = (byte: number): boolean => byte === 0x5d || byte === 0x7d;

/**
 * The chunks as they are, until JSON in them nests deeper than `depthMax`: then FIELD_INVALID. JSON.parse takes seconds for brackets
 * by the million, so they must be counted before it sees them. `skipBytes` at the beginning are not JSON, such as an envelope's.
 */
export async function* withinJsonDepth(
  chunks: AsyncIterable<Uint8Array>,
  depthMax: number,
  skipBytes: number,
): AsyncIterable<Uint8Array> {
  const scan = createDepthScan();
  let toSkip = skipBytes;
  for await (const chunk of chunks) {
    const skipped = Math.min(toSkip, chunk.length);
    toSkip -= skipped;
    if (scan(chunk.subarray(skipped)) > depthMax)
      throw fieldInvalid("", `JSON must not nest deeper than ${depthMax} levels`);
    yield chunk;
  }
}

/** Scans JSON text piece by piece; answers the greatest depth seen so far. Whether it is JSON at all is for the parser to say. */
export function createDepthScan(): (bytes: Uint8Array) => number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  let isEscaped = false;
  return (bytes) => {
    for (const byte of bytes) {
      if (isEscaped) isEscaped = false;
      else if (inString && byte === backslash) isEscaped = true;
      else if (byte === quote) inString = !inString;
      else if (!inString && isOpening(byte)) deepest = Math.max(deepest, ++depth);
      else if (!inString && isClosing(byte)) depth -= 1;
    }
    return deepest;
  };
}
