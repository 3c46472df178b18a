import { expect, test, vi } from "vitest";
import { rest } from "../../test/support/manual-clock.ts";
import { grant, greetingWorker, tokenOf, welcomeWorker } from "../../test/support/peered-worker.ts";
import { settledFrame } from "../../test/support/stream-peer.ts";
import { until } from "../../test/support/until.ts";

const isOver = (stream: { readonly isOver: boolean }) =>
  until(() => stream.isOver, { deadlineMs: 50_000, what: "the end of the stream", everyMs: 1 });

test("stopping takes nothing more, gives back what waits, lets handlers end, and says goodbye last", async () => {
  const { first, run, worker } = await welcomeWorker({ concurrency: 1, prefetchMax: 1 });
  grant(first, [{ taskId: "a" }, { taskId: "b" }]);
  const { ctx, end } = await run(0);
  const stopped = worker.stop();
  expect((await first.next("settle")).value.settlements).toMatchObject([
    { leaseToken: tokenOf("b"), outcome: { case: "released" } },
  ]);
  first.send(settledFrame(first.seqOf("settle")));
  expect((await first.next("credit", 1)).value.credit).toBe(0n);
  expect(ctx.signal.aborted).toBe(false);
  end("done");
  expect((await first.next("settle", 1)).value.settlements).toMatchObject([
    { leaseToken: tokenOf("a"), outcome: { case: "succeeded" } },
  ]);
  first.send(settledFrame(first.seqOf("settle")));
  await first.next("goodbye");
  await isOver(first);
  await stopped;
  expect(first.frames.at(-1)?.frame.case).toBe("goodbye");
});

