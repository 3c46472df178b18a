import { deflateSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { framed, grpcStatus, rawAnswer, rawCall } from "../../support/raw-http2.ts";
import { costOf, emptyFrame, liveServer, paths } from "./live-server.ts";

const server = liveServer();

const mib = 1024 * 1024;
// Packed before the server runs: that takes longer than any pause that is allowed while it does.
const large = Buffer.alloc(5_000_000);
const largePacked = [["gzip", gzipSync(large)] as const, ["deflate", deflateSync(large)] as const];
const bomb = framed(gzipSync(Buffer.alloc(64 * mib)), 1);
const [ok, resourceExhausted, unimplemented, internal] = ["0", "8", "12", "13"];

test("D031 a compressed flag that is none is taken for 'not compressed'", async () => {
  // It ought to be INTERNAL. grpc-js looks at the flag where nobody else can, so this is a documented exception (docs/errors.md).
  for (const flag of [2, 255])
    expect(grpcStatus(await server.call(paths.check, framed(Buffer.alloc(0), flag)))).toBe(ok);
  // So is the flag of a compression that was not named.
  expect(grpcStatus(await server.call(paths.check, framed(Buffer.alloc(0), 1)))).toBe(ok);
});

test("D032 what cannot be decompressed is INTERNAL", async () => {
  const zipped = gzipSync(Buffer.alloc(1000, 1));
  const inputs: [encoding: string, bytes: Buffer][] = [
    ["gzip", Buffer.from("not gzip")],
    ["gzip", zipped.subarray(0, 15)],
    ["gzip", deflateSync(Buffer.alloc(10))],
    ["gzip", Buffer.concat([zipped.subarray(0, -8), Buffer.alloc(8)])],
    ["deflate", Buffer.from("not deflate")],
  ];
  for (const [encoding, bytes] of inputs) {
    const answer = await server.call(paths.check, framed(bytes, 1), { "grpc-encoding": encoding });
    expect(grpcStatus(answer), `${encoding}: ${bytes.subarray(0, 8).toString("hex")}`).toBe(internal);
  }
});

test("D034 a length prefix of 4 GiB is refused at once", async () => {
  const { bytes } = await costOf(async () => {
    const stream = rawCall(await server.session(), paths.check);
    // No byte of the message itself, and no end.
    stream.write(Buffer.of(0, 0xff, 0xff, 0xff, 0xff));
    expect(grpcStatus(await rawAnswer(stream))).toBe(resourceExhausted);
  });
  expect(bytes).toBeLessThan(32 * mib);
});

test("D035 a message of 5 MB is RESOURCE_EXHAUSTED, also where it is small until it is unpacked", async () => {
  const { bytes } = await costOf(async () => {
    expect(grpcStatus(await server.call(paths.check, framed(large)))).toBe(resourceExhausted);
    for (const [encoding, packed] of largePacked) {
      const answer = await server.call(paths.check, framed(packed, 1), { "grpc-encoding": encoding });
      expect(grpcStatus(answer), encoding).toBe(resourceExhausted);
    }
    const answer = await server.call(paths.check, bomb, { "grpc-encoding": "gzip" });
    expect(grpcStatus(answer), "64 MiB in 64 KiB").toBe(resourceExhausted);
  });
  expect(bytes).toBeLessThan(64 * mib);
});

test("D037 a unary call with no message, or with two, is UNIMPLEMENTED", async () => {
  for (const count of [0, 2, 3]) {
    const body = Buffer.concat(Array.from({ length: count }, () => emptyFrame));
    expect(grpcStatus(await server.call(paths.check, body)), `${count} messages`).toBe(unimplemented);
  }
});
