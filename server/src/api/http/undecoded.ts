/** What Connect answers to JSON that is no message: a bare sentence. Ours has the reason and the fields that every bad request gets. */

import type { DescMessage, JsonValue } from "@bufbuild/protobuf";
import {
  createAsyncIterable,
  type UniversalServerRequest,
  type UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import { errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import type { FieldViolation } from "../../model/problem.ts";
import { problemError } from "../call-error.ts";
import { jsonFaults } from "../convert/json-faults.ts";
import { connectErrorOf, detailRegistry } from "./connect-errors.ts";
import { wasDecodedKey } from "./connect-handlers.ts";

/** A call, and the JSON of its one message. */
export type JsonRecord = {
  /** The call to serve: the same, with a body that is written down as it is read. */
  readonly call: UniversalServerRequest;
  /** The text; undefined unless it was read to its end, for what the guards cut off is not to be parsed here either. */
  readonly text: () => string | undefined;
};

/** Keeps what a call of one JSON message says, for the case that it is none. */
export function recordJson(call: UniversalServerRequest): JsonRecord {
  const { body, header } = call;
  const isStream = typeof body === "object" && body !== null && Symbol.asyncIterator in body;
  if (!isStream || !(header.get("content-type") ?? "").startsWith("application/json"))
    return { call, text: () => undefined };
  const chunks: Uint8Array[] = [];
  let isWhole = false;
  async function* recorded(read: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    for await (const chunk of read) {
      chunks.push(chunk);
      yield chunk;
    }
    isWhole = true;
  }
  return {
    call: { ...call, body: recorded(body) },
    text: () => (isWhole ? new TextDecoder().decode(Buffer.concat(chunks)) : undefined),
  };
}

/** The answer; told anew where it says that the request is bad, because it is not even a message of `schema`. */
export function explained(
  answer: UniversalServerResponse,
  schema: DescMessage,
  { call, text }: JsonRecord,
): UniversalServerResponse {
  const isUndecoded = answer.status === 400 && !call.contextValues?.get(wasDecodedKey);
  const said = isUndecoded ? text() : undefined;
  const violations = said === undefined ? [] : faultsOf(schema, said);
  if (violations.length === 0) return answer;
  const error = connectErrorOf(problemError({ reason: "FIELD_INVALID", violations }));
  const body = errorToJsonBytes(error, { registry: detailRegistry });
  const header = new Headers(answer.header);
  header.set("content-length", String(body.byteLength));
  return { ...answer, header, body: createAsyncIterable([body]) };
}

function faultsOf(schema: DescMessage, text: string): readonly FieldViolation[] {
  let json: JsonValue;
  try {
    json = JSON.parse(text) as JsonValue;
  } catch (error) {
    return [{ field: "", description: `must be JSON: ${error instanceof Error ? error.message : ""}` }];
  }
  return jsonFaults(schema, json);
}
