import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Health, HealthCheckRequestSchema } from "@stem/proto/grpc/health/v1/health_pb";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { framed, grpcStatus, rawAnswer, rawCall, rawConnect } from "../support/raw-http2.ts";
import { startWireServer, type WireServer } from "../support/wire-server.ts";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
const checkFrame = framed(toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema)));
const checkPath = "/grpc.health.v1.Health/Check";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer({ limits: { prefaceMsMax: 200 } });
});
afterAll(() => server.close());

const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  // Whatever a test did, the server serves.
  const health = createClient(Health, createGrpcTransport({ baseUrl: server.url }));
  expect((await health.check({})).status).toBe(1);
});

async function dial(): Promise<Socket> {
  const socket = connect(server.port, server.host);
  sockets.push(socket);
  socket.on("error", () => socket.destroy());
  await once(socket, "connect");
  return socket.resume();
}

/** An HTTP/2 frame. */
function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const settings = frame(4, 0, 0);
/** HEADERS of a call, in the static table's words: POST, http, a path, a content type. */
const callHeaders = Buffer.concat([
  Buffer.of(0x83, 0x86, 0x04, checkPath.length),
  Buffer.from(checkPath),
  Buffer.of(0x0f, 0x10, 16),
  Buffer.from("application/grpc"),
]);

/** Resolves when a connection is closed, well or badly. */
const closeOf = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.destroyed) resolve();
    socket.once("close", () => resolve());
  });

const drained = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once("drain", resolve));

/** Writes until the server closes the connection; answers how much it took. */
async function floodUntilClosed(socket: Socket, chunkOf: (round: number) => Buffer): Promise<number> {
  const closed = closeOf(socket);
  let rounds = 0;
  while (!socket.destroyed && rounds < 2000) {
    if (!socket.write(chunkOf(rounds))) await Promise.race([drained(socket), closed]);
    else await new Promise(setImmediate);
    rounds += 1;
  }
  await closed;
  return rounds;
}

test("a connection that says nothing is closed", async () => {
  const socket = await dial();
  await closeOf(socket);
});

test("a hundred of them, too, at once", async () => {
  const all = await Promise.all(Array.from({ length: 100 }, dial));
  await Promise.all(all.map(closeOf));
});

test("a connection that sends the preface too slowly is closed", async () => {
  const socket = await dial();
  for (const byte of preface.subarray(0, 20)) {
    socket.write(Uint8Array.of(byte));
    await new Promise(setImmediate);
  }
  await closeOf(socket);
});

test("a connection that ends inside the preface is closed", async () => {
  const socket = await dial();
  socket.end(preface.subarray(0, 10));
  await closeOf(socket);
});

test("a preface in single bytes is a preface", async () => {
  const socket = connect(server.port, server.host);
  sockets.push(socket);
  socket.setNoDelay(true);
  await once(socket, "connect");
  for (const byte of preface) {
    socket.write(Uint8Array.of(byte));
    await new Promise(setImmediate);
  }
  socket.write(settings);
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer[3]).toBe(4); // SETTINGS
});

test("POST and PRI begin alike; what follows decides", async () => {
  const socket = connect(server.port, server.host);
  sockets.push(socket);
  await once(socket, "connect");
  socket.write("P");
  await new Promise(setImmediate);
  socket.write("ROPFIND / HTTP/1.1\r\nhost: a\r\n\r\n");
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString("latin1")).toMatch(/^HTTP\/1\.1 404 /);
});

test("bytes that are neither are answered and closed", async () => {
  const socket = connect(server.port, server.host);
  sockets.push(socket);
  await once(socket, "connect");
  socket.write(Buffer.of(0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3));
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString("latin1")).toMatch(/^HTTP\/1\.1 400 /);
  await closeOf(socket);
});

test("a storm of calls that are reset at once ends with the connection", { timeout: 30_000 }, async () => {
  const socket = await dial();
  socket.write(Buffer.concat([preface, settings]));
  const reset = Buffer.of(0, 0, 0, 8);
  const rounds = await floodUntilClosed(socket, (round) =>
    Buffer.concat(
      Array.from({ length: 100 }, (_, n) => {
        const stream = (round * 100 + n) * 2 + 1;
        return Buffer.concat([frame(1, 4, stream, callHeaders), frame(3, 0, stream, reset)]);
      }),
    ),
  );
  expect(rounds).toBeLessThan(1000);
});

test("a storm of SETTINGS ends with the connection", { timeout: 30_000 }, async () => {
  const socket = await dial();
  socket.pause().write(Buffer.concat([preface, settings]));
  const storm = Buffer.concat(Array.from({ length: 1000 }, () => settings));
  expect(await floodUntilClosed(socket, () => storm)).toBeLessThan(2000);
});

test("a storm of CONTINUATION ends with the connection", { timeout: 30_000 }, async () => {
  const socket = await dial();
  socket.write(Buffer.concat([preface, settings, frame(1, 0, 1, callHeaders)]));
  const piece = Buffer.concat([Buffer.of(0, 1, 0x61, 100), Buffer.alloc(100, 0x61)]);
  const storm = Buffer.concat(Array.from({ length: 100 }, () => frame(9, 0, 1, piece)));
  expect(await floodUntilClosed(socket, () => storm)).toBeLessThan(100);
});

test("too many headers reset the call", async () => {
  const session = await rawConnect(server.url);
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`x-${n}`, "1"]));
  const answer = await rawAnswer(rawCall(session, checkPath, many).end(checkFrame));
  expect(answer.resetCode).toBe(11); // ENHANCE_YOUR_CALM
  session.destroy();
});

test.each([
  ["an unknown compression", { "grpc-encoding": "br" }, Buffer.of(1, 2, 3), "12"],
  ["gzip that is none", { "grpc-encoding": "gzip" }, Buffer.from("not gzip"), "13"],
])("%s fails one call", async (_what, headers, message, status) => {
  const session = await rawConnect(server.url);
  const answer = await rawAnswer(rawCall(session, checkPath, headers).end(framed(message, 1)));
  expect(grpcStatus(answer)).toBe(status);
  session.destroy();
});

test.each([
  ["a truncated varint", [0x0a, 0xff]],
  ["an endless varint", Array.from({ length: 11 }, () => 0xff)],
  ["wire type 7", [0x0f]],
  ["field number 0", [0x02, 0x00]],
  ["a group that does not end", [0x0b]],
  ["text that is not UTF-8", [0x0a, 2, 0xc3, 0x28]],
])("a message with %s ends its call with INTERNAL", async (_what, bytes) => {
  const session = await rawConnect(server.url);
  const answer = await rawAnswer(rawCall(session, checkPath).end(framed(Uint8Array.from(bytes))));
  expect(grpcStatus(answer)).toBe("13");
  session.destroy();
});
