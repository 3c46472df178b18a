import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { limits } from "../../../server/src/model/limits.ts";
import {
  callHeaders,
  framesIn,
  frameTypes,
  http2Frame,
  preface,
  settings,
} from "../../support/http2-frames.ts";
import { ended, grpcStatus, type RawAnswer, rawAnswer, rawCall } from "../../support/raw-http2.ts";
import { costOf, emptyFrame, getRoot, liveServer, paths } from "./live-server.ts";

const prefaceMsMax = 300;
const server = liveServer({ limits: { prefaceMsMax } });

const mib = 1024 * 1024;
const refusedStream = 7;
const enhanceYourCalm = 11;
const cancel = Buffer.of(0, 0, 0, 8);

/** Resolves when a connection is closed, well or badly; answers the frames that came. */
async function closing(socket: Socket): Promise<ReturnType<typeof framesIn>> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  if (!socket.destroyed) await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return framesIn(Buffer.concat(chunks));
}

/** Writes until the server closes the connection, which it must before so many rounds; answers the frames that came. */
async function flood(socket: Socket, roundsMax: number, chunkOf: (round: number) => Buffer) {
  const closed = closing(socket);
  let rounds = 0;
  for (; !socket.destroyed && rounds < roundsMax; rounds++) {
    const drained = socket.write(chunkOf(rounds)) || new Promise((resolve) => socket.once("drain", resolve));
    await Promise.race([drained, closed]);
    await new Promise(setImmediate);
  }
  expect(rounds, "the flood was let through").toBeLessThan(roundsMax);
  return await closed;
}

async function openHttp2(): Promise<Socket> {
  const socket = await server.dial();
  socket.write(Buffer.concat([preface, settings]));
  return socket;
}

test("D001 a connection that sends nothing is closed after 5 s, and 200 of them at once, too", async () => {
  expect(limits.prefaceMsMax).toBe(5000);
  const began = performance.now();
  const { bytes } = await costOf(async () => {
    const all = await Promise.all(Array.from({ length: 200 }, () => server.dial()));
    await Promise.all(all.map(closing));
  });
  expect(performance.now() - began).toBeGreaterThan(prefaceMsMax - 50);
  expect(bytes).toBeLessThan(64 * mib);
});

test("D002 an HTTP/1.1 GET is a page or no such page, a GET on HTTP/2 is no gRPC", async () => {
  // HTTP/1.1 is the other half of this port, so it is answered as HTTP/1.1 and not closed.
  expect((await fetch(`${server.wire.url}/`)).status).toBe(404);
  expect((await fetch(server.wire.url + paths.getTask)).status).toBe(405);
  const session = await server.session();
  expect((await rawAnswer(session.request(getRoot))).headers[":status"]).toBe(415);
  const grpcByGet = { ":method": "GET", ":path": paths.getTask, "content-type": "application/grpc" };
  expect(grpcStatus(await rawAnswer(session.request(grpcByGet)))).toBe("12");
});

test("D004 a preface that comes byte by byte is cut off at the same 5 s", async () => {
  const socket = await server.dial();
  let sent = 0;
  const drip = setInterval(() => socket.write(preface.subarray(sent, ++sent)), prefaceMsMax / 6);
  await closing(socket);
  clearInterval(drip);
  expect(sent).toBeGreaterThan(1);
  expect(sent).toBeLessThan(preface.length);
});

test("D007 40,000 calls that are reset at once end with GOAWAY and the connection", async () => {
  const socket = await openHttp2();
  const callsPerRound = 100;
  const round = (at: number): Buffer =>
    Buffer.concat(
      Array.from({ length: callsPerRound }, (_, n) => {
        const stream = (at * callsPerRound + n) * 2 + 1;
        return Buffer.concat([
          callHeaders(stream, paths.check),
          http2Frame("reset", stream, { payload: cancel }),
        ]);
      }),
    );
  const { bytes } = await costOf(async () => {
    const frames = await flood(socket, 500, round);
    expect(frames.map(({ type }) => type)).toContain(frameTypes.goaway);
  });
  expect(bytes).toBeLessThan(192 * mib);
});

test("D008 a CONTINUATION flood ends with the connection", async () => {
  const socket = await openHttp2();
  socket.write(callHeaders(1, paths.check, { goesOn: true }));
  const piece = Buffer.concat([Buffer.of(0, 1, 0x61, 100), Buffer.alloc(100, 0x61)]);
  const storm = Buffer.concat(
    Array.from({ length: 10 }, () => http2Frame("continuation", 1, { payload: piece })),
  );
  const { bytes } = await costOf(() => flood(socket, 40, () => storm));
  expect(bytes).toBeLessThan(64 * mib);
});

test("D010 a SETTINGS flood ends with the connection", async () => {
  // One that reads no acknowledgement, so that all of them stay with the server.
  const socket = (await openHttp2()).pause();
  const storm = Buffer.concat(Array.from({ length: 1000 }, () => settings));
  const { bytes } = await costOf(async () => {
    for (let rounds = 0; !socket.destroyed && rounds < 2000; rounds++) {
      socket.write(storm);
      await new Promise(setImmediate);
    }
  });
  expect(socket.destroyed).toBe(true);
  expect(bytes).toBeLessThan(192 * mib);
});

test("D011 of 1,000 streams at once on one connection 100 are served, the others are refused", async () => {
  // A client that does not wait for the server's settings, which say 100.
  const session = await server.session({ peerMaxConcurrentStreams: 1000 });
  const calls = Array.from({ length: 1000 }, () => rawCall(session, paths.check));
  const answers = calls.map(rawAnswer);
  const refused = await Promise.all(answers.slice(100));
  const isRefused = (answer: RawAnswer) => answer.resetCode === refusedStream || grpcStatus(answer) === "8";
  expect(refused.filter((answer) => !isRefused(answer))).toEqual([]);
  for (const call of calls.slice(0, 100)) call.end(emptyFrame);
  const served = await Promise.all(answers.slice(0, 100));
  expect(served.map(grpcStatus)).toEqual(served.map(() => "0"));
  // And one that does wait has its 101st call held back at its own end, until there is room.
  const patient = await server.session();
  const [first, ...others] = Array.from({ length: 101 }, () => rawCall(patient, paths.check));
  const last = others.at(-1);
  first?.end(emptyFrame);
  last?.end(emptyFrame);
  expect(last && grpcStatus(await rawAnswer(last))).toBe("0");
});

test("D013 a caller that opens no window has its call reset at its deadline", async () => {
  const taskId = "unread";
  const args = { data: { case: "binary" as const, value: new Uint8Array(mib) } };
  await server.tasks.enqueueTask({ id: taskId, name: "n", args });
  const session = await server.session({ settings: { initialWindowSize: 0 } });
  const { bytes } = await costOf(async () => {
    const calls = Array.from({ length: 30 }, () =>
      rawCall(session, paths.getTask, { "grpc-timeout": "300m" }).end(
        Buffer.concat([Buffer.of(0, 0, 0, 0, 2 + taskId.length, 0x12, taskId.length), Buffer.from(taskId)]),
      ),
    );
    await Promise.all(calls.map(ended));
    expect(calls.map(({ rstCode }) => rstCode)).toEqual(calls.map(() => enhanceYourCalm));
  });
  // The answers themselves are 30 MiB, each of them held once.
  expect(bytes).toBeLessThan(128 * mib);
});
