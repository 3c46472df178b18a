import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@stem/proto/google/rpc/code_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { ConnectRequestSchema } from "@stem/proto/stem/v1/worker_service_pb";
import { expect, test } from "vitest";
import { limits } from "../../../server/src/model/limits.ts";
import { lengthField, varintField } from "../../support/protobuf-bytes.ts";
import { ended, explained, framed, rawCall } from "../../support/raw-http2.ts";
import { until } from "../../support/until.ts";
import { creditOf, heartbeatOf, helloWith, settleOf } from "../worker-stream/scripted-stream.ts";
import { costOf, liveServer, paths } from "./live-server.ts";
import { greetedWorker, holdingWorker, openWorker } from "./wire-worker.ts";

const creditMax = 5;
const progressPerSecondMax = 1000;
const server = liveServer({ limits: { creditMax, streamStalledMsMax: 500, progressPerSecondMax } });

const mib = 1024 * 1024;
const enhanceYourCalm = 11;
const patience = { deadlineMs: 50_000, everyMs: 10 };

const taskOf = async (taskId: string) => (await server.tasks.getTask({ taskId })).task;

/** The facts that the log has of the last stream that ended. */
const endedFacts = () =>
  server.wire.log.lines.findLast(({ text }) => text === "a worker's stream ended")?.facts;

test("D146 credit below zero is refused, zero means stop, and more than 10,000 in one or in sum is capped", async () => {
  expect(limits.creditMax).toBe(10_000);
  const queue = "d146";
  const ids = Array.from({ length: 12 }, (_, n) => `d146-${n}`);
  await server.tasks.enqueueTasks({ tasks: ids.map((id) => ({ id, name: "n", queue })) });
  const worker = await greetedWorker(server, { queues: [{ name: queue }] });
  for (const credit of [-1n, -(2n ** 63n)]) {
    const frameSeq = worker.send({ case: "credit", value: { credit } });
    const refused = await worker.expect("refused");
    expect(refused).toMatchObject({ frameSeq, error: { code: Code.INVALID_ARGUMENT } });
    expect(explained(refused.error).fields).toEqual(["credit.credit"]);
  }
  worker.send(creditOf(0));
  worker.send(heartbeatOf(0));
  await worker.expect("extended");
  for (const credit of [2n ** 31n, 2n ** 63n - 1n, 2n ** 31n])
    worker.send({ case: "credit", value: { credit } });
  let granted = 0;
  while (granted < creditMax) granted += (await worker.expect("grants")).grants.length;
  worker.send(heartbeatOf(0));
  await worker.expect("extended");
  const leased = await server.tasks.listTasks({ queue, states: [TaskState.LEASED] });
  expect([granted, leased.tasks.length]).toEqual([creditMax, creditMax]);
});

test("D158 progress of -1, 101 or NaN percent is refused; beyond 1,000 a second it is dropped and counted", async () => {
  expect(limits.progressPerSecondMax).toBe(progressPerSecondMax);
  const [worker, [leaseToken = new Uint8Array()]] = await holdingWorker(server, "d158");
  const report = (...percents: readonly number[]) => ({
    case: "progress" as const,
    value: { progress: percents.map((percent) => ({ leaseToken, progress: { percent } })) },
  });
  for (const percent of [-1, 101, Number.NaN, Number.POSITIVE_INFINITY]) {
    const frameSeq = worker.send(report(percent));
    const refused = await worker.expect("refused");
    expect(refused, String(percent)).toMatchObject({ frameSeq, error: { code: Code.INVALID_ARGUMENT } });
    expect(explained(refused.error).fields).toEqual(["progress.progress[0].progress.percent"]);
  }
  const began = performance.now();
  for (let frames = 0; frames < 10; frames++)
    worker.send(report(...Array.from({ length: 1000 }, (_, n) => n / 10)));
  worker.send(heartbeatOf(1));
  await worker.expect("extended");
  const seconds = Math.ceil((performance.now() - began) / 1000) + 1;
  worker.endSending();
  expect((await worker.ending).code).toBe("0");
  const facts = endedFacts() as { progressDropped: number } | undefined;
  expect(facts?.progressDropped).toBeGreaterThanOrEqual(10_000 - seconds * progressPerSecondMax);
  expect((await taskOf("d158"))?.progress?.percent).toBeGreaterThan(0);
});

