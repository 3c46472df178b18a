import { LeaseLostReason } from "@stem/proto/stem/v1/lease_pb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { taskRefOf } from "../../support/rooms.ts";
import { creditOf, heartbeatOf, openStreamServer, type StreamServer, settleOf } from "./scripted-stream.ts";

let server: StreamServer;
beforeEach(async () => {
  server = await openStreamServer();
});
afterEach(() => server.close());

const stateOf = async (id: string): Promise<string> => (await server.rooms.read(id)).state;

describe("heartbeats", () => {
  test("keep every lease that the worker has seen, for as long as they come", async () => {
    const [stream] = await server.holding("a", "b");
    for (let beats = 1; beats <= 10; beats++) {
      await server.clock.advance(5000);
      const frameSeq = stream.send(heartbeatOf(2));
      expect(await stream.expect("extended")).toMatchObject({ lost: [], echoed: frameSeq });
    }
    expect([await stateOf("a"), await stateOf("b")]).toEqual(["leased", "leased"]);
  });

  test("do not keep a lease that the worker has not seen", async () => {
    const [stream] = await server.holding("a", "b");
    for (let beats = 1; beats <= 5; beats++) {
      await server.clock.advance(5000);
      stream.send(heartbeatOf(1));
      await stream.expect("extended");
    }
    expect([await stateOf("a"), await stateOf("b")]).toEqual(["leased", "ready"]);
  });

  test("tell which leases are lost, once", async () => {
    const [stream, [token]] = await server.holding("a");
    await server.clock.advance(23_000);
    const other = await server.greet({ worker: "other" });
    other.send(creditOf(1));
    await other.expect("grants");
    stream.send(heartbeatOf(1));
    expect((await stream.expect("extended")).lost).toMatchObject([
      { leaseToken: token, held: false, lostReason: LeaseLostReason.SUPERSEDED },
    ]);
    stream.send(heartbeatOf(1));
    expect((await stream.expect("extended")).lost).toEqual([]);
  });

  test("are answered although nothing is held", async () => {
    const stream = await server.greet();
    stream.send(heartbeatOf(0));
    expect((await stream.expect("extended")).lost).toEqual([]);
  });

  test("with a negative number are refused, and the stream lives", async () => {
    const stream = await server.greet();
    const frameSeq = stream.send({ case: "heartbeat", value: { seenSeq: -1n } });
    expect(await stream.expect("refused")).toMatchObject({ frameSeq });
    stream.send(heartbeatOf(0));
    await stream.expect("extended");
  });
});

describe("a cancel", () => {
  const cancel = (id: string, reason = "no longer wanted") =>
    server.rooms.broker.cancel(taskRefOf(id), { reason });

  test("reaches the worker with its reason, and what the worker then settles decides", async () => {
    const [stream, [token = new Uint8Array()]] = await server.holding("a");
    expect(await cancel("a")).toMatchObject({ kind: "requested" });
    const told = stream.expect("cancel");
    await server.clock.advance(0);
    expect((await told).leases).toMatchObject([{ leaseToken: token, reason: "no longer wanted" }]);
    stream.send({
      case: "settle",
      value: { settlements: [{ leaseToken: token, outcome: { case: "failed", value: {} } }] },
    });
    expect((await stream.expect("settled")).exceptions).toEqual([]);
    expect(await stateOf("a")).toBe("cancelled");
  });

  test("of many tasks at once is one frame", async () => {
    const ids = ["a", "b", "c", "d"];
    const [stream] = await server.holding(...ids);
    await Promise.all(ids.map((id) => cancel(id)));
    const told = stream.expect("cancel");
    await server.clock.advance(0);
    expect((await told).leases).toHaveLength(4);
  });

  test("never comes before the grant that it is about", async () => {
    // Cancelled once it is leased, while its grant is still on its way from the broker to the stream.
    const early = await openStreamServer({
      spy: (broker) => ({
        ...broker,
        async openSession(hello, events) {
          const session = await broker.openSession(hello, events);
          const next = session.next.bind(session);
          session.next = async (limit, signal) => {
            const leases = await next(limit, signal);
            for (const { taskId } of leases) await broker.cancel(taskRefOf(taskId), { reason: "too early" });
            return leases;
          };
          return session;
        },
      }),
    });
    await early.enqueue("a");
    const stream = await early.greet();
    stream.send(creditOf(1));
    const { grants } = await stream.expect("grants");
    const told = stream.expect("cancel");
    await early.clock.advance(0);
    expect((await told).leases).toMatchObject([{ leaseToken: grants[0]?.leaseToken, reason: "too early" }]);
    await early.close();
  });

  test("that a lost stream never heard of is told to the next one", async () => {
    const [stream, heldLeases] = await server.holding("a");
    await stream.lose();
    await cancel("a");
    const next = await server.greet({ sessionId: stream.welcome.sessionId, heldLeases, seenSeq: 1n });
    next.send(heartbeatOf(1));
    await next.expect("extended");
    const told = next.expect("cancel");
    await server.clock.advance(0);
    expect((await told).leases).toMatchObject([{ leaseToken: heldLeases[0], reason: "no longer wanted" }]);
  });
});

test("a settlement that was on its way while the lease was extended is not called lost", async () => {
  const [stream, [token = new Uint8Array()]] = await server.holding("a");
  stream.send(settleOf(token));
  stream.send(heartbeatOf(1));
  const frames = [await stream.take(), await stream.take()];
  const extended = frames.find(({ frame }) => frame.case === "extended")?.frame;
  expect(extended).toMatchObject({ value: { lost: [] } });
});
