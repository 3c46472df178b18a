import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@stem/proto/google/rpc/code_pb";
import { LeaseLostReason, type SettlementSchema, SettleOutcome } from "@stem/proto/stem/v1/lease_pb";
import { TaskStateReason } from "@stem/proto/stem/v1/task_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import type { SettledItem } from "@stem/proto/stem/v1/worker_service_pb";
import { expect, test } from "vitest";
import { limits } from "../../../server/src/model/limits.ts";
import { createMemoryStore } from "../../../server/src/storage/memory/memory.ts";
import { explained } from "../../support/raw-http2.ts";
import { helloWith, settleOf } from "../worker-stream/scripted-stream.ts";
import { costOf, liveServer } from "./live-server.ts";
import { endingOf, greetedWorker, holdingWorker, type WireWorker } from "./wire-worker.ts";

type Outcome = NonNullable<MessageInitShape<typeof SettlementSchema>["outcome"]>;

const mib = 1024 * 1024;
const hourMs = 3_600_000;
const daySeconds = 86_400n;
const yearSeconds = 365n * daySeconds;

/** How long leases were asked to be, by the store. */
const extensionsMs: (number | undefined)[] = [];
const server = liveServer(() => {
  const store = createMemoryStore({ limits });
  return {
    // A failure of 11 MB must come in before it can be cut.
    limits: { messageBytesMax: 16 * mib },
    store: {
      ...store,
      extend(request) {
        extensionsMs.push(request.leaseMs);
        return store.extend(request);
      },
    },
  };
});

const taskOf = async (taskId: string) => (await server.tasks.getTask({ taskId })).task;

/** Settles, and answers what was excepted. */
async function settle(
  worker: WireWorker,
  ...items: readonly (readonly [token: Uint8Array | undefined, outcome: Outcome])[]
): Promise<SettledItem[]> {
  const settlements = items.map(([leaseToken = new Uint8Array(), outcome]) => ({ leaseToken, outcome }));
  const frameSeq = worker.send({ case: "settle", value: { settlements } });
  const settled = await worker.expect("settled");
  expect(settled.frameSeq).toBe(frameSeq);
  return settled.exceptions;
}

const done: Outcome = { case: "succeeded", value: {} };

/** A token with one bit of one byte turned. */
const flipped = (token: Uint8Array | undefined, place: number): Uint8Array =>
  Uint8Array.from(token ?? [], (byte, at) => (at === place ? byte ^ 1 : byte));

const lostFor = (lostReason: LeaseLostReason) => [
  { index: 0, verdict: { outcome: SettleOutcome.LEASE_LOST, lostReason } },
];

test("D148 an unknown, garbage or truncated token is LEASE_LOST and the stream lives, until the third in 10 s", async () => {
  const [worker, [token = new Uint8Array(), over]] = await holdingWorker(server, "d148", "d148-over");
  expect(await settle(worker, [over, done])).toEqual([]);
  // Of a lease that is over: no forgery, and never counted as one.
  for (let times = 0; times < 5; times++)
    expect(await settle(worker, [over, { case: "released", value: {} }])).toMatchObject(
      lostFor(LeaseLostReason.SETTLED),
    );
  const unknown = flipped(token, token.length - 1);
  for (const wrong of [unknown, new Uint8Array(80).fill(7)])
    expect(await settle(worker, [wrong, done])).toMatchObject(lostFor(LeaseLostReason.TOKEN_INVALID));
  worker.send(settleOf(token.subarray(0, 30)));
  await worker.expect("settled");
  expect(await worker.ending).toMatchObject({
    ...{ code: "3", reason: "FIELD_INVALID", fields: ["settle.settlements"] },
  });
  expect(await taskOf("d148"), "its lease outlives the stream").toMatchObject({ state: TaskState.LEASED });
});

test("D149 a token with a flipped bit in its HMAC is LEASE_LOST, and the log says so", async () => {
  const [worker, [token]] = await holdingWorker(server, "d149");
  const tagAt = 17;
  const before = server.wire.log.lines.length;
  expect(await settle(worker, [flipped(token, tagAt), done])).toMatchObject(
    lostFor(LeaseLostReason.TOKEN_INVALID),
  );
  const audit = server.wire.log.lines.slice(before).filter(({ level }) => level === "warn");
  expect(audit).toMatchObject([{ facts: { worker: "w", namespace: "default", forged: 1 } }]);
  expect(await settle(worker, [token, done])).toEqual([]);
});

test("D151 settled twice, the same outcome is a duplicate and another is LEASE_LOST", async () => {
  const [worker, [token]] = await holdingWorker(server, "d151");
  expect(await settle(worker, [token, done])).toEqual([]);
  expect(await settle(worker, [token, done])).toMatchObject([
    { verdict: { outcome: SettleOutcome.DUPLICATE } },
  ]);
  const failed: Outcome = { case: "failed", value: {} };
  expect(await settle(worker, [token, failed])).toMatchObject(lostFor(LeaseLostReason.SETTLED));
  expect(await taskOf("d151")).toMatchObject({ state: TaskState.SUCCEEDED });
});

