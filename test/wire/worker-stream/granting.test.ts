import { Code } from "@stem/proto/google/rpc/code_pb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { rest } from "../../support/manual-clock.ts";
import {
  creditOf,
  heartbeatOf,
  openStreamServer,
  type StreamServer,
  settleOf,
  taskOf,
} from "./scripted-stream.ts";

let server: StreamServer;
beforeEach(async () => {
  server = await openStreamServer({ limits: { creditMax: 5 } });
});
afterEach(() => server.close());

type Granted = { readonly grants: readonly { readonly taskId: string; readonly leaseToken: Uint8Array }[] };
const idsOf = ({ grants }: Granted): string[] => grants.map(({ taskId }) => taskId);
const tokensOf = ({ grants }: Granted): Uint8Array[] => grants.map(({ leaseToken }) => leaseToken);

describe("credit", () => {
  test("without any, nothing is granted", async () => {
    await server.enqueue("a");
    const stream = await server.greet();
    expect(await stream.takeNow()).toBeUndefined();
    expect(await server.rooms.read("a")).toMatchObject({ state: "ready" });
  });

  test("is never exceeded, and is absolute: said again it changes nothing", async () => {
    await server.enqueue("a", "b", "c", "d");
    const stream = await server.greet();
    stream.send(creditOf(2));
    const grants = await stream.expect("grants");
    expect(grants.firstSeq).toBe(1n);
    expect(idsOf(grants)).toEqual(["a", "b"]);
    stream.send(creditOf(2));
    expect(await stream.takeNow()).toBeUndefined();
    stream.send(creditOf(2, 1));
    const more = await stream.expect("grants");
    expect(more.firstSeq).toBe(3n);
    expect(idsOf(more)).toEqual(["c"]);
  });

  test("of zero means stop", async () => {
    const stream = await server.greet();
    stream.send(creditOf(2));
    stream.send(creditOf(0));
    await rest();
    await server.enqueue("a");
    expect(await stream.takeNow()).toBeUndefined();
  });

  test("above the limit is capped", async () => {
    await server.enqueue("a", "b", "c", "d", "e", "f");
    const stream = await server.greet();
    stream.send({ case: "credit", value: { credit: 2n ** 63n - 1n } });
    expect(idsOf(await stream.expect("grants"))).toHaveLength(5);
    expect(await stream.takeNow()).toBeUndefined();
  });

  test.each([
    ["credit.credit", { credit: -1n, seenSeq: 0n }],
    ["credit.seen_seq", { credit: 1n, seenSeq: -1n }],
  ])("with a negative %s is refused, and the stream lives", async (field, value) => {
    const stream = await server.greet();
    const frameSeq = stream.send({ case: "credit", value });
    const { frameSeq: refused, error } = await stream.expect("refused");
    expect(refused).toBe(frameSeq);
    expect(error?.code).toBe(Code.INVALID_ARGUMENT);
    expect(error?.message).toContain(field);
    await server.enqueue("a");
    stream.send(creditOf(1));
    await stream.expect("grants");
  });
});

describe("a grant", () => {
  test("is the task as its producer asked for it, with the terms of its lease", async () => {
    await server.rooms.enqueue(taskOf("a", { policy: { leaseMs: 90_000, maxAttempts: 7 }, bytes: 3 }));
    const stream = await server.greet();
    stream.send(creditOf(1));
    const { grants } = await stream.expect("grants");
    expect(grants[0]).toMatchObject({
      taskId: "a",
      queue: "default",
      task: { name: "n", args: { data: { case: "binary", value: new Uint8Array(3) } } },
      attempt: 1,
      maxAttempts: 7,
      delivery: 1,
      leaseDuration: { seconds: 90n },
      createTime: { seconds: 1_800_000_000n },
    });
    expect(grants[0]?.task?.id).toBeUndefined();
    expect(grants[0]?.fence?.seq).toBeGreaterThan(0n);
  });

  test("comes as soon as there is a task", async () => {
    const stream = await server.greet();
    stream.send(creditOf(1));
    const grants = stream.expect("grants");
    await rest();
    await server.enqueue("late");
    expect(idsOf(await grants)).toEqual(["late"]);
  });

  test("is numbered on over all streams of a session", async () => {
    await server.enqueue("a", "b");
    const before = await server.greet();
    before.send(creditOf(1));
    const heldLeases = tokensOf(await before.expect("grants"));
    await before.lose();
    const after = await server.greet({ sessionId: before.welcome.sessionId, heldLeases, seenSeq: 1n });
    expect(after.welcome.sessionId).toEqual(before.welcome.sessionId);
    expect(after.welcome.leases.map(({ held }) => held)).toEqual([true]);
    expect(after.welcome.lastSeq).toBe(1n);
    after.send(creditOf(1, 1));
    expect(await after.expect("grants")).toMatchObject({ firstSeq: 2n, grants: [{ taskId: "b" }] });
  });

  test("comes from any of the worker's queues, and from no other", async () => {
    await server.rooms.enqueue(taskOf("a", { queue: "mail" }), taskOf("b", { queue: "video" }), taskOf("c"));
    const stream = await server.greet({ queues: [{ name: "mail" }, { name: "default" }] });
    stream.send(creditOf(5));
    expect(idsOf(await stream.expect("grants"))).toEqual(["a", "c"]);
    expect(await server.rooms.read("b")).toMatchObject({ state: "ready" });
  });
});