test("after its grace a handler is aborted, and its task goes back", async () => {
  const { clock, first, run, worker } = await welcomeWorker({ graceMs: 8000 });
  grant(first, [{ taskId: "a" }]);
  const { ctx, fail } = await run(0);
  const stopped = worker.stop();
  await clock.advance(7999);
  expect(ctx.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(ctx.signal.reason).toMatchObject({ name: "WorkerStopping" });
  fail(ctx.signal.reason);
  expect((await first.next("settle")).value.settlements).toMatchObject([{ outcome: { case: "released" } }]);
  first.send(settledFrame(first.seqOf("settle")));
  await first.next("goodbye");
  await stopped;
  expect(clock.timerCount).toBe(0);
});

test("a handler that does not end even then is left behind, and its task goes back", async () => {
  const { clock, first, run, worker } = await welcomeWorker({ graceMs: 0 });
  grant(first, [{ taskId: "a" }]);
  await run(0);
  const stopped = worker.stop();
  await clock.advance(5000);
  expect((await first.next("settle")).value.settlements).toMatchObject([{ outcome: { case: "released" } }]);
  first.send(settledFrame(first.seqOf("settle")));
  await first.next("goodbye");
  await stopped;
});

test("a second stop with a shorter grace hurries the first", async () => {
  const { clock, first, run, worker } = await welcomeWorker();
  grant(first, [{ taskId: "a" }]);
  const { ctx, fail } = await run(0);
  const stopped = worker.stop();
  await rest();
  void worker.stop({ graceMs: 0 });
  await until(() => ctx.signal.aborted, { deadlineMs: 50_000, what: "the abort", everyMs: 1 });
  fail(new Error("aborted"));
  await first.next("settle");
  first.send(settledFrame(first.seqOf("settle")));
  await stopped;
  expect(clock.timerCount).toBe(0);
});

test("what still comes while stopping goes back at once", async () => {
  const { first, run, worker } = await welcomeWorker();
  grant(first, [{ taskId: "a" }]);
  const { end } = await run(0);
  const stopped = worker.stop();
  await first.next("credit", 1);
  first.send({
    case: "grants",
    value: { firstSeq: 2n, grants: [{ leaseToken: Buffer.from("late"), taskId: "late" }] },
  });
  expect((await first.next("settle")).value.settlements).toMatchObject([
    { leaseToken: tokenOf("late"), outcome: { case: "released" } },
  ]);
  end();
  await first.next("settle", 1);
  for (const { frame, frameSeq } of first.frames)
    if (frame.case === "settle") first.send(settledFrame(Number(frameSeq)));
  await stopped;
});

test("a worker that was never connected stops all the same", async () => {
  const { worker, started, clock } = await greetingWorker();
  await worker.stop();
  await expect(started).rejects.toThrow("stopped before it was connected");
  expect(clock.timerCount).toBe(0);
});

test("answers that do not come are not waited for beyond their time", async () => {
  const { clock, first, run, worker } = await welcomeWorker();
  grant(first, [{ taskId: "a" }]);
  (await run(0)).end();
  await first.next("settle");
  const stopped = vi.fn();
  void worker.stop().then(stopped);
  await clock.advance(4999);
  expect(stopped).not.toHaveBeenCalled();
  await clock.advance(1);
  await first.next("goodbye");
  await until(() => stopped.mock.calls.length > 0, { deadlineMs: 50_000, what: "the stop", everyMs: 1 });
});

test("a soft stop asks at once, waits for its grace, and gives back what goes on: nothing is cancelled", async () => {
  const { clock, first, run, worker } = await welcomeWorker({ softGraceMs: 8000 });
  grant(first, [{ taskId: "a" }, { taskId: "b" }]);
  const [a, b] = [await run(0), await run(1)];
  const stopped = worker.stop({ mode: "soft" });
  await until(() => a.ctx.signal.aborted, { deadlineMs: 50_000, what: "the abort", everyMs: 1 });
  expect(a.ctx.signal.reason).toMatchObject({ name: "WorkerStopping" });
  a.end("in time");
  expect((await first.next("settle")).value.settlements).toMatchObject([{ outcome: { case: "succeeded" } }]);
  first.send(settledFrame(first.seqOf("settle")));
  await clock.advance(7999);
  expect(b.ctx.signal.aborted).toBe(true);
  await clock.advance(1);
  expect((await first.next("settle", 1)).value.settlements).toMatchObject([
    { leaseToken: tokenOf("b"), outcome: { case: "released" } },
  ]);
  for (const { frame, frameSeq } of first.frames)
    if (frame.case === "settle") first.send(settledFrame(Number(frameSeq)));
  await stopped;
});

test("a warm stop waits for as long as it takes, and a harder one hurries it", async () => {
  const { clock, first, run, worker } = await welcomeWorker();
  grant(first, [{ taskId: "a" }]);
  const { ctx } = await run(0);
  const stopped = worker.stop();
  await clock.advance(12_000);
  expect(ctx.signal.aborted).toBe(false);
  void worker.stop({ mode: "hard" });
  expect((await first.next("settle")).value.settlements).toMatchObject([{ outcome: { case: "released" } }]);
  expect(ctx.signal.aborted).toBe(true);
  first.send(settledFrame(first.seqOf("settle")));
  await stopped;
});

test("a hard stop gives everything back at once", async () => {
  const { first, run, worker } = await welcomeWorker();
  grant(first, [{ taskId: "a" }]);
  await run(0);
  const stopped = worker.stop({ mode: "hard" });
  expect((await first.next("settle")).value.settlements).toMatchObject([{ outcome: { case: "released" } }]);
  first.send(settledFrame(first.seqOf("settle")));
  await stopped;
});

test("a handler whose attempt is over is a zombie: counted, in its slot, and no reason to wait", async () => {
  const { clock, first, run, worker } = await welcomeWorker({ abortGraceMs: 3000 });
  grant(first, [{ taskId: "a", timeLimitMs: 500 }]);
  const { end } = await run(0);
  await clock.advance(500);
  await clock.advance(3000);
  expect((await first.next("settle")).value.settlements).toMatchObject([{ outcome: { case: "failed" } }]);
  first.send(settledFrame(first.seqOf("settle")));
  expect(worker.stats()).toMatchObject({ zombies: 1, running: 1, started: 1, failed: 1, slots: 2 });
  await worker.stop();
  end();
  await rest();
  expect(worker.stats()).toMatchObject({ zombies: 0, running: 0, failed: 1 });
});
