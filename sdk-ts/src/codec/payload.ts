import { toJson } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import type { Payload } from "@stem/proto/stem/v1/payload_pb";
import type { ProtoWriter } from "@stem/proto/wire/proto-writer";
import type { EncodedPayload } from "./codec.ts";

/** A payload as a message. Built as a literal, not through `create`: this runs once a task, on both ends. */
export function payloadToProto(payload: EncodedPayload | undefined): Payload | undefined {
  if (payload === undefined) return undefined;
  if ("json" in payload) return message({ case: "json", value: payload.json }, "", {});
  const { bytes, contentType = "", encoding = {} } = payload;
  return message({ case: "binary", value: bytes }, contentType, { ...encoding });
}

/** Writes a payload as the generated codec writes its message. */
export function writePayload(writer: ProtoWriter, payload: EncodedPayload): void {
  if ("json" in payload) {
    writer.tag(1, WireType.LengthDelimited).string(payload.json);
    return;
  }
  writer.tag(2, WireType.LengthDelimited).bytes(payload.bytes);
  if (payload.contentType) writer.tag(4, WireType.LengthDelimited).string(payload.contentType);
  if (payload.encoding) writer.map(5, payload.encoding);
}

/** A payload from its message; undefined when it carries nothing. */
export function payloadFromProto(payload: Payload | undefined): EncodedPayload | undefined {
  const data = payload?.data;
  switch (data?.case) {
    case "json":
      return { json: data.value };
    case "binary":
      return bytesOf(data.value, payload);
    case "value":
      // The server turns these into JSON when it accepts a task; a reader that meets one all the same reads it the same way.
      return { json: JSON.stringify(toJson(ValueSchema, data.value)) };
    case undefined:
      return undefined;
  }
}

const bytesOf = (bytes: Uint8Array, payload: Payload | undefined): EncodedPayload => ({
  bytes,
  ...(payload?.contentType && { contentType: payload.contentType }),
  ...(payload && { encoding: payload.encoding }),
});

const message = (data: Payload["data"], contentType: string, encoding: Payload["encoding"]): Payload => ({
  $typeName: "stem.v1.Payload",
  data,
  contentType,
  encoding,
});

/** An upper bound of a payload's size on the wire, cheap to compute: short texts are not counted character by character. */
export function payloadBytesAtMost(payload: Payload | undefined): number {
  const data = payload?.data;
  if (data?.case === "json") return textBytesAtMost(data.value);
  return payload && data?.case === "binary" ? data.value.length + describedBytesAtMost(payload) : 0;
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
