import { LogLevel } from "@stem/proto/stem/v1/task_output_pb";
import { expect, test } from "vitest";
import { rest } from "../../test/support/manual-clock.ts";
import { grant, tokenOf, welcomeWorker } from "../../test/support/peered-worker.ts";
import { extendedFrame, outputWrittenFrame } from "../../test/support/stream-peer.ts";

async function oneRun() {
  const parts = await welcomeWorker();
  grant(parts.first, [{ taskId: "a", attempt: 3 }]);
  return { ...parts, ...(await parts.run(0)) };
}

test("a handler knows its task, its attempt, and its fence in a form that sorts", async () => {
  const { ctx } = await oneRun();
  const { id, name, queue, attempt, maxAttempts, delivery, headers, tags, trace, fence } = ctx;
  expect({ id, name, queue, attempt, maxAttempts, delivery, headers, tags }).toEqual({
    id: "a",
    name: "work",
    queue: "default",
    attempt: 3,
    maxAttempts: 4,
    delivery: 2,
    headers: { tenant: "a" },
    tags: ["nightly"],
  });
  expect(trace).toMatchObject({ traceparent: "00-1-2-01" });
  expect(fence).toEqual({
    epoch: 1_800_000_000_000n,
    seq: 7n,
    text: "0001800000000000-0000000000000007",
  });
});

test("its log lines name the task", async () => {
  const { ctx, log } = await oneRun();
  ctx.log.info({ bytes: 3 }, "read");
  expect(log.lines.at(-1)).toEqual({
    level: "info",
    facts: { taskId: "a", task: "work", attempt: 3, bytes: 3 },
    text: "read",
  });
});

test("progress is told at once, then at most ten times a second, the latest of each attempt", async () => {
  const { ctx, clock, first } = await oneRun();
  ctx.progress(10);
  expect((await first.next("output")).value.outputs).toMatchObject([
    { leaseToken: tokenOf("a"), entries: [{ seq: 1n, entry: { value: { percent: 10, message: "" } } }] },
  ]);
  first.send(outputWrittenFrame(first.seqOf("output")));
  ctx.progress(20);
  ctx.progress({ percent: 30, message: "half", data: { page: 4 } });
  await clock.advance(99);
  expect(first.frames.filter(({ frame }) => frame.case === "output")).toHaveLength(1);
  await clock.advance(1);
  const half = { percent: 30, message: "half", data: { data: { case: "json", value: '{"page":4}' } } };
  expect((await first.next("output", 1)).value.outputs).toMatchObject([
    { entries: [{ seq: 3n, entry: { case: "progress", value: half } }] },
  ]);
  expect(() => ctx.progress(101)).toThrow("percent must be between 0 and 100; it is 101");
});

test("a chunk is written once the server has it, and its task is not settled before it was sent", async () => {
  const { ctx, end, first } = await oneRun();
  let isWritten = false;
  const written = ctx.write({ page: 1 }).then(() => {
    isWritten = true;
  });
  const { value } = await first.next("output");
  const data = { case: "json", value: '{"page":1}' };
  expect(value.outputs).toMatchObject([{ entries: [{ entry: { case: "chunk", value: { data } } }] }]);
  ctx.log.info({}, "the last line");
  end();
  await rest();
  expect(isWritten).toBe(false);
  expect(first.frames.some(({ frame }) => frame.case === "settle")).toBe(false);
  first.send(outputWrittenFrame(first.seqOf("output")));
  await written;
  const last = await first.next("output", 1);
  expect(last.value.outputs).toMatchObject([
    { entries: [{ seq: 2n, entry: { value: { text: "the last line" } } }] },
  ]);
  await first.next("settle");
  expect(first.seqOf("settle")).toBeGreaterThan(first.seqOf("output"));
});

test("a chunk that is too large, or that a server would not keep, is refused", async () => {
  const { ctx } = await oneRun();
  await expect(ctx.write("x".repeat(1001))).rejects.toThrow("a chunk may have at most 1000 bytes");
  await expect(ctx.write(1n)).rejects.toThrow("cannot be written as JSON");
});

