import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { rest } from "../../support/manual-clock.ts";
import {
  creditOf,
  heartbeatOf,
  taskOf as newTask,
  openStreamServer,
  type StreamServer,
  settleOf,
} from "./scripted-stream.ts";

let server: StreamServer;
beforeEach(async () => {
  server = await openStreamServer();
});
afterEach(() => server.close());

const goodbye = { case: "goodbye", value: {} } as const;
const taskOf = (id: string) => server.rooms.read(id);

describe("goodbye", () => {
  test("gives back at once, free of charge, what the worker still holds when its stream ends", async () => {
    const [stream, [token = new Uint8Array()]] = await server.holding("a", "b");
    stream.send(goodbye);
    stream.send(settleOf(token));
    stream.endSending();
    await stream.expect("settled");
    expect(await stream.ending()).toBeUndefined();
    expect(await taskOf("a")).toMatchObject({ state: "succeeded" });
    expect(await taskOf("b")).toMatchObject({ state: "ready", deliveries: 0, attempt: 1 });
  });

  test("holds although the connection breaks after it", async () => {
    const [stream] = await server.holding("a");
    stream.send(goodbye);
    await rest();
    await stream.lose();
    expect(await taskOf("a")).toMatchObject({ state: "ready", deliveries: 0 });
  });

  test("ends granting, and more credit changes nothing", async () => {
    const stream = await server.greet();
    stream.send(goodbye);
    stream.send(creditOf(5));
    await rest();
    await server.enqueue("a");
    expect(await stream.takeNow()).toBeUndefined();
    expect(await taskOf("a")).toMatchObject({ state: "ready" });
  });

  test("leaves heartbeats and settlements working", async () => {
    const [stream, [token = new Uint8Array()]] = await server.holding("a");
    stream.send(goodbye);
    for (let beats = 0; beats < 6; beats++) {
      await server.clock.advance(5000);
      stream.send(heartbeatOf(1));
      await stream.expect("extended");
    }
    stream.send(settleOf(token));
    expect((await stream.expect("settled")).exceptions).toEqual([]);
  });
});

describe("a lost stream", () => {
  test("returns no lease early, and the session goes on where it was", async () => {
    const [stream, heldLeases] = await server.holding("a", "b");
    await stream.lose();
    await server.clock.advance(10_000);
    expect(await taskOf("a")).toMatchObject({ state: "leased" });
    const next = await server.greet({ sessionId: stream.welcome.sessionId, heldLeases, seenSeq: 2n });
    expect(next.welcome.leases.map(({ held }) => held)).toEqual([true, true]);
    next.send(settleOf(...heldLeases));
    expect((await next.expect("settled")).exceptions).toEqual([]);
  });

  test("gives a lease back at once that the next greeting does not list", async () => {
    const [stream, [kept = new Uint8Array()]] = await server.holding("a", "b");
    await stream.lose();
    const next = await server.greet({ sessionId: stream.welcome.sessionId, heldLeases: [kept], seenSeq: 1n });
    expect(next.welcome.leases.map(({ held }) => held)).toEqual([true]);
    expect(await taskOf("b")).toMatchObject({ state: "ready", deliveries: 0 });
  });

  test("gives back at once what was claimed for it and never left", async () => {
    // Two claims in one, so that what is claimed is more than a frame holds.
    const small = await openStreamServer({
      limits: { frameBytesMax: 1500 },
      spy: (broker) => ({
        ...broker,
        async openSession(hello, events) {
          const session = await broker.openSession(hello, events);
          const next = session.next.bind(session);
          session.next = async (_, signal) => [...(await next(1, signal)), ...(await next(1, signal))];
          return session;
        },
      }),
    });
    await small.rooms.enqueue(newTask("a", { bytes: 1000 }), newTask("b", { bytes: 1000 }));
    const stream = await small.greet();
    stream.send(creditOf(2));
    await rest();
    expect((await stream.expect("grants")).grants).toHaveLength(1);
    expect(await small.rooms.read("b"), "claimed together, but too large for one frame").toMatchObject({
      state: "leased",
    });
    await stream.lose();
    expect(await small.rooms.read("a")).toMatchObject({ state: "leased" });
    expect(await small.rooms.read("b")).toMatchObject({ state: "ready", deliveries: 0 });
    await small.close();
  });

  test("costs its leases when nobody comes back", async () => {
    const [stream] = await server.holding("a");
    await stream.lose();
    await server.clock.advance(23_000);
    expect(await taskOf("a")).toMatchObject({ state: "ready", deliveries: 1, attempt: 1 });
  });
});

