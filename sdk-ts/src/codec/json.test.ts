import { toBinary } from "@bufbuild/protobuf";
import { PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import { expect, test } from "vitest";
import { PayloadError } from "./codec.ts";
import { jsonCodec } from "./json.ts";
import { isPayloadWithin, payloadBytesAtMost, payloadFromProto, payloadToProto } from "./payload.ts";

test.each([
  ["positional arguments", [1, "zwei", null, { three: [3] }]],
  ["named arguments", { to: "a@b", copies: 2 }],
  ["a text", "done"],
  ["null, which is not nothing", null],
  ["nothing", undefined],
])("%s come back as they went", (_, value) => {
  const message = payloadToProto(jsonCodec.encode(value));
  expect(jsonCodec.decode(payloadFromProto(message))).toEqual(value);
});

test("a lone Uint8Array travels as bytes", () => {
  const message = payloadToProto(jsonCodec.encode(new Uint8Array([1, 2, 255])));
  expect(message?.data).toEqual({ case: "binary", value: new Uint8Array([1, 2, 255]) });
  expect(jsonCodec.decode(payloadFromProto(message))).toEqual(new Uint8Array([1, 2, 255]));
});

test("bytes keep what their codec says of them", () => {
  const encoded = {
    bytes: new Uint8Array([7]),
    contentType: "application/x-seven",
    encoding: { version: "2" },
  };
  expect(payloadFromProto(payloadToProto(encoded))).toEqual(encoded);
});

const cycle: { self?: unknown } = {};
cycle.self = cycle;

test.each([
  ["a cycle", cycle],
  ["a bigint", { big: 1n }],
  ["a function", () => 1],
  ["a symbol", Symbol("s")],
])("%s cannot be written, and says so", (_, value) => {
  expect(() => jsonCodec.encode(value)).toThrow(PayloadError);
  expect(() => jsonCodec.encode(value)).toThrow("cannot be written as JSON");
});

test("what is not JSON cannot be read, and says so", () => {
  expect(() => jsonCodec.decode({ json: "{" })).toThrow(PayloadError);
});

test.each([
  [{ json: JSON.stringify("ä".repeat(10)) }, 22],
  [{ json: JSON.stringify("ä".repeat(3000)) }, 6002],
  [{ bytes: new Uint8Array(500), contentType: "a/b", encoding: { version: "ü".repeat(900) } }, 500],
])(
  "the limit is held against the data to the byte, and the size on the wire is never underrated",
  (encoded, bytes) => {
    const payload = payloadToProto(encoded);
    expect([isPayloadWithin(payload, bytes), isPayloadWithin(payload, bytes - 1)]).toEqual([true, false]);
    if (payload === undefined) throw new Error("there is a payload");
    // Framing of the outermost field is its message's business.
    expect(payloadBytesAtMost(payload) + 16).toBeGreaterThanOrEqual(toBinary(PayloadSchema, payload).length);
  },
);
