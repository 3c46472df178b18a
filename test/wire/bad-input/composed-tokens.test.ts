import { LeaseLostReason, SettleOutcome } from "@stem/proto/stem/v1/lease_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { expect, test } from "vitest";
import { composedToken } from "../../support/composed-token.ts";
import { creditOf, helloWith, settleOf } from "../worker-stream/scripted-stream.ts";
import { liveServer } from "./live-server.ts";
import { greetedWorker, holdingWorker, openWorker, type WireWorker } from "./wire-worker.ts";

// A worker knows other tasks' ids, and guesses fences, which are counted: all but the proof of a token that was never given to it.

const server = liveServer();
const garbage = new Uint8Array(60).fill(7);
const done = { case: "succeeded", value: {} } as const;
const refused = {
  ...{ outcome: SettleOutcome.LEASE_LOST, lostReason: LeaseLostReason.TOKEN_INVALID },
  state: TaskState.UNSPECIFIED,
};

const stateOf = async (taskId: string) => (await server.tasks.getTask({ taskId })).task?.state;

/** Settles on a stream; answers what was excepted. */
async function exceptionsOf(worker: WireWorker, token: Uint8Array) {
  worker.send(settleOf(token));
  return (await worker.expect("settled")).exceptions;
}

/** Settles and extends without a stream; answers both verdicts. */
async function unaryVerdicts(token: Uint8Array) {
  const { results } = await server.workers.settleTasks({
    settlements: [{ leaseToken: token, outcome: done }],
  });
  const { leases } = await server.workers.extendLeases({
    leaseTokens: [token],
    duration: { seconds: 3600n },
  });
  return { settled: results[0]?.verdict, extended: leases[0] };
}

/** Leases the one task of a queue without a stream. */
async function leasedUnary(id: string): Promise<Uint8Array> {
  await server.tasks.enqueueTask({ id, name: "n", queue: id });
  const { grants } = await server.workers.leaseTasks({ queues: [id] });
  return grants[0]?.leaseToken ?? new Uint8Array();
}

test("on a stream, a token made for another stream's lease is a forged one, and that lease is none the worse", async () => {
  const [victim, [theirs = garbage]] = await holdingWorker(server, "stream-victim");
  const [attacker, [mine = garbage]] = await holdingWorker(server, "stream-attacker");
  const composed = composedToken(mine, theirs);
  const exceptions = await exceptionsOf(attacker, composed);
  expect(exceptions).toMatchObject([{ index: 0, verdict: refused }]);
  expect(await exceptionsOf(attacker, garbage), "as any bytes would be").toEqual(exceptions);
  expect(await exceptionsOf(attacker, mine), "its own is good").toEqual([]);

  expect(await exceptionsOf(attacker, composed)).toEqual(exceptions);
  expect(await attacker.ending, "the third ends its stream").toMatchObject({
    ...{ code: "3", reason: "FIELD_INVALID", fields: ["settle.settlements"] },
  });
  expect(await stateOf("stream-victim")).toBe(TaskState.LEASED);
  expect(await exceptionsOf(victim, theirs)).toEqual([]);
  expect(await stateOf("stream-victim")).toBe(TaskState.SUCCEEDED);
});

test("it reports no progress, and takes nothing up", async () => {
  const [victim, [theirs = garbage]] = await holdingWorker(server, "progress-victim");
  await server.tasks.enqueueTask({ id: "progress-attacker", name: "n", queue: "progress-attacker" });
  const queues = [{ name: "progress-attacker" }];
  const attacker = await openWorker(server);
  attacker.send(helloWith({ queues }));
  const { sessionId } = await attacker.expect("welcome");
  attacker.send(creditOf(1));
  const { grants } = await attacker.expect("grants");
  const mine = grants[0]?.leaseToken ?? garbage;
  const composed = composedToken(mine, theirs);
  const progress = { percent: 99, message: "mine" };
  const reports = [mine, composed].map((leaseToken) => ({ leaseToken, progress }));
  attacker.send({ case: "progress", value: { progress: reports } });
  // Frames are taken in order: when this one is answered, the reports have been looked at.
  expect(await exceptionsOf(attacker, composed)).toMatchObject([{ verdict: refused }]);
  const progressOf = async (taskId: string) => (await server.tasks.getTask({ taskId })).task?.progress;
  expect(await progressOf("progress-attacker")).toMatchObject(progress);
  expect(await progressOf("progress-victim")).toBeUndefined();

  const next = await openWorker(server);
  next.send(helloWith({ queues, sessionId, heldLeases: [mine, composed], seenSeq: 1n }));
  const { leases } = await next.expect("welcome");
  const invalid = { state: TaskState.UNSPECIFIED, lostReason: LeaseLostReason.TOKEN_INVALID };
  expect(leases).toMatchObject([{ held: true }, { held: false, ...invalid }]);
  expect(await exceptionsOf(victim, theirs)).toEqual([]);
});

test("without a stream, a token made for another call's lease or a stream's is a forged one", async () => {
  const [victim, [streams = garbage]] = await holdingWorker(server, "unary-stream-victim");
  const calls = await leasedUnary("unary-victim");
  const mine = await leasedUnary("unary-attacker");
  const { settled, extended } = await unaryVerdicts(garbage);
  expect(settled).toMatchObject(refused);
  for (const theirs of [streams, calls]) {
    const composed = composedToken(mine, theirs);
    expect(await unaryVerdicts(composed)).toEqual({
      settled,
      extended: { ...extended, leaseToken: composed },
    });
  }
  for (const id of ["unary-stream-victim", "unary-victim"]) expect(await stateOf(id)).toBe(TaskState.LEASED);
  expect(await exceptionsOf(victim, streams)).toEqual([]);
  const { settled: own } = await unaryVerdicts(calls);
  expect(own).toMatchObject({ outcome: SettleOutcome.ACCEPTED, state: TaskState.SUCCEEDED });
  expect((await unaryVerdicts(mine)).settled).toMatchObject({ outcome: SettleOutcome.ACCEPTED });
});

test("a token of a call is genuine on a stream, and none of its own", async () => {
  const mine = await leasedUnary("call-and-stream");
  const worker = await greetedWorker(server);
  const verdict = { ...refused, lostReason: LeaseLostReason.OTHER_SESSION };
  expect(await exceptionsOf(worker, mine)).toMatchObject([{ verdict }]);
});
