import { expect, test } from "vitest";
import {
  callHeaders,
  framesIn,
  frameTypes,
  type Http2Frame,
  http2Frame,
  preface,
  settings,
} from "../../support/http2-frames.ts";
import { grpcMessage, grpcStatus, type RawAnswer } from "../../support/raw-http2.ts";
import { until } from "../../support/until.ts";
import { emptyFrame, liveServer, paths } from "./live-server.ts";

const server = liveServer();

const check = (headers: Readonly<Record<string, string | undefined>>): Promise<RawAnswer> =>
  server.call(paths.check, emptyFrame, headers);

const endStream = 1;
const protocolError = 1;
const patience = { deadlineMs: 50_000, everyMs: 5 };

test("D014 200 metadata keys reset the call, which gRPC calls RESOURCE_EXHAUSTED", async () => {
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`x-${n}`, "1"]));
  expect((await check(many)).resetCode).toBe(11); // ENHANCE_YOUR_CALM
  // Few keys with much in them come to the same.
  const large = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`x-${n}`, "x".repeat(1024)]));
  expect(grpcStatus(await check(large))).toBe("8");
});

test("D016 a path that is no method's, or in another case, is UNIMPLEMENTED", async () => {
  for (const path of ["/", "/pkg.Svc", "/pkg.svc/enqueue", "/stem.v1.TaskService/enqueueTask", "//", "/*"])
    expect(grpcStatus(await server.call(path, emptyFrame)), path).toBe("12");
});

test("D017 an unknown method or service is UNIMPLEMENTED, in an answer that is short and printable", async () => {
  const long = `/${"\u00e9".repeat(5000)}`;
  for (const path of ["/stem.v1.TaskService/Nope", "/stem.v1.Nope/EnqueueTask", long]) {
    const answer = await server.call(path, emptyFrame);
    expect(grpcStatus(answer), path).toBe("12");
    expect(String(answer.headers["grpc-message"])).toMatch(/^[\x20-\x7e]{1,300}$/);
  }
});

test("D019 a content type that is not gRPC's, or none, is 415", async () => {
  for (const type of ["application/json", "text/html", "", undefined])
    expect((await check({ "content-type": type })).headers[":status"], String(type)).toBe(415);
});

test("D020 gRPC-Web on HTTP/2 is 415", async () => {
  // On HTTP/1.1 it is served, by the other half of the port.
  for (const type of ["application/grpc-web", "application/grpc-web+proto", "application/grpc-web-text"])
    expect((await check({ "content-type": type })).headers[":status"], type).toBe(415);
});

test("D022 a grpc-timeout that is none is INTERNAL", async () => {
  for (const timeout of ["abc", "1X", ""]) expect(await refusalOf(timeout), timeout).toBe("13");
});

test("D023 a grpc-timeout with a sign, a fraction or nine digits is INTERNAL, not ignored", async () => {
  for (const timeout of ["-1S", "1.5S", "999999999S", "5 S", "1S, 1S"])
    expect(await refusalOf(timeout), timeout).toBe("13");
  expect(grpcStatus(await check({ "grpc-timeout": "99999999H" })), "the largest there is").toBe("0");
});

async function refusalOf(timeout: string): Promise<string | undefined> {
  const answer = await check({ "grpc-timeout": timeout });
  expect(grpcMessage(answer)).toContain("grpc-timeout");
  return grpcStatus(answer);
}

test("D028 a metadata value that is not printable ASCII is a stream error, and is never seen", async () => {
  for (const value of ["caf\u00e9", "\u00ff", "a\tb"]) {
    const frames = await sentByHand(value);
    const reset = frames.find(({ type }) => type === frameTypes.reset);
    expect(reset?.payload.readUInt32BE(0), JSON.stringify(value)).toBe(protocolError);
  }
  // Control characters Node takes out of a header block together with their header, before anybody sees them: the call goes on
  // without it (docs/errors.md says so).
  for (const value of ["a\rb", "a\nb", "a\r\nx-forged: 1", "a\0b", "\x7f"]) {
    const types = (await sentByHand(value)).map(({ type }) => type);
    expect(types, JSON.stringify(value)).toContain(frameTypes.headers);
    expect(types, JSON.stringify(value)).not.toContain(frameTypes.goaway);
  }
});

/** A health check with such a header, on a connection of its own; answers the frames up to the call's end. */
async function sentByHand(value: string): Promise<Http2Frame[]> {
  const socket = await server.dial();
  let received = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
  });
  const headers = callHeaders(1, paths.check, { more: { "x-a": value } });
  const body = http2Frame("data", 1, { flags: endStream, payload: emptyFrame });
  socket.write(Buffer.concat([preface, settings, headers, body]));
  return await until(
    () => {
      const frames = framesIn(received);
      return frames.some(({ stream }) => stream === 1) && frames;
    },
    { ...patience, what: `an answer to ${JSON.stringify(value)}` },
  );
}

test("D029 an encoding that the server does not know is UNIMPLEMENTED, with those that it knows", async () => {
  for (const encoding of ["br", "zstd", "nope", "GZIP"]) {
    const answer = await check({ "grpc-encoding": encoding });
    expect(grpcStatus(answer), encoding).toBe("12");
    expect(answer.headers["grpc-accept-encoding"], encoding).toBe("identity,deflate,gzip");
  }
});
