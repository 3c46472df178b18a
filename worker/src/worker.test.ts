import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { rest } from "../../test/support/manual-clock.ts";
import { grant, greetingWorker, tokenOf, welcomeWorker } from "../../test/support/peered-worker.ts";
import { extendedFrame, settledFrame, welcomeFrame } from "../../test/support/stream-peer.ts";
import { until } from "../../test/support/until.ts";

test("it greets with what it serves, and gives credit for its free slots", async () => {
  const { first, started } = await greetingWorker({ queues: ["mail", "slow"], namespace: "shop" });
  expect((await first.next("hello")).value).toMatchObject({
    protocolMin: 1,
    protocolMax: 1,
    namespace: "shop",
    worker: "w1",
    queues: [{ name: "mail" }, { name: "slow" }],
    slots: 2,
    sdk: expect.stringMatching(/^@stem\/worker \d+\.\d+\.\d+$/),
    sessionId: new Uint8Array(),
    heldLeases: [],
  });
  first.send(welcomeFrame());
  await started;
  expect((await first.next("credit")).value).toMatchObject({ seenSeq: 0n, credit: 2n });
});

test("it runs what it is granted, settles it, and asks for more as slots come free", async () => {
  const { first, run } = await welcomeWorker();
  grant(first, [{ taskId: "a" }, { taskId: "b" }]);
  (await run(0)).end({ words: 3 });
  const settle = await first.next("settle");
  expect(settle.value.settlements).toMatchObject([
    {
      leaseToken: tokenOf("a"),
      outcome: { case: "succeeded", value: { result: { data: { case: "json", value: '{"words":3}' } } } },
    },
  ]);
  expect((await first.next("credit", 1)).value).toMatchObject({ seenSeq: 2n, credit: 1n });
});

test("what ends in one turn is settled in one frame", async () => {
  const { first, run } = await welcomeWorker();
  grant(first, [{ taskId: "a" }, { taskId: "b" }]);
  const runs = [await run(0), await run(1)];
  for (const { end } of runs) end();
  expect((await first.next("settle")).value.settlements).toHaveLength(2);
});

test("it heartbeats at once and then every interval, also when it holds nothing", async () => {
  const { clock, first } = await welcomeWorker();
  expect((await first.next("heartbeat")).value).toMatchObject({ seenSeq: 0n });
  for (let count = 1; count < 4; count += 1) {
    first.send(extendedFrame());
    await clock.advance(5000);
    await first.next("heartbeat", count);
  }
});

test("a heartbeat says how the worker is doing", async () => {
  const { clock, first, run } = await welcomeWorker();
  expect((await first.next("heartbeat")).value.stats).toMatchObject({ started: 0n, running: 0, slots: 2 });
  grant(first, [{ taskId: "a" }, { taskId: "b" }, { taskId: "c" }]);
  (await run(0)).end();
  await first.next("settle");
  first.send(extendedFrame());
  await clock.advance(5000);
  const { stats } = (await first.next("heartbeat", 1)).value;
  expect(stats).toMatchObject({
    ...{ started: 3n, succeeded: 1n, failed: 0n, running: 2, waiting: 0, slots: 2 },
    ...{ host: expect.stringMatching(/^[!-~]+$/), pid: BigInt(process.pid), cpus: expect.any(Number) },
    sinceConfirmed: { seconds: 5n },
  });
  expect(stats?.load).toHaveLength(3);
});

test("a stream that breaks loses nothing: leases are listed again, and what was not answered is settled again", async () => {
  const { clock, peer, first, run } = await welcomeWorker();
  grant(first, [{ taskId: "a" }, { taskId: "b" }]);
  (await run(0)).end(1);
  await first.next("settle");
  first.end(new ConnectError("broken", Code.Unavailable));
  await until(() => first.isOver, { deadlineMs: 50_000, what: "the end of the stream", everyMs: 1 });
  await clock.advance(250);
  const second = await peer.stream(2);
  expect((await second.next("hello")).value).toMatchObject({
    sessionId: tokenOf("s1"),
    heldLeases: [tokenOf("a"), tokenOf("b")],
    seenSeq: 2n,
  });
  second.send(welcomeFrame({ held: [true, true], lastSeq: 2 }));
  expect((await second.next("settle")).value.settlements).toMatchObject([{ outcome: { case: "succeeded" } }]);
  expect((await second.next("credit")).value).toMatchObject({ seenSeq: 2n, credit: 1n });
});

