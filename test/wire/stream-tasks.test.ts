import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { StreamTasksRequestSchema } from "@stem/proto/stem/v1/task_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { failure } from "../support/wire-transports.ts";

type Frame = MessageInitShape<typeof StreamTasksRequestSchema>;

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer({ namespaces: ["default", "other"] });
});
afterAll(() => server.close());

const connect = () => createClient(TaskService, createGrpcTransport({ baseUrl: server.url }));

async function answersTo(frames: readonly Frame[]) {
  async function* sent() {
    yield* frames;
  }
  return await Array.fromAsync(connect().streamTasks(sent()));
}

const tasks = (...ids: readonly string[]) => ids.map((id) => ({ id, name: "a" }));

test("frames are answered in their order, each with its verdicts", async () => {
  const frames = Array.from({ length: 50 }, (_, n) => ({
    frameSeq: BigInt(n + 1),
    tasks: tasks(`f${n}-1`, `f${n}-2`),
  }));
  const answers = await answersTo(frames);
  expect(answers.map(({ frameSeq }) => frameSeq)).toEqual(frames.map(({ frameSeq }) => frameSeq));
  expect(answers.flatMap(({ verdicts }) => verdicts.map(({ taskId }) => taskId))).toEqual(
    frames.flatMap((frame) => frame.tasks.map(({ id }) => id)),
  );
});

test("a frame with a number that was there before is ignored", async () => {
  const answers = await answersTo([
    { frameSeq: 5n, tasks: tasks("seq-1") },
    { frameSeq: 5n, tasks: tasks("seq-2") },
    { frameSeq: 3n, tasks: tasks("seq-3") },
    { frameSeq: 6n, tasks: tasks("seq-4") },
  ]);
  expect(answers.map(({ frameSeq }) => frameSeq)).toEqual([5n, 6n]);
  expect((await failure(connect().getTask({ taskId: "seq-2" }))).code).toBe(Code.NotFound);
});

test("a wrong frame is refused, and the stream lives", async () => {
  const answers = await answersTo([
    { frameSeq: 0n, tasks: tasks("bad-0") },
    { frameSeq: 1n, tasks: [] },
    { frameSeq: 2n, tasks: Array.from({ length: 1001 }, () => ({ name: "a" })) },
    { frameSeq: 3n, namespace: "other", tasks: tasks("bad-3") },
    { frameSeq: 4n, namespace: "default", tasks: [...tasks("bad-4"), { name: "" }] },
  ]);
  expect(answers.map(({ frameSeq, error }) => [frameSeq, error?.code])).toEqual([
    [0n, Code.InvalidArgument],
    [1n, Code.InvalidArgument],
    [2n, Code.ResourceExhausted],
    [3n, Code.InvalidArgument],
    [4n, undefined],
  ]);
  expect(answers[0]?.error?.message).toBe("frame_seq: must be 1 or more, and rise from frame to frame");
  expect(answers[4]?.verdicts.map(({ error }) => error?.code)).toEqual([undefined, Code.InvalidArgument]);
});

test("the first frame's namespace is the stream's", async () => {
  await answersTo([
    { frameSeq: 1n, namespace: "other", tasks: tasks("ns-1") },
    { frameSeq: 2n, tasks: tasks("ns-2") },
  ]);
  const client = connect();
  for (const taskId of ["ns-1", "ns-2"])
    expect((await client.getTask({ namespace: "other", taskId })).task?.namespace).toBe("other");
});

test("a first frame with an unknown namespace ends the stream before the next is stored in another", async () => {
  const sent = answersTo([
    { frameSeq: 1n, namespace: "nowhere", tasks: tasks("lost-1") },
    { frameSeq: 2n, tasks: tasks("lost-2") },
  ]);
  expect((await failure(sent)).code).toBe(Code.NotFound);
  expect((await failure(connect().getTask({ taskId: "lost-2" }))).code).toBe(Code.NotFound);
});

test("a frame may ask for exceptions only: what is new under its own id is not repeated", async () => {
  const [, answer] = await answersTo([
    { frameSeq: 1n, tasks: tasks("only-1") },
    {
      frameSeq: 2n,
      exceptionsOnly: true,
      tasks: [...tasks("only-1", "only-2"), { id: "only-2", name: "b" }, { name: "" }, { name: "a" }],
    },
  ]);
  const seen = answer?.exceptions.map(({ index, verdict }) => [
    index,
    verdict?.deduplicated,
    verdict?.error?.code,
  ]);
  expect(answer?.verdicts).toEqual([]);
  expect(seen).toEqual([
    [0, true, undefined],
    [2, false, Code.AlreadyExists],
    [3, false, Code.InvalidArgument],
    [4, false, undefined],
  ]);
  expect(answer?.exceptions.at(-1)?.verdict?.taskId, "the server made it").toMatch(/^[0-9a-f-]{36}$/);
});
