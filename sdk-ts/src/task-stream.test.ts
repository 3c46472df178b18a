import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { StatusSchema } from "@stem/proto/google/rpc/status_pb";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import {
  type StreamTasksRequest,
  StreamTasksRequestSchema,
  type StreamTasksResponse,
  StreamTasksResponseSchema,
} from "@stem/proto/stem/v1/task_service_pb";
import { expect, test } from "vitest";
import { createManualClock, rest } from "../../test/support/manual-clock.ts";
import type { StemProblem } from "./problem.ts";
import type { EnqueueOutcome } from "./publisher.ts";
import { TaskStreams } from "./task-stream.ts";
import { outcomesOf } from "./verdicts.ts";

type Opened = {
  /** The frames that came, each as number, namespace and task names. */
  readonly frames: string[];
  ended: boolean;
  readonly say: (frameSeq: number, error?: { code: Code; reason: string }) => Promise<void>;
  readonly end: (error?: ConnectError) => Promise<void>;
};

/** Streams to a server that the test plays. */
function setUp(namespace?: string) {
  const clock = createManualClock();
  const opened: Opened[] = [];
  const open = (frames: AsyncIterable<StreamTasksRequest>, signal: AbortSignal) => {
    const { readable, writable } = new TransformStream<StreamTasksResponse, StreamTasksResponse>();
    const writer = writable.getWriter();
    writer.closed.catch(() => undefined);
    signal.addEventListener("abort", () => void writer.abort(new ConnectError("aborted", Code.Canceled)));
    const stream: Opened = {
      frames: [],
      ended: false,
      say: async (frameSeq, error) => {
        await writer.write(answer(BigInt(frameSeq), error));
        await rest();
      },
      end: async (error) => {
        await (error ? writer.abort(error) : writer.close());
        await rest();
      },
    };
    opened.push(stream);
    void listen(frames, stream);
    return readable;
  };
  const streams = new TaskStreams({ open, clock, namespace, answerMsMax: 30_000, idleMsMax: 5000 });
  const send = (...names: string[]) => {
    const sent = streams.send(names.map((name) => toBinary(NewTaskSchema, create(NewTaskSchema, { name }))));
    return sent.then(
      (outcomes) => outcomes.map(said).join(),
      (problem: StemProblem) => `${problem.reason} ${problem.outcome}`,
    );
  };
  return { clock, opened, streams, send };
}

function said(outcome: EnqueueOutcome): string {
  if (outcome.kind === "refused") return outcome.problem.reason;
  return outcome.deduplicated ? "before" : "new";
}

async function listen(frames: AsyncIterable<StreamTasksRequest>, stream: Opened): Promise<void> {
  for await (const frame of frames) {
    const arrived = fromBinary(StreamTasksRequestSchema, toBinary(StreamTasksRequestSchema, frame));
    const names = arrived.tasks.map(({ name }) => name).join("");
    stream.frames.push(`${arrived.frameSeq} ${arrived.namespace ?? "-"} ${names}`);
  }
  stream.ended = true;
}

function answer(frameSeq: bigint, error?: { code: Code; reason: string }): StreamTasksResponse {
  if (error === undefined) return create(StreamTasksResponseSchema, { frameSeq });
  const info = anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason: error.reason, domain: "stem.v1" }));
  return create(StreamTasksResponseSchema, { frameSeq, error: { code: error.code, details: [info] } });
}

const draining = { code: Code.Unavailable, reason: "DRAINING" };

test("batches are frames of one stream, answered in order; the first names the namespace", async () => {
  const { opened, send } = setUp("tenant");
  const answers = [send("a", "b"), send("c")];
  await rest();
  expect(opened.map(({ frames }) => frames)).toEqual([["1 tenant ab", "2 - c"]]);
  await opened[0]?.say(1);
  await opened[0]?.say(2);
  expect(await Promise.all(answers)).toEqual(["new,new", "new"]);
});