describe("a peer that does not take frames", () => {
  test("gets nothing claimed for it: another worker has the task at once", async () => {
    const stuck = await server.greet();
    stuck.send(creditOf(5));
    await rest();
    await server.enqueue("a");
    const other = await server.greet();
    other.send(creditOf(5));
    expect(idsOf(await other.expect("grants"))).toEqual(["a"]);
  });

  test("is not read from, once eight of its frames wait for their answers to be taken", async () => {
    const stream = await server.greet();
    for (let i = 0; i < 20; i++) stream.send(settleOf());
    for (let turn = 0; turn < 20; turn++) await rest();
    expect(stream.unread).toBe(12);
    await stream.expect("settled");
    for (let turn = 0; turn < 20; turn++) await rest();
    expect(stream.unread).toBe(11);
    for (let i = 1; i < 20; i++) await stream.expect("settled");
  });
});

test("grants are cut into frames that fit", async () => {
  const bytes = 1000;
  const small = await openStreamServer({ limits: { frameBytesMax: 3000 } });
  await small.rooms.enqueue(...["a", "b", "c", "d", "e"].map((id) => taskOf(id, { bytes })));
  const stream = await small.greet();
  stream.send(creditOf(5));
  const seen: [bigint, string[]][] = [];
  for (let count = 0; count < 5; ) {
    const grants = await stream.expect("grants");
    seen.push([grants.firstSeq, idsOf(grants)]);
    count += grants.grants.length;
  }
  expect(seen.flatMap(([, ids]) => ids)).toEqual(["a", "b", "c", "d", "e"]);
  expect(seen.length).toBeGreaterThanOrEqual(3);
  let next = 1n;
  for (const [first, ids] of seen) {
    expect(first).toBe(next);
    next += BigInt(ids.length);
  }
  await small.close();
});

describe("echo", () => {
  test("of grants is the newest frame that came before they were leased", async () => {
    await server.enqueue("a");
    const stream = await server.greet();
    const frameSeq = stream.send(creditOf(1));
    await rest();
    expect((await stream.expect("grants")).echoed).toBe(frameSeq);
    const beat = stream.send(heartbeatOf(1));
    expect((await stream.expect("extended")).echoed).toBe(beat);
  });

  test("of a grant that was long waited for is no older than the last heartbeat", async () => {
    const stream = await server.greet();
    stream.send(creditOf(1));
    let newest = 0n;
    for (let beats = 0; beats < 5; beats++) {
      expect(await stream.takeNow()).toBeUndefined();
      await server.clock.advance(5000);
      newest = stream.send(heartbeatOf(0));
      expect((await stream.expect("extended")).echoed).toBe(newest);
    }
    const grants = stream.expect("grants");
    await rest();
    await server.enqueue("a");
    expect((await grants).echoed).toBe(newest);
  });

  test("never goes back", async () => {
    await server.enqueue("a", "b", "c", "d", "e");
    const stream = await server.greet();
    let echo = 0n;
    const takeAll = async (): Promise<void> => {
      for (let frame = await stream.takeNow(); frame; frame = await stream.takeNow()) {
        expect(frame.echo).toBeGreaterThanOrEqual(echo);
        echo = frame.echo;
      }
    };
    for (let seen = 0; seen < 5; seen++) {
      stream.send(heartbeatOf(seen));
      stream.send(creditOf(1, seen));
      stream.send(settleOf());
      await takeAll();
    }
  });
});

test("a worker that was not heard for two heartbeats is granted nothing until it is", async () => {
  const stream = await server.greet();
  stream.send(creditOf(5));
  const grants = stream.expect("grants");
  await server.clock.advance(10_000);
  await server.enqueue("a");
  await server.clock.advance(3000);
  expect(await server.rooms.read("a")).toMatchObject({ state: "ready" });
  stream.sendUnknown();
  expect(idsOf(await grants)).toEqual(["a"]);
});
