import { toJson } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import type { Payload } from "@stem/proto/stem/v1/payload_pb";
import type { ProtoWriter } from "@stem/proto/wire/proto-writer";
import type { EncodedPayload } from "./codec.ts";

/** A payload as a message. Built as a literal, not through `create`: this runs once a task, on both ends. */
export function payloadToProto(payload: EncodedPayload | undefined): Payload | undefined {
  if (payload === undefined) return undefined;
  const data: Payload["data"] =
    "json" in payload ? { case: "json", value: payload.json } : { case: "binary", value: payload.bytes };
  const { contentType = "", encoding } = payload;
  return message(data, contentType, encoding ? { ...encoding } : {});
}

/** Writes a payload as the generated codec writes its message. */
export function writePayload(writer: ProtoWriter, payload: EncodedPayload): void {
  if ("json" in payload) writer.tag(1, WireType.LengthDelimited).string(payload.json);
  else writer.tag(2, WireType.LengthDelimited).bytes(payload.bytes);
  if (payload.contentType) writer.tag(4, WireType.LengthDelimited).string(payload.contentType);
  if (payload.encoding) writer.map(5, payload.encoding);
}

/** A payload from its message; undefined when it carries nothing. */
export function payloadFromProto(payload: Payload | undefined): EncodedPayload | undefined {
  const data = payload?.data;
  switch (data?.case) {
    case "json":
      return withMarks({ json: data.value }, payload);
    case "binary":
      return withMarks({ bytes: data.value }, payload);
    case "value":
      // The server turns these into JSON when it accepts a task; a reader that meets one all the same reads it the same way.
      return withMarks({ json: JSON.stringify(toJson(ValueSchema, data.value)) }, payload);
    case undefined:
      return undefined;
  }
}

function withMarks(data: EncodedPayload, payload: Payload | undefined): EncodedPayload {
  if (payload === undefined || isPlain(payload)) return data;
  const { contentType, encoding } = payload;
  const isMarked = Object.keys(encoding).length > 0;
  return { ...data, ...(contentType !== "" && { contentType }), ...(isMarked && { encoding }) };
}

/** Neither type nor marks, as most are; without a list of keys a payload. */
function isPlain({ contentType, encoding }: Payload): boolean {
  if (contentType !== "") return false;
  for (const key in encoding) if (Object.hasOwn(encoding, key)) return false;
  return true;
}

const message = (data: Payload["data"], contentType: string, encoding: Payload["encoding"]): Payload => ({
  $typeName: "stem.v1.Payload",
  data,
  contentType,
  encoding,
});

/** An upper bound of a payload's size on the wire, cheap to compute: short texts are not counted character by character. */
export function payloadBytesAtMost(payload: Payload | undefined): number {
  const data = payload?.data;
  if (payload === undefined || data?.case === undefined) return 0;
  if (data.case === "value") return 0;
  const bytes = data.case === "json" ? textBytesAtMost(data.value) : data.value.length;
  return isPlain(payload) ? bytes : bytes + describedBytesAtMost(payload);
}

/** True when a payload's data is within a limit, exactly. */
export function isPayloadWithin(payload: Payload | undefined, bytesMax: number): boolean {
  const data = payload?.data;
  if (data?.case === "binary") return data.value.length <= bytesMax;
  if (data?.case !== "json") return true;
  return data.value.length * 3 <= bytesMax || Buffer.byteLength(data.value) <= bytesMax;
}

const textBytesAtMost = (text: string): number =>
  text.length < 1024 ? text.length * 3 : Buffer.byteLength(text);

function describedBytesAtMost({ contentType, encoding }: Payload): number {
  let chars = contentType.length;
  for (const [key, value] of Object.entries(encoding)) chars += key.length + value.length + 4;
  return 64 + chars * 3;
}
