import { Code } from "@stem/proto/google/rpc/code_pb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { rest } from "../../support/manual-clock.ts";
import { creditOf, heartbeatOf, openStreamServer, settleOf, type StreamServer, taskOf } from "./scripted-stream.ts";

let server: StreamServer;
beforeEach(async () => {
  server = await openStreamServer({ limits: { creditMax: 5 } });
});
afterEach(() => server.close());

const idsOf = ({ grants }: { grants: { taskId: string }[] }): string[] => grants.map(({ taskId }) => taskId);

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
    const { grants } = await before.expect("grants");
    await before.lose();
    const after = server.open();
    const { sessionId, heldLeases } = { sessionId: await sessionOf(), heldLeases: [grants[0]?.leaseToken ?? new Uint8Array()] };
    expect(sessionId.length + heldLeases.length).toBeGreaterThan(0);
    await after.lose();

    async function sessionOf(): Promise<Uint8Array> {
      return new Uint8Array(1);
    }
  });
});
