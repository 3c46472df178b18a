/** Looks at the body of a request before Connect decodes it, which may take a hundred times the body's size, and seconds. */

import type { DescMessage } from "@bufbuild/protobuf";
import type { UniversalServerRequest } from "@connectrpc/connect/protocol";
import { Code } from "@stem/proto/google/rpc/code_pb";
import type { Limits } from "../../model/limits.ts";
import { StemProblem } from "../../model/problem.ts";
import { CallError, callError, problemError } from "../call-error.ts";
import { createWireCheck, type WireCheck } from "../wire-shape.ts";
import { connectErrorOf } from "./connect-errors.ts";
import { withinJsonBounds } from "./json-bounds.ts";

type Body = UniversalServerRequest["body"];

/** More than the nesting that an argument may have, by what our messages put around it. */
const envelopeDepth = 16;
/** Flags and length before each message of a stream. */
const envelopeBytes = 5;
/** In JSON every field has a comma, whether it becomes an object or not. */
const jsonPartsPerPart = 2;

/** The body of a call that takes one message, which fails where the message is not one, or has more in it than it may. */
export function guardedBody(
  { body, header }: Pick<UniversalServerRequest, "body" | "header">,
  schema: DescMessage,
  limits: Limits,
): Body {
  if (typeof body !== "object" || body === null || !(Symbol.asyncIterator in body)) return body;
  const contentType = header.get("content-type") ?? "";
  const isBare = contentType.startsWith("application/json") || contentType.startsWith("application/proto");
  const skipBytes = isBare ? 0 : envelopeBytes;
  if (!contentType.includes("json")) return translated(checked(body, checkOf(schema, limits), skipBytes));
  const bounds = {
    depthMax: limits.jsonDepthMax + envelopeDepth,
    partsMax: limits.messagePartsMax * jsonPartsPerPart,
    bytesMax: limits.messageBytesMax,
  };
  return translated(withinJsonBounds(body, bounds, skipBytes));
}

/** The body of a call that may not be made: nothing of it is read. */
export const refusedBody = ({ problem }: StemProblem): Body => ({
  [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(connectErrorOf(problemError(problem))) }),
});

/** How to judge a message, and from which size on the size alone is enough: that is Connect's to say. */
type BinaryCheck = { readonly faultOf: WireCheck; readonly partsMax: number; readonly bytesMax: number };

const checks = new WeakMap<DescMessage, BinaryCheck>();

function checkOf(schema: DescMessage, { messagePartsMax, messageBytesMax }: Limits): BinaryCheck {
  const known = checks.get(schema);
  if (known?.partsMax === messagePartsMax && known.bytesMax === messageBytesMax) return known;
  const check = {
    faultOf: createWireCheck(schema, messagePartsMax),
    partsMax: messagePartsMax,
    bytesMax: messageBytesMax,
  };
  checks.set(schema, check);
  return check;
}

/** The chunks, held back until the message is whole. */
async function* checked(
  chunks: AsyncIterable<Uint8Array>,
  { faultOf, partsMax, bytesMax }: BinaryCheck,
  skipBytes: number,
): AsyncIterable<Uint8Array> {
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const chunk of chunks) {
    if (heldBytes > bytesMax + skipBytes) {
      yield chunk;
      continue;
    }
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes > bytesMax + skipBytes) yield* held.splice(0);
  }
  if (heldBytes > bytesMax + skipBytes) return;
  const whole = Buffer.concat(held);
  const fault = faultOf(whole.subarray(skipBytes));
  if (fault === "too_many_parts") {
    const text = `request: more than ${partsMax} list items, map entries and messages in it`;
    throw callError(Code.RESOURCE_EXHAUSTED, text);
  }
  // What Connect says to bytes that it cannot decode.
  if (fault) throw callError(Code.INVALID_ARGUMENT, "request: not a message of the method's type");
  yield whole;
}

async function* translated(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    if (error instanceof StemProblem) throw connectErrorOf(problemError(error.problem, error));
    throw error instanceof CallError ? connectErrorOf(error) : error;
  }
}
