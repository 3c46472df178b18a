import { fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { type Any, anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code } from "@stem/proto/google/rpc/code_pb";
import { ErrorInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { FailureSchema } from "@stem/proto/stem/v1/failure_pb";
import { LeaseLostReason, type SettlementSchema, SettleOutcome } from "@stem/proto/stem/v1/lease_pb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Broker } from "../../../server/src/broker/broker.ts";
import { defaultNamespace, queueNameOf } from "../../../server/src/model/ids.ts";
import { limits } from "../../../server/src/model/limits.ts";
import { StemProblem } from "../../../server/src/model/problem.ts";
import { rest } from "../../support/manual-clock.ts";
import { helloWith, openStreamServer, type StreamServer, settleOf } from "./scripted-stream.ts";

type Outcome = MessageInitShape<typeof SettlementSchema>["outcome"];

let server: StreamServer;
beforeEach(async () => {
  server = await openStreamServer();
});
afterEach(() => server.close());

/** A stream that holds these tasks, and their tokens. */
/** The token of a task that is leased without a stream. */
async function unaryToken(): Promise<Uint8Array> {
  const queues = [queueNameOf("default")];
  const want = { namespace: defaultNamespace, queues, limit: 1, worker: "unary", waitMs: 0 };
  const { leases } = await server.rooms.broker.lease(want, new AbortController().signal);
  return leases[0]?.token ?? new Uint8Array();
}

const settlements = (...items: readonly (readonly [Uint8Array | undefined, Outcome])[]) => ({
  case: "settle" as const,
  value: {
    settlements: items.map(([leaseToken = new Uint8Array(), outcome]) => ({
      leaseToken,
      outcome: outcome as never,
    })),
  },
});

const reasonOf = (error: { details: Any[] } | undefined): string | undefined =>
  error?.details
    .map((detail) => anyUnpack(detail, ErrorInfoSchema)?.reason)
    .find((reason) => reason !== undefined);

test("what is accepted is answered after its commit, with nothing to except", async () => {
  const [stream, tokens] = await server.holding("a", "b");
  const frameSeq = stream.send(settleOf(...tokens));
  expect(await stream.expect("settled")).toMatchObject({ frameSeq, exceptions: [] });
  for (const id of ["a", "b"]) expect(await server.rooms.read(id)).toMatchObject({ state: "succeeded" });
});

test("each outcome does what it says", async () => {
  const [stream, tokens] = await server.holding("a", "b", "c", "d", "e", "f");
  stream.send(
    settlements(
      [tokens[0], { case: "succeeded", value: { result: { data: { case: "json", value: "1" } } } }],
      [tokens[1], { case: "failed", value: { failure: { message: "no", nonRetryable: true } } }],
      [tokens[2], { case: "retry", value: { delay: { seconds: 60n } } }],
      [tokens[3], { case: "released", value: {} }],
      [tokens[4], { case: "rejected", value: { reason: "not mine" } }],
      [tokens[5], { case: "unknownName", value: {} }],
    ),
  );
  expect((await stream.expect("settled")).exceptions).toEqual([]);
  const { read } = server.rooms;
  expect(await read("a")).toMatchObject({ state: "succeeded" });
  expect(await read("b")).toMatchObject({ state: "failed", reason: "non_retryable" });
  expect(await read("c")).toMatchObject({ state: "scheduled", reason: "backoff", attempt: 2 });
  expect(await read("d")).toMatchObject({ state: "ready", attempt: 1, deliveries: 0 });
  expect(await read("e")).toMatchObject({ state: "failed", reason: "rejected" });
  expect(await read("f")).toMatchObject({ state: "scheduled", reason: "unknown_name" });
});

test("said again, the same is a duplicate, and something else is lost", async () => {
  const [stream, [token]] = await server.holding("a");
  stream.send(settlements([token, { case: "succeeded", value: {} }]));
  await stream.expect("settled");
  stream.send(
    settlements([token, { case: "succeeded", value: {} }], [token, { case: "released", value: {} }]),
  );
  expect((await stream.expect("settled")).exceptions).toMatchObject([
    { index: 0, verdict: { outcome: SettleOutcome.DUPLICATE } },
    { index: 1, verdict: { outcome: SettleOutcome.LEASE_LOST, lostReason: LeaseLostReason.SETTLED } },
  ]);
});

describe("one wrong settlement does not harm the others", () => {
  test("when it says nothing, or its delay is negative", async () => {
    const [stream, tokens] = await server.holding("a", "b", "c");
    stream.send(
      settlements(
        [tokens[0], { case: undefined }],
        [tokens[1], { case: "succeeded", value: {} }],
        [tokens[2], { case: "retry", value: { delay: { seconds: -1n } } }],
      ),
    );
    const { exceptions } = await stream.expect("settled");
    expect(exceptions.map(({ index, verdict, error }) => [index, verdict, error?.code])).toEqual([
      [0, undefined, Code.INVALID_ARGUMENT],
      [2, undefined, Code.INVALID_ARGUMENT],
    ]);
    expect(exceptions[1]?.error?.message).toContain("settle.settlements[2].retry.delay");
    expect(await server.rooms.read("a"), "its lease lives on").toMatchObject({ state: "leased" });
    expect(await server.rooms.read("b")).toMatchObject({ state: "succeeded" });
  });

  test("when its result is too large: then the task has failed, and the worker is told", async () => {
    const [stream, [token]] = await server.holding("a");
    const value = new Uint8Array(limits.resultBytesMax + 1);
    stream.send(
      settlements([token, { case: "succeeded", value: { result: { data: { case: "binary", value } } } }]),
    );
    const [exception] = (await stream.expect("settled")).exceptions;
    expect(exception).toMatchObject({ index: 0, verdict: { outcome: SettleOutcome.ACCEPTED } });
    expect(exception?.error?.code).toBe(Code.RESOURCE_EXHAUSTED);
    expect(reasonOf(exception?.error)).toBe("RESULT_TOO_LARGE");
    const task = await server.rooms.read("a");
    expect(task).toMatchObject({ state: "failed", reason: "result_too_large" });
    expect(fromBinary(FailureSchema, task.failure ?? new Uint8Array()).type).toBe("ResultTooLarge");
  });
});

test("a failure of megabytes is kept, cut and marked", async () => {
  const [stream, [token]] = await server.holding("a");
  const failure = { message: "m".repeat(1_000_000), stack: "s".repeat(2_000_000), nonRetryable: true };
  stream.send(settlements([token, { case: "failed", value: { failure } }]));
  expect((await stream.expect("settled")).exceptions).toEqual([]);
  const kept = fromBinary(FailureSchema, (await server.rooms.read("a")).failure ?? new Uint8Array());
  expect([kept.message.length, kept.stack.length, kept.truncated]).toEqual([16_384, 65_536, true]);
});

test("more than 1,000 settlements refuse the frame, and the stream lives", async () => {
  const [stream, [token]] = await server.holding("a");
  const frameSeq = stream.send(settleOf(...Array.from({ length: 1001 }, () => token ?? new Uint8Array())));
  const { frameSeq: refused, error } = await stream.expect("refused");
  expect([refused, reasonOf(error)]).toEqual([frameSeq, "BATCH_TOO_LARGE"]);
  stream.send(settleOf(token ?? new Uint8Array()));
  expect((await stream.expect("settled")).exceptions).toEqual([]);
});

describe("tokens that are not this session's", () => {
  const garbage = [new Uint8Array(), new Uint8Array([1, 2, 3]), new Uint8Array(90).fill(7)];

  test("are lost leases; the third within 10 s closes the stream, after its answer", async () => {
    const [stream, [token]] = await server.holding("a");
    const forged = Uint8Array.from(token ?? []);
    forged[20] = (forged[20] ?? 0) ^ 1;
    for (const wrong of [garbage[1], forged]) {
      stream.send(settleOf(wrong ?? new Uint8Array()));
      expect((await stream.expect("settled")).exceptions).toMatchObject([
        { verdict: { outcome: SettleOutcome.LEASE_LOST, lostReason: LeaseLostReason.TOKEN_INVALID } },
      ]);
    }
    stream.send(settleOf(garbage[2] ?? new Uint8Array()));
    await stream.expect("settled");
    expect(await stream.ending()).toMatchObject({
      problem: { reason: "FIELD_INVALID", violations: [{ field: "settle.settlements" }] },
    });
    expect(server.log.lines.some(({ level, text }) => level === "warn" && text.includes("tokens"))).toBe(
      true,
    );
    expect(await server.rooms.read("a")).toMatchObject({ state: "leased" });
  });

  test("more slowly do not", async () => {
    const stream = await server.greet();
    for (const wrong of [...garbage, ...garbage]) {
      stream.send(settleOf(wrong));
      await stream.expect("settled");
      await server.clock.advance(6000);
    }
  });

  test("of LeaseTasks, or of another stream, are told so, never count, and live on", async () => {
    const [stream] = await server.holding("a");
    const [, [theirs = new Uint8Array()]] = await server.holding("b");
    await server.enqueue("c");
    const unary = await unaryToken();
    for (const token of [unary, theirs, unary, theirs]) {
      stream.send(settleOf(token));
      expect((await stream.expect("settled")).exceptions).toMatchObject([
        { verdict: { outcome: SettleOutcome.LEASE_LOST, lostReason: LeaseLostReason.OTHER_SESSION } },
      ]);
    }
    expect(await server.rooms.read("b")).toMatchObject({ state: "leased" });
    expect(await server.rooms.read("c")).toMatchObject({ state: "leased" });
  });

  test("count in whichever frames they come", async () => {
    const stream = server.open();
    const [gone, ...others] = garbage;
    stream.send(helloWith({ sessionId: new Uint8Array(16), heldLeases: [gone ?? new Uint8Array()] }));
    await stream.expect("welcome");
    const progress = others.map((leaseToken) => ({ leaseToken, progress: { percent: 1 } }));
    stream.send({ case: "progress", value: { progress } });
    expect(await stream.ending()).toMatchObject({
      problem: { reason: "FIELD_INVALID", violations: [{ field: "progress.progress" }] },
    });
  });

  test("and are listed in Hello close the stream after the Welcome that says which", async () => {
    const stream = server.open();
    stream.send(helloWith({ sessionId: new Uint8Array(16), heldLeases: garbage }));
    expect((await stream.expect("welcome")).leases.map(({ lostReason }) => lostReason)).toEqual(
      garbage.map(() => LeaseLostReason.TOKEN_INVALID),
    );
    expect(await stream.ending()).toMatchObject({
      problem: { reason: "FIELD_INVALID", violations: [{ field: "hello.held_leases" }] },
    });
  });

  test("of leases that are over never do", async () => {
    const [stream, [token]] = await server.holding("a");
    for (let i = 0; i < 10; i++) {
      stream.send(
        settlements([token, i === 0 ? { case: "succeeded", value: {} } : { case: "released", value: {} }]),
      );
      await stream.expect("settled");
    }
  });
});

describe("while the store is slow", () => {
  /** A broker whose settlements wait until the test lets them go. */
  function slowBroker() {
    const waiting: (() => void)[] = [];
    const spy = (broker: Broker): Broker => ({
      ...broker,
      async openSession(hello, events) {
        const session = await broker.openSession(hello, events);
        const settle = session.settle.bind(session);
        session.settle = async (items) => {
          await new Promise<void>((resolve) => waiting.push(resolve));
          return settle(items);
        };
        return session;
      },
    });
    return { waiting, spy };
  }

  test("several frames are under way at once, each answered when it is done", async () => {
    const { waiting, spy } = slowBroker();
    const slow = await openStreamServer({ spy });
    const [stream, tokens] = await slow.holding("a", "b", "c");
    const frames = tokens.map((token) => stream.send(settleOf(token)));
    for (let turn = 0; turn < 10; turn++) await rest();
    expect(waiting).toHaveLength(3);
    waiting[1]?.();
    expect((await stream.expect("settled")).frameSeq).toBe(frames[1]);
    waiting[0]?.();
    waiting[2]?.();
    await stream.expect("settled");
    await stream.expect("settled");
    await slow.close();
  });

  test("a worker that closes its half gets its answers before the end", async () => {
    const { waiting, spy } = slowBroker();
    const slow = await openStreamServer({ spy });
    const [stream, [token]] = await slow.holding("a");
    stream.send(settleOf(token ?? new Uint8Array()));
    stream.endSending();
    const answer = stream.expect("settled");
    for (let turn = 0; turn < 10; turn++) await rest();
    waiting[0]?.();
    await answer;
    expect(await stream.ending()).toBeUndefined();
    await slow.close();
  });
});

test("a store that does not answer refuses the frame, and the worker may say it again", async () => {
  let isDown = true;
  const flaky = await openStreamServer({
    spy: (broker) => ({
      ...broker,
      async openSession(hello, events) {
        const session = await broker.openSession(hello, events);
        const settle = session.settle.bind(session);
        session.settle = (items) =>
          isDown ? Promise.reject(new StemProblem({ reason: "STORE_UNAVAILABLE" })) : settle(items);
        return session;
      },
    }),
  });
  const [stream, [token]] = await flaky.holding("a");
  const frameSeq = stream.send(settleOf(token ?? new Uint8Array()));
  const { frameSeq: refused, error } = await stream.expect("refused");
  expect([refused, reasonOf(error), error?.code]).toEqual([frameSeq, "STORE_UNAVAILABLE", Code.UNAVAILABLE]);
  isDown = false;
  stream.send(settleOf(token ?? new Uint8Array()));
  expect((await stream.expect("settled")).exceptions).toEqual([]);
  await flaky.close();
});

test("a bug while settling ends the stream, and not the process", async () => {
  const broken = await openStreamServer({
    spy: (broker) => ({
      ...broker,
      async openSession(hello, events) {
        const session = await broker.openSession(hello, events);
        session.settle = () => Promise.reject(new Error("a bug"));
        return session;
      },
    }),
  });
  const [stream, [token]] = await broken.holding("a");
  stream.send(settleOf(token ?? new Uint8Array()));
  expect(await stream.ending()).toMatchObject({ message: "a bug" });
  await broken.close();
});
