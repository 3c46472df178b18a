import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Health } from "@stem/proto/grpc/health/v1/health_pb";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { framesIn, frameTypes, preface, settings } from "../support/http2-frames.ts";
import { startWireServer, type WireServer } from "../support/wire-server.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer({ limits: { prefaceMsMax: 2_000 } });
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

/** Resolves when a connection is closed, well or badly. */
const closeOf = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.destroyed) resolve();
    socket.once("close", () => resolve());
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
  expect(framesIn(answer)[0]?.type).toBe(frameTypes.settings);
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