test("lines are kept from a level on, with facts as JSON has them", async () => {
  const { ctx, first, log } = await oneRun();
  ctx.log.debug({}, "not kept");
  ctx.log.warn({ bytes: 3n, error: new RangeError("no") }, "kept");
  const { value } = await first.next("output");
  const [line, ...others] = value.outputs[0]?.entries ?? [];
  expect(others).toEqual([]);
  expect(line?.entry).toMatchObject({ case: "log", value: { level: LogLevel.WARN, text: "kept" } });
  const facts = line?.entry.case === "log" ? line.entry.value.facts?.data.value : undefined;
  expect(JSON.parse(String(facts))).toMatchObject({
    bytes: "3",
    error: { name: "RangeError", message: "no" },
  });
  expect(log.lines.filter(({ text }) => text.includes("kept"))).toHaveLength(2);
});

test("a heartbeat resolves once the server has confirmed the lease anew", async () => {
  const { ctx, first } = await oneRun();
  await first.next("heartbeat");
  first.send(extendedFrame());
  await rest();
  let isConfirmed = false;
  const beaten = ctx.heartbeat().then(() => {
    isConfirmed = true;
  });
  await first.next("heartbeat", 1);
  await rest();
  expect(isConfirmed).toBe(false);
  first.send(extendedFrame());
  await beaten;
});

test("heartbeats that came together are answered together, and leave nothing that waits for an answer", async () => {
  const { ctx, clock, first, log } = await oneRun();
  for (let round = 1; round <= 3; round += 1) {
    const beaten = [ctx.heartbeat()];
    await first.next("heartbeat", 2 * round - 1);
    beaten.push(ctx.heartbeat());
    await first.next("heartbeat", 2 * round);
    first.send(extendedFrame());
    await Promise.all(beaten);
  }
  await clock.advance(5000);
  expect(first.isOver).toBe(false);
  expect(log.lines.filter(({ level }) => level === "warn")).toEqual([]);
});

test("a heartbeat rejects when the lease turns out to be lost", async () => {
  const { ctx, first } = await oneRun();
  const beaten = ctx.heartbeat();
  first.send(extendedFrame(["a"]));
  await expect(beaten).rejects.toMatchObject({ name: "LeaseLost", confirmed: true });
  await expect(ctx.heartbeat()).rejects.toMatchObject({ name: "LeaseLost" });
});

test("an extension holds the lease for as long as it says, counted from the asking", async () => {
  const { ctx, clock, peer } = await oneRun();
  peer.onExtend = (request) => {
    expect(request).toMatchObject({ leaseTokens: [tokenOf("a")], duration: { seconds: 600n } });
    return { leases: [{ leaseToken: Buffer.from("a"), held: true }] };
  };
  const { signal } = ctx;
  await ctx.extendLease(600_000);
  await clock.advance(479_000);
  expect(signal.aborted).toBe(false);
  await clock.advance(1000);
  expect(signal.reason).toMatchObject({ name: "LeaseLost", confirmed: false });
});

test("an extension of a lost lease rejects, and stops the attempt", async () => {
  const { ctx, peer } = await oneRun();
  peer.onExtend = () => ({ leases: [{ leaseToken: Buffer.from("a"), held: false }] });
  await expect(ctx.extendLease(60_000)).rejects.toMatchObject({ name: "LeaseLost", confirmed: true });
  expect(ctx.signal.aborted).toBe(true);
});

test("a handler asks for another attempt, when it likes", async () => {
  const { ctx, first, fail } = await oneRun();
  try {
    ctx.retry({ delayMs: 2500, message: "busy" });
  } catch (error) {
    fail(error);
  }
  expect((await first.next("settle")).value.settlements).toMatchObject([
    { outcome: { case: "retry", value: { delay: { seconds: 2n }, failure: { message: "busy" } } } },
  ]);
});