test("what was answered is neither listed nor settled again", async () => {
  const { clock, peer, first, run } = await welcomeWorker();
  grant(first, [{ taskId: "a" }]);
  (await run(0)).end();
  await first.next("settle");
  first.send(settledFrame(first.seqOf("settle")));
  await rest();
  first.end();
  await rest();
  await clock.advance(250);
  const second = await peer.stream(2);
  expect((await second.next("hello")).value.heldLeases).toEqual([]);
});

test("a lease that the server did not keep is stopped, and nothing is settled for it", async () => {
  const { clock, peer, first, run } = await welcomeWorker();
  grant(first, [{ taskId: "a" }, { taskId: "b" }]);
  const [a, b] = [await run(0), await run(1)];
  first.end();
  await rest();
  await clock.advance(250);
  const second = await peer.stream(2);
  await second.next("hello");
  second.send(welcomeFrame({ held: [false, true], lastSeq: 2 }));
  await second.next("heartbeat");
  expect(a.ctx.signal.reason).toMatchObject({ name: "LeaseLost", confirmed: true });
  a.end("ignored");
  b.end("kept");
  const { settlements } = (await second.next("settle")).value;
  expect(settlements).toMatchObject([{ leaseToken: tokenOf("b") }]);
});

test("a lease is counted from the sending of the frame that its grant echoes, and stopped at 80 % of it", async () => {
  const { clock, peer, first, run } = await welcomeWorker();
  const creditSeq = first.seqOf("credit");
  await clock.advance(4000);
  grant(first, [{ taskId: "a" }], creditSeq);
  const { ctx, fail } = await run(0);
  const { signal } = ctx;
  await clock.advance(11_999);
  expect(signal.aborted).toBe(false);
  await clock.advance(1);
  expect(signal.reason).toMatchObject({ name: "LeaseLost", confirmed: false });
  fail(signal.reason);
  await rest();
  // Nobody answered heartbeats for so long that there is a new stream: once there is contact again, the task is given back.
  const second = await peer.stream(2);
  await second.next("hello");
  second.send(welcomeFrame({ held: [true], lastSeq: 1 }));
  expect((await second.next("settle")).value.settlements).toMatchObject([{ outcome: { case: "released" } }]);
});

test("an answered heartbeat renews the lease from when it was sent, not from the answer", async () => {
  const { clock, first, run } = await welcomeWorker();
  grant(first, [{ taskId: "a" }]);
  const { signal } = (await run(0)).ctx;
  first.send(extendedFrame());
  await clock.advance(5000);
  await first.next("heartbeat", 1);
  await clock.advance(3000);
  // The echo names a newer frame than the heartbeat that is answered.
  first.send(extendedFrame());
  await rest();
  await clock.advance(12_999);
  expect(signal.aborted).toBe(false);
  await clock.advance(1);
  expect(signal.aborted).toBe(true);
});

test("a lease shorter than the usual is confirmed at its own pace, without a second heartbeat beside an open one", async () => {
  const { clock, first, run } = await welcomeWorker();
  await first.next("heartbeat");
  first.send(extendedFrame());
  grant(first, [{ taskId: "a", leaseMs: 2000 }]);
  const { ctx, end } = await run(0);
  for (let count = 1; count < 9; count += 1) {
    await clock.advance(500);
    await first.next("heartbeat", count);
    first.send(extendedFrame());
    await rest();
  }
  await clock.advance(500);
  await first.next("heartbeat", 9);
  const beats = () => first.frames.filter(({ frame }) => frame.case === "heartbeat").length;
  await clock.advance(400);
  expect(beats()).toBe(10);
  expect(ctx.signal.aborted).toBe(false);
  end();
});

test("a lease that is more than half over when it comes is confirmed before its handler begins", async () => {
  const { clock, first, run, runs } = await welcomeWorker();
  const creditSeq = first.seqOf("credit");
  first.send(extendedFrame());
  await clock.advance(4900);
  grant(first, [{ taskId: "a", leaseMs: 6000 }, { taskId: "b" }], creditSeq);
  expect((await run(0)).ctx.id).toBe("b");
  expect((await first.next("heartbeat", 1)).value).toMatchObject({ seenSeq: 2n });
  expect(runs).toHaveLength(1);
  first.send(extendedFrame());
  const { ctx } = await run(1);
  expect(ctx.id).toBe("a");
  expect(ctx.signal.aborted).toBe(false);
});

