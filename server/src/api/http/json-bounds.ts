import { Code } from "@stem/proto/google/rpc/code_pb";
import { fieldInvalid } from "../../model/problem.ts";
import { callError } from "../call-error.ts";

/** How much there may be in a JSON text. Of one with more, no more than `bytesMax` is read. */
export type JsonBounds = { readonly depthMax: number; readonly partsMax: number; readonly bytesMax: number };

/** How much has been seen in one: the greatest depth, and how many brackets and commas. */
export type JsonExtent = { readonly depth: number; readonly parts: number };

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const isOpening = (byte: number): boolean => byte === 0x5b || byte === 0x7b;
const isClosing = (byte: number): boolean => byte === 0x5d || byte === 0x7d;

/**
 * The chunks as they are, until JSON in them nests too deep, which is FIELD_INVALID, or has too many parts: RESOURCE_EXHAUSTED.
 * JSON.parse takes seconds for brackets by the million, and so does it to make messages of what it parsed, so they must be counted before
 * they are parsed. What then still comes is read and dropped: who is cut off while he sends may not see his answer. `skipBytes` at the
 * beginning are not JSON, such as an envelope's.
 */
export async function* withinJsonBounds(
  chunks: AsyncIterable<Uint8Array>,
  bounds: JsonBounds,
  skipBytes: number,
): AsyncIterable<Uint8Array> {
  const scan = createJsonScan();
  let bytes = 0;
  let fault: Error | undefined;
  for await (const chunk of chunks) {
    fault ??= faultOf(scan(chunk.subarray(Math.max(0, skipBytes - bytes))), bounds);
    bytes += chunk.length;
    if (!fault) yield chunk;
    else if (bytes > bounds.bytesMax) break;
  }
  if (fault) throw fault;
}

function faultOf({ depth, parts }: JsonExtent, { depthMax, partsMax }: JsonBounds): Error | undefined {
  if (depth > depthMax) return fieldInvalid("", `JSON must not nest deeper than ${depthMax} levels`);
  if (parts <= partsMax) return undefined;
  return callError(Code.RESOURCE_EXHAUSTED, `request: JSON with more than ${partsMax} brackets and commas`);
}

/** Scans JSON text piece by piece; answers what was seen so far. Whether it is JSON at all is for the parser to say. */
export function createJsonScan(): (bytes: Uint8Array) => JsonExtent {
  let depth = 0;
  let deepest = 0;
  let parts = 0;
  let inString = false;
  let isEscaped = false;
  return (bytes) => {
    for (const byte of bytes) {
      if (isEscaped) isEscaped = false;
      else if (inString && byte === backslash) isEscaped = true;
      else if (byte === quote) inString = !inString;
      else if (inString) continue;
      else if (byte === comma) parts += 1;
      else if (isClosing(byte)) depth -= 1;
      else if (isOpening(byte)) {
        parts += 1;
        deepest = Math.max(deepest, ++depth);
      }
    }
    return { depth: deepest, parts };
  };
}