test("a stream with nothing to do ends, and the next batch opens another", async () => {
  const { clock, opened, send } = setUp();
  const first = send("a");
  await rest();
  await clock.advance(4000);
  await opened[0]?.say(1);
  expect(await first).toBe("new");
  await clock.advance(4900);
  expect(opened[0]?.ended, "it is quiet since the answer").toBe(false);
  await clock.advance(200);
  expect(opened[0]?.ended).toBe(true);
  await opened[0]?.end();
  expect(clock.timerCount).toBe(0);
  void send("b");
  await rest();
  expect(opened[1]?.frames).toEqual(["1 - b"]);
});

test("a refused frame is the batch's problem; the stream lives", async () => {
  const { opened, send } = setUp();
  const first = send("a");
  await opened[0]?.say(1, { code: Code.ResourceExhausted, reason: "STORE_FULL" });
  expect(await first).toBe("STORE_FULL not_accepted");
  void send("b");
  await rest();
  expect(opened[0]?.frames).toEqual(["1 - a", "2 - b"]);
});

test("a server that refuses for now is looked for anew, and still answers what is under way", async () => {
  const { opened, send } = setUp();
  const [first, second] = [send("a"), send("b")];
  await rest();
  await opened[0]?.say(1, draining);
  expect(await first).toBe("DRAINING not_accepted");
  void send("c");
  await rest();
  expect(opened.map(({ frames }) => frames)).toEqual([["1 - a", "2 - b"], ["1 - c"]]);
  await opened[0]?.say(2);
  expect(await second).toBe("new");
});

test.each<[string, ConnectError | undefined, string]>([
  ["ends", undefined, "RPC_UNAVAILABLE unknown"],
  ["breaks", new ConnectError("broken", Code.Unavailable), "RPC_UNAVAILABLE unknown"],
  ["is closed by a server that goes", closedBy("DRAINING", Code.Unavailable), "DRAINING unknown"],
  ["is refused", closedBy("NAMESPACE_UNKNOWN", Code.NotFound), "NAMESPACE_UNKNOWN not_accepted"],
])("when a stream %s, what has no answer is told so", async (_, error, outcome) => {
  const { clock, opened, send } = setUp();
  const [first, second] = [send("a"), send("b")];
  await rest();
  await opened[0]?.say(1);
  await opened[0]?.end(error);
  expect([await first, await second]).toEqual(["new", outcome]);
  expect(clock.timerCount).toBe(0);
  void send("c");
  await rest();
  expect(opened).toHaveLength(2);
});

function closedBy(reason: string, code: Code): ConnectError {
  const info = { desc: ErrorInfoSchema, value: { reason, domain: "stem.v1" } };
  return new ConnectError("closed", code, undefined, [info]);
}

test("an answer that does not come is waited for so long, and its stream given up", async () => {
  const { clock, opened, send } = setUp();
  const [first, second] = [send("a"), send("b")];
  await rest();
  await clock.advance(10_000);
  await opened[0]?.say(1);
  await clock.advance(19_000);
  expect(opened[0]?.ended).toBe(false);
  await clock.advance(1000);
  expect([await first, await second]).toEqual(["new", "RPC_DEADLINE_EXCEEDED unknown"]);
});

test("an answer to a frame that was not sent ends the stream", async () => {
  const { opened, send } = setUp();
  const first = send("a");
  await rest();
  await opened[0]?.say(7);
  expect(await first).toBe("RPC_UNKNOWN unknown");
});

test("ended, it lets what is under way be answered, and keeps nothing", async () => {
  const { clock, opened, send, streams } = setUp();
  const first = send("a");
  await rest();
  streams.end();
  await rest();
  expect(opened[0]?.ended).toBe(true);
  await opened[0]?.say(1);
  await opened[0]?.end();
  expect(await first).toBe("new");
  expect(clock.timerCount).toBe(0);
});

test("an answer tells the exceptions only: refused, or stored before; the others are new", () => {
  const exists = create(StatusSchema, { code: Code.AlreadyExists });
  const answer = create(StreamTasksResponseSchema, {
    exceptions: [
      { index: 1, verdict: { deduplicated: true } },
      { index: 3, verdict: { error: exists } },
    ],
  });
  expect(outcomesOf(answer, 4).map(said)).toEqual(["new", "before", "new", "RPC_ALREADY_EXISTS"]);
});