test("a late lease that nobody confirms, or that is cancelled or lost, never begins", async () => {
  const { clock, first, runs } = await welcomeWorker({ concurrency: 4 });
  const creditSeq = first.seqOf("credit");
  first.send(extendedFrame());
  await clock.advance(4900);
  const late = ["a", "b", "c"].map((taskId) => ({ taskId, leaseMs: 2000 }));
  grant(first, late, creditSeq);
  await first.next("heartbeat", 1);
  first.send({ case: "cancel", value: { leases: [{ leaseToken: Buffer.from("b"), reason: "" }] } });
  expect((await first.next("settle")).value.settlements).toMatchObject([
    { leaseToken: tokenOf("b"), outcome: { case: "released" } },
  ]);
  first.send(extendedFrame(["c"]), 1);
  await rest();
  await clock.advance(1000);
  expect((await first.next("settle", 1)).value.settlements).toMatchObject([
    { leaseToken: tokenOf("a"), outcome: { case: "released" } },
  ]);
  expect(runs).toEqual([]);
});

test("a cancel aborts the handler, tells why, and what the handler then returns still counts", async () => {
  const { first, run } = await welcomeWorker();
  grant(first, [{ taskId: "a" }]);
  const { ctx, end } = await run(0);
  expect(ctx.cancelReason).toBeUndefined();
  first.send({ case: "cancel", value: { leases: [{ leaseToken: Buffer.from("a"), reason: "not needed" }] } });
  await until(() => ctx.cancelReason, { deadlineMs: 50_000, what: "the cancel", everyMs: 1 });
  expect(ctx.signal.reason).toMatchObject({ name: "TaskCancelled", reason: "not needed" });
  end("done anyway");
  expect((await first.next("settle")).value.settlements).toMatchObject([{ outcome: { case: "succeeded" } }]);
});

test("a cancelled task that waits for a slot is given back without being started", async () => {
  const { first, run, runs } = await welcomeWorker({ concurrency: 1, prefetchMax: 1 });
  grant(first, [{ taskId: "a" }, { taskId: "b" }]);
  await run(0);
  first.send({ case: "cancel", value: { leases: [{ leaseToken: Buffer.from("b"), reason: "" }] } });
  expect((await first.next("settle")).value.settlements).toMatchObject([
    { leaseToken: tokenOf("b"), outcome: { case: "released" } },
  ]);
  expect(runs).toHaveLength(1);
});

test("a task that finds no slot within a second goes back, for another worker to have it", async () => {
  const { clock, first, run } = await welcomeWorker({ concurrency: 1, prefetchMax: 1 });
  grant(first, [{ taskId: "a" }, { taskId: "b" }]);
  await run(0);
  await clock.advance(1000);
  expect((await first.next("settle")).value.settlements).toMatchObject([
    { leaseToken: tokenOf("b"), outcome: { case: "released" } },
  ]);
});

test("a time limit aborts the handler, and its failure says so whatever the handler throws", async () => {
  const { clock, first, run } = await welcomeWorker();
  grant(first, [{ taskId: "a", timeLimitMs: 250 }]);
  const { ctx, fail } = await run(0);
  await clock.advance(250);
  expect(ctx.signal.reason).toMatchObject({ name: "TimeLimitExceeded", timeLimitMs: 250 });
  fail(new Error("aborted"));
  expect((await first.next("settle")).value.settlements).toMatchObject([
    { outcome: { case: "failed", value: { failure: { type: "TimeLimitExceeded" } } } },
  ]);
});

test("a handler that goes on after its time limit is settled over its head, and keeps its slot", async () => {
  const { clock, first, run } = await welcomeWorker({ concurrency: 1 });
  grant(first, [{ taskId: "a", timeLimitMs: 250 }]);
  const { end } = await run(0);
  await clock.advance(5250);
  expect((await first.next("settle")).value.settlements).toMatchObject([{ outcome: { case: "failed" } }]);
  await rest();
  expect(first.frames.filter(({ frame }) => frame.case === "credit")).toHaveLength(1);
  end("at last");
  expect((await first.next("credit", 1)).value).toMatchObject({ seenSeq: 1n, credit: 1n });
  expect(first.frames.filter(({ frame }) => frame.case === "settle")).toHaveLength(1);
});

