/** Bodies on their way to Connect, which parses JSON without looking how deep it nests. */

import type { UniversalServerRequest } from "@connectrpc/connect/protocol";
import type { Limits } from "../../model/limits.ts";
import { StemProblem } from "../../model/problem.ts";
import { problemError } from "../call-error.ts";
import { connectErrorOf } from "./connect-errors.ts";
import { withinJsonDepth } from "./json-depth.ts";

/** More than the nesting that an argument may have, by what our messages put around it. */
const envelopeDepth = 16;
/** Flags and length before each message of a stream. */
const envelopeBytes = 5;

/** The body as it is, but JSON that nests too deep ends the call with FIELD_INVALID before a parser sees it. */
export function guardedBody(
  { body, header }: UniversalServerRequest,
  limits: Limits,
): UniversalServerRequest["body"] {
  const contentType = header.get("content-type") ?? "";
  const isStream = typeof body === "object" && body !== null && Symbol.asyncIterator in body;
  if (!isStream || !contentType.includes("json")) return body;
  const skipBytes = contentType.startsWith("application/json") ? 0 : envelopeBytes;
  return translated(withinJsonDepth(body, limits.jsonDepthMax + envelopeDepth, skipBytes));
}

async function* translated(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    throw error instanceof StemProblem ? connectErrorOf(problemError(error.problem, error)) : error;
  }
}