describe("another stream of the same session", () => {
  test("ends the first one well, and has its leases", async () => {
    const [first, heldLeases] = await server.holding("a");
    const second = await server.greet({ sessionId: first.welcome.sessionId, heldLeases, seenSeq: 1n });
    expect(await first.ending()).toBeUndefined();
    expect(await taskOf("a")).toMatchObject({ state: "leased" });
    second.send(settleOf(...heldLeases));
    expect((await second.expect("settled")).exceptions).toEqual([]);
  });

  test("gets what is ready from then on", async () => {
    const first = await server.greet();
    first.send(creditOf(5));
    const ending = first.ending();
    await rest();
    const second = await server.greet({ sessionId: first.welcome.sessionId });
    expect(await ending).toBeUndefined();
    second.send(creditOf(5));
    await server.enqueue("a");
    expect((await second.expect("grants")).grants).toHaveLength(1);
  });
});

describe("a worker that closes its half without goodbye", () => {
  test("gets its answers, then the end, and keeps its leases", async () => {
    const [stream, [token = new Uint8Array()]] = await server.holding("a", "b");
    stream.send(settleOf(token));
    stream.send(heartbeatOf(2));
    stream.endSending();
    const kinds = [(await stream.take()).frame.case, (await stream.take()).frame.case];
    expect(kinds.sort()).toEqual(["extended", "settled"]);
    expect(await stream.ending()).toBeUndefined();
    expect(await taskOf("b")).toMatchObject({ state: "leased" });
  });
});

describe("a server that drains", () => {
  test("says so, grants nothing more, and still takes settlements and heartbeats", async () => {
    const [stream, [token = new Uint8Array()]] = await server.holding("a", "b");
    stream.send(creditOf(10, 2));
    await rest();
    server.drain();
    expect(await stream.expect("drain")).toMatchObject({ retryAfter: { seconds: 1n } });
    await server.rooms.store.accept({ tasks: [], now: server.clock.now(), atomic: false });
    expect(await stream.takeNow()).toBeUndefined();
    stream.send(heartbeatOf(2));
    await stream.expect("extended");
    stream.send(settleOf(token));
    expect((await stream.expect("settled")).exceptions).toEqual([]);
    stream.send(goodbye);
    stream.endSending();
    expect(await stream.ending()).toBeUndefined();
    expect(await taskOf("b")).toMatchObject({ state: "ready" });
  });

  test("gives back what was claimed and not sent, and nothing is granted after Drain", async () => {
    await server.enqueue("a");
    const stream = await server.greet();
    stream.send(creditOf(1));
    const first = stream.take();
    server.drain();
    const kinds = [(await first).frame.case];
    for (let frame = await stream.takeNow(); frame; frame = await stream.takeNow())
      kinds.push(frame.frame.case);
    const drainAt = kinds.indexOf("drain");
    expect(drainAt).toBeGreaterThanOrEqual(0);
    expect(kinds.slice(drainAt)).not.toContain("grants");
    const task = await taskOf("a");
    expect(task.state).toBe(kinds.includes("grants") ? "leased" : "ready");
  });
});

test("what a stream was is logged when it begins and when it ends, and never its session's id", async () => {
  const stream = await server.greet({ worker: "host-1/42", sdk: "stem-ts 1" });
  stream.sendUnknown();
  await rest();
  await stream.lose();
  const lines = server.log.lines.filter(({ text }) => text.includes("worker's stream"));
  expect(lines.map(({ text }) => text)).toEqual(["a worker's stream began", "a worker's stream ended"]);
  expect(lines[0]?.facts).toMatchObject({
    worker: "host-1/42",
    namespace: "default",
    peer: "test",
    sdk: "stem-ts 1",
  });
  expect(lines[1]?.facts).toMatchObject({ worker: "host-1/42", unknownFrames: 1, progressDropped: 0 });
  const id = Buffer.from(stream.welcome.sessionId);
  expect(JSON.stringify(lines)).not.toContain(id.toString("hex"));
  expect(JSON.stringify(lines)).not.toContain(id.toString("base64"));
});
