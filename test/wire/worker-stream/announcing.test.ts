import { QueueMode } from "@stem/proto/stem/v1/worker_pb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { creditOf, heartbeatOf, openStreamServer, type StreamServer, taskOf } from "./scripted-stream.ts";

let server: StreamServer;
beforeEach(async () => {
  server = await openStreamServer();
});
afterEach(() => server.close());

const idsOf = (frame: { readonly grants: readonly { readonly taskId: string }[] }): string[] =>
  frame.grants.map(({ taskId }) => taskId);

describe("a worker that orders its queues", () => {
  test("gets a strict queue's tasks before all others", async () => {
    await server.rooms.enqueue(
      taskOf("high", { priority: 9 }),
      taskOf("urgent-1", { queue: "urgent", priority: 0 }),
      taskOf("urgent-2", { queue: "urgent", priority: 0 }),
    );
    const urgent = { name: "urgent", mode: QueueMode.STRICT };
    const stream = await server.greet({ queues: [urgent, { name: "default" }] });
    stream.send(creditOf(3));
    expect(idsOf(await stream.expect("grants"))).toEqual(["urgent-1", "urgent-2", "high"]);
  });

  test("gets weighted queues by their weights", async () => {
    const queues = ["a", "b"].map((name, at) => ({
      name,
      mode: QueueMode.WEIGHTED,
      weight: at === 0 ? 3 : 1,
    }));
    for (const { name } of queues)
      await server.rooms.enqueue(
        ...Array.from({ length: 8 }, (_, at) => taskOf(`${name}${at}`, { queue: name })),
      );
    const stream = await server.greet({ queues });
    stream.send(creditOf(8));
    const ids = idsOf(await stream.expect("grants"));
    expect(ids.filter((id) => id.startsWith("a"))).toHaveLength(6);
  });

  test("is refused for a queue that it names twice", async () => {
    const stream = server.open();
    const queue = { name: "a" };
    stream.send({
      case: "hello",
      value: { protocolMin: 1, protocolMax: 1, worker: "w", slots: 1, queues: [queue, queue] },
    });
    expect(await stream.ending()).toMatchObject({
      problem: { reason: "FIELD_INVALID", violations: [{ field: "hello.queues[1].name" }] },
    });
  });
});

describe("a window of bytes", () => {
  test("stops grants that are beyond it, and goes on when they were seen", async () => {
    await server.rooms.enqueue(...["a", "b", "c"].map((id) => taskOf(id, { bytes: 1000 })));
    const stream = await server.greet();
    stream.send({ case: "credit", value: { credit: 10n, bytesMax: 1500n } });
    expect(idsOf(await stream.expect("grants"))).toEqual(["a"]);
    expect(idsOf(await stream.expect("grants")), "the last may go beyond").toEqual(["b"]);
    expect(await stream.takeNow()).toBeUndefined();
    stream.send({ case: "credit", value: { seenSeq: 2n, credit: 10n, bytesMax: 1500n } });
    expect(idsOf(await stream.expect("grants"))).toEqual(["c"]);
  });

  test("of no bytes means stop, and a negative one is refused", async () => {
    const stream = await server.greet();
    stream.send({ case: "credit", value: { credit: 10n, bytesMax: 0n } });
    await server.enqueue("a");
    expect(await stream.takeNow()).toBeUndefined();
    const frameSeq = stream.send({ case: "credit", value: { credit: 10n, bytesMax: -1n } });
    const refused = await stream.expect("refused");
    expect(refused).toMatchObject({ frameSeq });
    expect(refused.error?.message).toContain("credit.bytes_max");
  });
});

describe("what arrived", () => {
  test("decides whether a lease that expires costs a delivery", async () => {
    await server.enqueue("a", "b");
    const stream = await server.greet();
    stream.send(creditOf(2));
    await stream.expect("grants");
    stream.send({ case: "received", value: { ranges: [{ firstSeq: 2n, lastSeq: 2n }] } });
    expect(await stream.takeNow(), "it is not answered").toBeUndefined();
    await stream.lose();
    await server.clock.advance(25_000);
    expect(await server.rooms.read("a")).toMatchObject({ state: "ready", deliveries: 0 });
    expect(await server.rooms.read("b")).toMatchObject({ state: "ready", deliveries: 1 });
  });

  test.each([
    ["received.ranges[0].first_seq", [{ firstSeq: 0n, lastSeq: 1n }]],
    [
      "received.ranges[1].last_seq",
      [
        { firstSeq: 1n, lastSeq: 1n },
        { firstSeq: 3n, lastSeq: 2n },
      ],
    ],
    ["received.ranges", Array.from({ length: 1001 }, () => ({ firstSeq: 1n, lastSeq: 1n }))],
  ])("in a frame with a wrong %s is refused, and the stream lives", async (field, ranges) => {
    const stream = await server.greet();
    const frameSeq = stream.send({ case: "received", value: { ranges } });
    const refused = await stream.expect("refused");
    expect(refused).toMatchObject({ frameSeq });
    expect(refused.error?.message).toContain(field);
    stream.send(heartbeatOf(0));
    await stream.expect("extended");
  });
});

describe("a heartbeat", () => {
  test("is told how much is ready in the worker's queues, where it asks", async () => {
    await server.rooms.enqueue(taskOf("a"), taskOf("b"), taskOf("c", { queue: "other" }));
    const stream = await server.greet({ queues: [{ name: "none" }, { name: "default" }] });
    stream.send({ case: "heartbeat", value: { wantBacklogs: true } });
    expect((await stream.expect("extended")).backlogs).toMatchObject([
      { queue: "none", ready: 0n },
      { queue: "default", ready: 2n },
    ]);
    stream.send(heartbeatOf(0));
    expect((await stream.expect("extended")).backlogs).toEqual([]);
  });

  test("with figures that cannot be is refused, and the stream lives", async () => {
    const stream = await server.greet();
    stream.send({ case: "heartbeat", value: { stats: { load: [1, 2, 3, 4] } } });
    expect((await stream.expect("refused")).error?.message).toContain("heartbeat.stats.load");
    stream.send({ case: "heartbeat", value: { stats: { host: "h", load: [0.5, 1, 1.5], memoryBytes: 1n } } });
    await stream.expect("extended");
  });
});
