/** Payloads on their way in: bounded, JSON where they say so, a Value turned into JSON; and encoded, as they are kept. */

import { create } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { type Payload, PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import type { ProtoWriter } from "@stem/proto/wire/proto-writer";
import type { Limits } from "../../model/limits.ts";
import type { Problem } from "../../model/problem.ts";
import { entryPath, invalid } from "./checked.ts";
import { jsonFault } from "./json-text.ts";
import { jsonOfValue, valueFault } from "./json-value.ts";

/** Where a payload stands, and how large its data may be. */
export type PayloadPlace = {
  /** The field, such as "args". */
  readonly field: string;
  readonly bytesMax: number;
  readonly tooLarge: "PAYLOAD_TOO_LARGE" | "RESULT_TOO_LARGE";
};

/** The payload as it is to be kept: as it came, but a Value as JSON. Or what is wrong with it; its size is judged first. */
export function readPayload(payload: Payload, place: PayloadPlace, limits: Limits): Payload | Problem {
  const found = attributesProblem(payload, place, limits);
  if (found) return found;
  const { data } = payload;
  switch (data.case) {
    case undefined:
      return payload;
    case "binary":
      return sizeProblem(data.value.byteLength, "binary", place) ?? payload;
    case "json":
      return (
        sizeProblem(Buffer.byteLength(data.value), "json", place) ??
        textProblem(data.value, place, limits) ??
        payload
      );
    case "value": {
      const fault = valueFault(data.value, limits.jsonDepthMax);
      if (fault) return invalid(`${place.field}.value`, fault);
      const value = jsonOfValue(data.value);
      const json = create(PayloadSchema, { ...payload, data: { case: "json", value } });
      return sizeProblem(Buffer.byteLength(value), "value", place) ?? json;
    }
  }
}

/** The same for a payload that may be left out. */
export const readOptionalPayload = (
  payload: Payload | undefined,
  place: PayloadPlace,
  limits: Limits,
): Payload | Problem | undefined => payload && readPayload(payload, place, limits);

/** Writes a payload that was read, byte for byte as the generated codec would if the keys of its map were sorted. */
export function writePayload(writer: ProtoWriter, { data, contentType, encoding }: Payload): void {
  if (data.case === "json") writer.tag(1, WireType.LengthDelimited).string(data.value);
  if (data.case === "binary") writer.tag(2, WireType.LengthDelimited).bytes(data.value);
  if (contentType !== "") writer.tag(4, WireType.LengthDelimited).string(contentType);
  writer.map(5, encoding);
}

function attributesProblem(
  { contentType, encoding }: Payload,
  { field }: PayloadPlace,
  limits: Limits,
): Problem | undefined {
  if (Buffer.byteLength(contentType) > limits.nameCharsMax)
    return invalid(`${field}.content_type`, `must have at most ${limits.nameCharsMax} bytes`);
  const keys = Object.keys(encoding);
  if (keys.length > limits.payloadEncodingEntriesMax)
    return invalid(`${field}.encoding`, `must have at most ${limits.payloadEncodingEntriesMax} entries`);
  for (const key of keys)
    if (Buffer.byteLength(key) + Buffer.byteLength(encoding[key] ?? "") > limits.headerValueBytesMax)
      return invalid(
        entryPath(`${field}.encoding`, key),
        `must have at most ${limits.headerValueBytesMax} bytes, key and value together`,
      );
  return undefined;
}

function sizeProblem(bytes: number, arm: string, place: PayloadPlace): Problem | undefined {
  const { bytesMax, tooLarge, field } = place;
  return bytes > bytesMax ? { reason: tooLarge, field: `${field}.${arm}`, bytes, bytesMax } : undefined;
}

function textProblem(text: string, { field }: PayloadPlace, limits: Limits): Problem | undefined {
  // Only a JSON request can carry half a surrogate pair; UTF-8 cannot, so it could not be kept verbatim.
  const fault = text.isWellFormed() ? jsonFault(text, limits.jsonDepthMax) : "must be well-formed Unicode";
  return fault === undefined ? undefined : invalid(`${field}.json`, fault);
}
