import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createManualClock } from "../../../test/support/manual-clock.ts";
import { awaitProtocol, protocolOf } from "./preface.ts";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

test("HTTP/2 is certain with the last byte of its preface, and not before", () => {
  for (let length = 0; length < preface.length; length += 1)
    expect(protocolOf(preface.subarray(0, length))).toBe("undecided");
  expect(protocolOf(preface)).toBe("http2");
  expect(protocolOf(Buffer.concat([preface, Buffer.of(0, 0, 0)]))).toBe("http2");
});

test("any byte that departs from the preface rules HTTP/2 out", () => {
  for (let at = 0; at < preface.length; at += 1) {
    const other = Buffer.from(preface);
    other.writeUInt8(other.readUInt8(at) ^ 1, at);
    expect(protocolOf(other)).toBe("http1");
    expect(protocolOf(other.subarray(0, at + 1))).toBe("http1");
  }
});

async function held() {
  const clock = createManualClock();
  const connection = new PassThrough();
  const decided: string[] = [];
  awaitProtocol(connection, (protocol) => decided.push(protocol), { clock, limitMs: 5000 });
  const arrive = async (bytes: Uint8Array) => {
    connection.write(bytes);
    await new Promise(setImmediate);
  };
  return { clock, connection, decided, arrive };
}

test("a connection is given on with every byte that was read to decide", async () => {
  const { clock, connection, decided, arrive } = await held();
  for (const byte of preface) await arrive(Uint8Array.of(byte));
  expect(decided).toEqual(["http2"]);
  expect(connection.read()).toEqual(preface);
  expect(clock.timerCount).toBe(0);
});

test("a connection that stays undecided is destroyed at the limit, however busy it is", async () => {
  const { clock, connection, decided, arrive } = await held();
  for (const byte of preface.subarray(0, 4)) {
    await arrive(Uint8Array.of(byte));
    await clock.advance(1000);
  }
  expect(connection.destroyed).toBe(false);
  await clock.advance(1000);
  expect(connection.destroyed).toBe(true);
  expect(decided).toEqual([]);
});

test("a connection that ends undecided is destroyed, and its timer with it", async () => {
  const { clock, connection, decided, arrive } = await held();
  await arrive(preface.subarray(0, 4));
  connection.end();
  await new Promise(setImmediate);
  expect(connection.destroyed).toBe(true);
  expect(decided).toEqual([]);
  expect(clock.timerCount).toBe(0);
});
