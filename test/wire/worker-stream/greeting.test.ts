import { LeaseLostReason } from "@stem/proto/stem/v1/lease_pb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StemProblem } from "../../../server/src/model/problem.ts";
import {
  creditOf,
  heartbeatOf,
  helloWith,
  openStreamServer,
  type ScriptedStream,
  type StreamServer,
  settleOf,
} from "./scripted-stream.ts";

let server: StreamServer;
beforeEach(async () => {
  server = await openStreamServer({ limits: { workerStreamsMax: 2 } });
});
afterEach(() => server.close());

async function problemOf(stream: ScriptedStream): Promise<object> {
  const end = await stream.ending();
  if (!(end instanceof StemProblem)) throw new Error(`ended with ${String(end)}`);
  return end.problem;
}

test("a worker that greets is welcomed with the session's terms", async () => {
  const stream = server.open();
  stream.send(helloWith());
  const welcome = await stream.expect("welcome");
  expect(welcome).toMatchObject({
    numbered: 1n,
    echoed: 1n,
    protocol: 1,
    leaseDuration: { seconds: 20n, nanos: 0 },
    heartbeatInterval: { seconds: 5n, nanos: 0 },
    frameBytesMax: 3.5 * 1024 * 1024,
    resultBytesMax: 2 * 1024 * 1024,
    creditMax: 10_000,
    leases: [],
    lastSeq: 0n,
  });
  expect(welcome.sessionId.length).toBeGreaterThanOrEqual(16);
  await stream.lose();
});

describe("a stream that does not begin with Hello is closed", () => {
  test.each([
    ["credit", creditOf(1)],
    ["settle", settleOf()],
    ["heartbeat", heartbeatOf(0)],
    ["progress", { case: "progress", value: {} } as const],
    ["goodbye", { case: "goodbye", value: {} } as const],
  ])("when it begins with %s", async (kind, frame) => {
    const stream = server.open();
    stream.send(frame);
    expect(await problemOf(stream)).toEqual({
      reason: "FRAME_UNEXPECTED",
      frame: kind,
      expected: "hello first",
    });
  });

  test("when nothing comes for 10 s", async () => {
    const stream = server.open();
    const end = problemOf(stream);
    await server.clock.advance(10_000);
    expect(await end).toEqual({ reason: "FRAME_OVERDUE", frame: "hello", waitedMs: 10_000 });
  });

  test("when only unknown frames come, or empty ones without a number", async () => {
    const stream = server.open();
    const end = problemOf(stream);
    stream.sendAs(0n, { case: undefined });
    stream.sendUnknown();
    stream.send({ case: undefined });
    await server.clock.advance(10_000);
    expect(await end).toMatchObject({ reason: "FRAME_OVERDUE" });
  });
});

test("an unknown frame before Hello does no harm", async () => {
  const stream = server.open();
  stream.sendUnknown();
  stream.send(helloWith());
  expect((await stream.expect("welcome")).echoed).toBe(2n);
  await server.clock.advance(10_000);
  await stream.lose();
});

test("a second Hello closes the stream, and the leases live on", async () => {
  await server.enqueue("a");
  const stream = await server.greet();
  stream.send(creditOf(1));
  await stream.expect("grants");
  stream.send(helloWith());
  expect(await problemOf(stream)).toEqual({
    reason: "FRAME_UNEXPECTED",
    frame: "hello",
    expected: "hello only once, as the first frame",
  });
  expect(await server.rooms.read("a")).toMatchObject({ state: "leased" });
});

describe("a greeting that is wrong ends the stream with what is wrong", () => {
  test.each([
    ["a field", { slots: 0 }, { reason: "FIELD_INVALID", violations: [{ field: "hello.slots" }] }],
    ["the namespace", { namespace: "green" }, { reason: "NAMESPACE_UNKNOWN", namespace: "green" }],
    [
      "the protocol",
      { protocolMin: 2, protocolMax: 9 },
      { reason: "PROTOCOL_UNSUPPORTED", protocolMin: 1, protocolMax: 1 },
    ],
  ])("%s", async (_, hello, problem) => {
    const stream = server.open();
    stream.send(helloWith(hello));
    expect(await problemOf(stream)).toMatchObject(problem);
  });
});

test("leases of another session, or forged, are lost one by one", async () => {
  await server.enqueue("a");
  const other = await server.greet();
  other.send(creditOf(1));
  const { grants } = await other.expect("grants");
  const theirs = grants[0]?.leaseToken ?? new Uint8Array();
  const stream = server.open();
  const sessionId = new Uint8Array(16);
  stream.send(helloWith({ sessionId, heldLeases: [theirs, new Uint8Array([1])] }));
  const welcome = await stream.expect("welcome");
  expect(welcome.leases.map(({ held, lostReason }) => [held, lostReason])).toEqual([
    [false, LeaseLostReason.OTHER_SESSION],
    [false, LeaseLostReason.TOKEN_INVALID],
  ]);
  expect(welcome.sessionId, "a session that was never made is not taken up").not.toEqual(sessionId);
});

test("a server that drains takes no new worker", async () => {
  const stream = server.open();
  server.drain();
  stream.send(helloWith());
  expect(await problemOf(stream)).toEqual({ reason: "DRAINING" });
});

test("one stream more than the limit is refused, and may come when another has gone", async () => {
  const first = await server.greet();
  await server.greet();
  expect(await problemOf(server.open())).toEqual({
    reason: "CONCURRENCY_LIMIT_REACHED",
    limit: "workerStreamsMax",
    max: 2,
  });
  await first.lose();
  await server.greet();
});