test("D160 empty frames and frames of unknown kinds are ignored and counted; of two kinds in one the last counts", async () => {
  const worker = await openWorker(server);
  worker.sendBytes(new Uint8Array());
  worker.send({ case: undefined });
  worker.send(helloWith());
  await worker.expect("welcome");
  const unknownKind = lengthField(60, "of a later protocol");
  worker.sendBytes(Buffer.concat([varintField(1, 3), unknownKind]));
  // The catalogue would have both arms refused. Whoever decodes protobuf sees only the last of them, as D047 has it, too.
  const [credit, heartbeat] = [lengthField(3, varintField(2, 1)), lengthField(5, "")];
  worker.sendBytes(Buffer.concat([varintField(1, 4), credit, heartbeat]));
  await worker.expect("extended");
  expect(worker.untaken).toBe(0);
  worker.endSending();
  expect((await worker.ending).code).toBe("0");
  expect(endedFacts()).toMatchObject({ unknownFrames: 3 });
});

test("D161 frames whose number goes back or repeats are ignored", async () => {
  const [worker, [token = new Uint8Array()]] = await holdingWorker(server, "d161");
  worker.sendAs(10n, heartbeatOf(1));
  await worker.expect("extended");
  for (const frameSeq of [10n, 9n, 1n]) worker.sendAs(frameSeq, settleOf(token));
  // None of these was ever a number: whoever sends them does not count, and is told.
  for (const frameSeq of [0n, -5n, -(2n ** 63n)]) {
    worker.sendAs(frameSeq, settleOf(token));
    const refused = await worker.expect("refused");
    expect(refused).toMatchObject({ frameSeq, error: { code: Code.INVALID_ARGUMENT } });
    expect(explained(refused.error).fields).toEqual(["frame_seq"]);
  }
  worker.sendAs(11n, heartbeatOf(1));
  await worker.expect("extended");
  expect(await taskOf("d161")).toMatchObject({ state: TaskState.LEASED });
  worker.sendAs(2n ** 63n - 1n, settleOf(token));
  expect((await worker.expect("settled")).exceptions).toEqual([]);
});

test("D163 a worker that never reads holds little, and its stream is closed after 60 s", async () => {
  expect(limits.streamStalledMsMax).toBe(60_000);
  const queue = "d163";
  const streams = 20;
  const value = new Uint8Array(200_000);
  for (let batch = 0; batch < 10; batch++)
    await server.tasks.enqueueTasks({
      tasks: Array.from({ length: 10 }, (_, n) => ({
        ...{ id: `d163-${batch}-${n}`, name: "n", queue },
        args: { data: { case: "binary" as const, value } },
      })),
    });
  const session = await server.session();
  const bytesOf = (frameSeq: bigint, frame: ReturnType<typeof creditOf>) =>
    framed(toBinary(ConnectRequestSchema, create(ConnectRequestSchema, { frameSeq, frame: frame as never })));
  const { bytes } = await costOf(async () => {
    const stalled = Array.from({ length: streams }, () => {
      const stream = rawCall(session, paths.connect);
      // Without a reader, Node's flow control stops the server once the stream's window is full.
      stream.pause();
      stream.write(
        Buffer.concat([bytesOf(1n, helloWith({ queues: [{ name: queue }] })), bytesOf(2n, creditOf(100))]),
      );
      return stream;
    });
    await Promise.all(stalled.map(ended));
    expect(new Set(stalled.map(({ rstCode }) => rstCode))).toEqual(new Set([enhanceYourCalm]));
  });
  // One frame each, of five tasks at most.
  expect(bytes).toBeLessThan(streams * 5 * mib);
  const cut = server.wire.log.lines.filter(({ text }) => text.startsWith("a caller stopped reading"));
  expect(cut).toHaveLength(streams);
  // Another worker is not held up by them.
  const other = await greetedWorker(server, { queues: [{ name: queue }] });
  other.send(creditOf(1));
  await server.tasks.enqueueTask({ id: "d163-more", name: "n", queue, options: { priority: 9 } });
  expect((await other.expect("grants")).grants).toHaveLength(1);
  await until(
    () => server.wire.log.lines.filter(({ text }) => text.endsWith("stream ended")).length >= streams,
    {
      ...patience,
      what: "the ends of all streams",
    },
  );
});