test("D152 a result of 2 MiB and a byte is RESOURCE_EXHAUSTED, and its task has failed for good", async () => {
  const [worker, [exact, beyond]] = await holdingWorker(server, "d152", "d152-beyond");
  const resultOf = (bytes: number): Outcome => ({
    case: "succeeded",
    value: { result: { data: { case: "binary", value: new Uint8Array(bytes) } } },
  });
  expect(await settle(worker, [exact, resultOf(2 * mib)])).toEqual([]);
  const [exception] = await settle(worker, [beyond, resultOf(2 * mib + 1)]);
  expect(exception?.error?.code).toBe(Code.RESOURCE_EXHAUSTED);
  expect(explained(exception?.error).reason).toBe("RESULT_TOO_LARGE");
  expect(await taskOf("d152-beyond")).toMatchObject({
    ...{ state: TaskState.FAILED, stateReason: TaskStateReason.RESULT_TOO_LARGE },
  });
  const again = await server.workers.leaseTasks({ queues: ["of-d152"] });
  expect(again.grants, "it is not handed out again").toEqual([]);
});

test("D154 a failure with a message of 1 MB and a stack of 10 MB is kept, cut and marked", async () => {
  const [worker, [token]] = await holdingWorker(server, "d154");
  const failure = { message: "é".repeat(500_000), stack: "s".repeat(10_000_000), nonRetryable: true };
  const { bytes } = await costOf(async () => {
    expect(await settle(worker, [token, { case: "failed", value: { failure } }])).toEqual([]);
  });
  // Made, encoded, sent, received and decoded here, in one process.
  expect(bytes).toBeLessThan(192 * mib);
  const kept = (await taskOf("d154"))?.failure;
  expect(Buffer.byteLength(kept?.message ?? "")).toBe(16 * 1024);
  expect(Buffer.byteLength(kept?.stack ?? "")).toBe(64 * 1024);
  expect(kept?.truncated).toBe(true);
});

const usual = liveServer();

test("a failure of 10 MB is more than a frame may be where nobody has allowed it: the stream ends, the lease does not", async () => {
  const [worker, [leaseToken = new Uint8Array()]] = await holdingWorker(usual, "d154");
  const failure = { stack: "s".repeat(10_000_000) };
  worker.send({
    case: "settle",
    value: { settlements: [{ leaseToken, outcome: { case: "failed", value: { failure } } }] },
  });
  expect(await worker.ending).toMatchObject({ code: "8" });
  expect((await usual.tasks.getTask({ taskId: "d154" })).task).toMatchObject({ state: TaskState.LEASED });
});

test("D155 a retry's delay below zero is INVALID_ARGUMENT, one of 20 years is capped at 10", async () => {
  const [worker, [token]] = await holdingWorker(server, "d155");
  const after = (seconds: bigint, nanos = 0): Outcome => ({
    case: "retry",
    value: { delay: { seconds, nanos } },
  });
  for (const wrong of [after(-1n), after(0n, -1), after(-10n * yearSeconds)]) {
    const [exception] = await settle(worker, [token, wrong]);
    expect(exception?.error?.code).toBe(Code.INVALID_ARGUMENT);
    expect(explained(exception?.error).fields).toEqual(["settle.settlements[0].retry.delay"]);
  }
  expect(await settle(worker, [token, after(20n * yearSeconds)])).toEqual([]);
  const task = await taskOf("d155");
  const inSeconds = Number(task?.notBeforeTime?.seconds) - Date.now() / 1000;
  expect(Math.abs(inSeconds - Number(10n * yearSeconds))).toBeLessThan(60);
});

test("D157 leases are extended by no more than an hour at a time", async () => {
  // A heartbeat has no say in it: it extends each lease by its own length. Only the unary method may ask for a length.
  const [worker, [token = new Uint8Array()]] = await holdingWorker(server, "d157");
  extensionsMs.length = 0;
  const { leases } = await server.workers.extendLeases({
    leaseTokens: [token],
    duration: { seconds: daySeconds },
  });
  expect(leases).toMatchObject([{ held: true }]);
  expect(extensionsMs).toEqual([hourMs]);
  expect(await settle(worker, [token, done])).toEqual([]);
});

test("forged tokens end their stream, and no other", async () => {
  const [worker, [token]] = await holdingWorker(server, "d148-beside");
  await endingOf(server, helloWith(), settleOf(...[1, 2, 3].map((byte) => new Uint8Array(60).fill(byte))));
  expect(await settle(worker, [token, done])).toEqual([]);
  await greetedWorker(server);
});
