import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@stem/proto/google/rpc/code_pb";
import { LeaseLostReason } from "@stem/proto/stem/v1/lease_pb";
import type { NewOutputEntrySchema } from "@stem/proto/stem/v1/task_output_pb";
import { afterEach, beforeEach, expect, test } from "vitest";
import { outputKinds } from "../../../server/src/model/task-output.ts";
import { refOf } from "../../contract/subject.ts";
import { openStreamServer, type StreamServer, settleOf } from "./scripted-stream.ts";

type Entry = MessageInitShape<typeof NewOutputEntrySchema>;

let server: StreamServer;
beforeEach(async () => {
  server = await openStreamServer();
});
afterEach(() => server.close());

const chunk = (seq: number): Entry => ({
  seq: BigInt(seq),
  entry: { case: "chunk", value: { data: { case: "json", value: String(seq) } } },
});
const progress = (percent: number): Entry => ({ entry: { case: "progress", value: { percent } } });

const outputOf = (
  ...outputs: readonly (readonly [token: Uint8Array | undefined, ...entries: Entry[]])[]
) => ({
  case: "output" as const,
  value: {
    outputs: outputs.map(([leaseToken = new Uint8Array(), ...entries]) => ({ leaseToken, entries })),
  },
});

const kept = async (id: string) => {
  const page = await server.rooms.store.readOutput({
    ...{ ref: refOf(id), from: 0, kinds: outputKinds, limit: 100, bytesMax: 1_000_000 },
  });
  return page?.entries.map(({ offset, kind, attempt, delivery }) => [offset, kind, attempt, delivery]);
};

test("a frame's output is kept and answered, and shown live where it is progress", async () => {
  const [stream, [a, b]] = await server.holding("a", "b");
  expect(stream.welcome.outputBytesMax).toBe(65_536);
  const frameSeq = stream.send(outputOf([a, chunk(1), progress(10), progress(20)], [b, chunk(1)]));
  expect(await stream.expect("outputWritten")).toMatchObject({ frameSeq, exceptions: [] });
  expect(await kept("a")).toEqual([
    [0, "chunk", 1, 1],
    [1, "progress", 1, 1],
    [2, "progress", 1, 1],
  ]);
  expect(await kept("b")).toEqual([[0, "chunk", 1, 1]]);
  expect((await server.rooms.backend.get(refOf("a"))).progress).toMatchObject({ percent: 20 });
});

test("output that comes before a settlement is kept, and what comes after it is not", async () => {
  const [stream, [a]] = await server.holding("a");
  stream.send(outputOf([a, chunk(1)]));
  stream.send(settleOf(a ?? new Uint8Array()));
  stream.send(outputOf([a, chunk(2)]));
  const frames = [await stream.take(), await stream.take(), await stream.take()].map(({ frame }) => frame);
  const answers = frames.flatMap(({ case: kind, value }) =>
    kind === "outputWritten" ? [value.exceptions] : [],
  );
  expect(answers).toMatchObject([[], [{ index: 0, lostReason: LeaseLostReason.SETTLED }]]);
  expect(await kept("a")).toEqual([[0, "chunk", 1, 1]]);
});

test("output that was sent again on another stream, because its answer was lost, is kept once", async () => {
  const [stream, [a]] = await server.holding("a");
  stream.send(outputOf([a, chunk(1), chunk(2)]));
  await stream.expect("outputWritten");
  await stream.lose();
  const { sessionId } = stream.welcome;
  const next = await server.greet({ sessionId, heldLeases: [a ?? new Uint8Array()], seenSeq: 1n });
  next.send(outputOf([a, chunk(1), chunk(2), chunk(3)]));
  expect(await next.expect("outputWritten")).toMatchObject({ exceptions: [] });
  expect((await kept("a"))?.map(([offset]) => offset)).toEqual([0, 1, 2]);
});

test("one wrong output is named, the others are kept, and too many at once refuse the frame", async () => {
  const [stream, [a, b]] = await server.holding("a", "b");
  stream.send(outputOf([a, chunk(1), progress(101)], [b, chunk(1)]));
  const { exceptions } = await stream.expect("outputWritten");
  expect(exceptions).toMatchObject([{ index: 0, error: { code: Code.INVALID_ARGUMENT } }]);
  expect([await kept("a"), (await kept("b"))?.length]).toEqual([[], 1]);
  const frameSeq = stream.send(outputOf([a, ...Array.from({ length: 1001 }, (_, seq) => chunk(seq + 1))]));
  expect(await stream.expect("refused")).toMatchObject({
    frameSeq,
    error: { code: Code.RESOURCE_EXHAUSTED },
  });
});

test("forged tokens are answered, counted, and in the end close the stream", async () => {
  const [stream] = await server.holding("a");
  for (let sent = 0; sent < 3; sent += 1) stream.send(outputOf([new Uint8Array(80), chunk(1)]));
  expect(await stream.expect("outputWritten")).toMatchObject({
    exceptions: [{ index: 0, lostReason: LeaseLostReason.TOKEN_INVALID }],
  });
  expect(await stream.ending()).toMatchObject({
    problem: { reason: "FIELD_INVALID", violations: [{ field: "output.outputs" }] },
  });
});