test("a name that nobody handles is given back as unknown", async () => {
  const { first } = await welcomeWorker();
  grant(first, [{ taskId: "a", name: "elsewhere" }]);
  expect((await first.next("settle")).value.settlements).toMatchObject([
    { outcome: { case: "unknownName" } },
  ]);
});

test("a draining server gets what there is to settle until another stream is welcome", async () => {
  const { clock, peer, first, run } = await welcomeWorker();
  grant(first, [{ taskId: "a" }, { taskId: "b" }]);
  const [a, b] = [await run(0), await run(1)];
  first.send({ case: "drain", value: { retryAfter: { seconds: 1n } } });
  await rest();
  await clock.advance(999);
  expect(peer.streams).toHaveLength(1);
  await clock.advance(126);
  const second = await peer.stream(2);
  await second.next("hello");
  a.end();
  await first.next("settle");
  first.send(settledFrame(first.seqOf("settle")));
  second.send(welcomeFrame({ held: [true, true], lastSeq: 2 }));
  await second.next("heartbeat");
  b.end();
  expect((await second.next("settle")).value.settlements).toMatchObject([{ leaseToken: tokenOf("b") }]);
  await until(() => first.isOver, { deadlineMs: 50_000, what: "the end of the old stream", everyMs: 1 });
});

test("a worker that cannot be welcome says why; one that was before keeps trying", async () => {
  const { first, started } = await greetingWorker();
  first.end(new ConnectError("no such service", Code.Unimplemented));
  await expect(started).rejects.toMatchObject({ reason: "RPC_UNIMPLEMENTED" });
  const again = await welcomeWorker();
  again.first.end(new ConnectError("no such service", Code.Unimplemented));
  await rest();
  await again.clock.advance(250);
  await again.peer.stream(2);
});

test("a server that does not answer heartbeats is left for another stream", async () => {
  const { clock, peer, first } = await welcomeWorker();
  await first.next("heartbeat");
  await clock.advance(15_000);
  expect(first.isOver).toBe(true);
  await clock.advance(250);
  await (await peer.stream(2)).next("hello");
});

test("a worker that cannot connect says why, once for each reason, and says when it can", async () => {
  const { clock, peer, log, first, started } = await greetingWorker();
  const told = () =>
    log.lines.flatMap(({ level, facts, text }) => (level === "warn" ? [{ ...facts, text }] : []));
  const fail = async (stream: typeof first, code: Code): Promise<void> => {
    stream.end(new ConnectError("no", code));
    await until(() => stream.isOver, { deadlineMs: 50_000, what: "the end of the stream", everyMs: 1 });
    await clock.advance(5000);
  };
  await fail(first, Code.Unavailable);
  await fail(await peer.stream(2), Code.Unavailable);
  await fail(await peer.stream(3), Code.Internal);
  const fourth = await peer.stream(4);
  await fourth.next("hello");
  expect(told()).toMatchObject([
    {
      url: "http://127.0.0.1:7836",
      reason: "RPC_UNAVAILABLE",
      text: "the server cannot be reached; trying again",
    },
    {
      url: "http://127.0.0.1:7836",
      reason: "RPC_INTERNAL",
      text: "the server cannot be reached; trying again",
    },
  ]);
  fourth.send(welcomeFrame());
  await started;
  expect(told().at(-1)).toMatchObject({ text: "connected" });
});

test("a queue that was paused by command is told in the next greeting, and commands it does not know are answered", async () => {
  const { clock, peer, first } = await welcomeWorker({ queues: ["a", "b"] });
  first.send({
    case: "command",
    value: { commandId: 7n, command: { kind: { case: "pause", value: { queues: ["b"] } } } },
  });
  expect((await first.next("reply")).value).toMatchObject({
    commandId: 7n,
    outcome: { value: { kind: { case: "consumption", value: { changed: ["b"], pausedQueues: ["b"] } } } },
  });
  first.send({ case: "command", value: { commandId: 8n, command: {} } });
  expect((await first.next("reply", 1)).value).toMatchObject({
    commandId: 8n,
    outcome: { case: "unsupported" },
  });
  first.end();
  await rest();
  await clock.advance(250);
  const second = await peer.stream(2);
  expect((await second.next("hello")).value).toMatchObject({
    pausedQueues: ["b"],
    capabilities: ["control"],
  });
});
