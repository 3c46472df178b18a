import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { EnqueueTasksResponseSchema, StreamTasksResponseSchema } from "@stem/proto/stem/v1/task_service_pb";
import { expect, test } from "vitest";
import type { EnqueueVerdict } from "../../broker/broker.ts";
import { taskIdOf } from "../../model/ids.ts";
import { limits } from "../../model/limits.ts";
import { problemToStatus } from "../problem-table.ts";
import { enqueueTasksResponse, streamTasksExceptions, streamTasksResponse } from "./enqueue-verdicts.ts";

const stored = (id: string, deduplicated = false): EnqueueVerdict => ({
  kind: "stored",
  taskId: taskIdOf(id),
  deduplicated,
});

const problem = { reason: "TASK_EXISTS", taskId: "taken" } as const;
const refused: EnqueueVerdict = { kind: "refused", taskId: taskIdOf("taken"), problem };
const nameless: EnqueueVerdict = { kind: "refused", taskId: undefined, problem };

/** Ids of every length that there can be, so of every width that a length can have. */
const verdicts: readonly EnqueueVerdict[] = Array.from({ length: limits.taskIdCharsMax }, (_, n) => [
  stored("x".repeat(n + 1)),
  stored("y".repeat(n + 1), true),
  ...(n % 9 === 0 ? [refused, nameless] : []),
]).flat();

const messages = verdicts.map((verdict) =>
  verdict.kind === "stored"
    ? { taskId: verdict.taskId, deduplicated: verdict.deduplicated }
    : { taskId: verdict.taskId ?? "", error: problemToStatus(problem) },
);

test("verdicts are written as protobuf-es writes them", () => {
  const expected = create(EnqueueTasksResponseSchema, { verdicts: messages });
  const { bytes } = enqueueTasksResponse(verdicts);
  expect(Buffer.from(bytes)).toEqual(Buffer.from(toBinary(EnqueueTasksResponseSchema, expected)));
});

test.each([0n, 1n, 300n, 2n ** 62n])("so they are for frame %d of a stream", (frameSeq) => {
  const expected = create(StreamTasksResponseSchema, { frameSeq, verdicts: messages });
  const { bytes } = streamTasksResponse(frameSeq, verdicts);
  expect(Buffer.from(bytes)).toEqual(Buffer.from(toBinary(StreamTasksResponseSchema, expected)));
});

test("exceptions leave out what is stored for the first time under its own id", () => {
  const exceptions = messages.flatMap((verdict, index) =>
    "error" in verdict || verdict.deduplicated || index === 4 ? { index, verdict } : [],
  );
  const expected = create(StreamTasksResponseSchema, { frameSeq: 7n, exceptions });
  const { bytes } = streamTasksExceptions(7n, verdicts, (at) => at !== 4);
  expect(Buffer.from(bytes)).toEqual(Buffer.from(toBinary(StreamTasksResponseSchema, expected)));
  expect(messages[4]).toMatchObject({ deduplicated: false });
});

test("no verdicts are no bytes", () => {
  expect(enqueueTasksResponse([]).bytes).toHaveLength(0);
});

test("a batch of nothing but elaborate errors still fits a frame, and each keeps its reason", () => {
  const long = "z".repeat(300);
  const violations = Array.from({ length: 10 }, () => ({ field: long, description: long }));
  const bad: EnqueueVerdict = {
    kind: "refused",
    taskId: taskIdOf("t".repeat(limits.taskIdCharsMax)),
    problem: { reason: "FIELD_INVALID", violations },
  };
  const { bytes } = enqueueTasksResponse(Array.from({ length: limits.batchTasksMax }, () => bad));
  expect(bytes.length).toBeLessThan(limits.frameBytesMax);
  const last = fromBinary(EnqueueTasksResponseSchema, bytes).verdicts.at(-1);
  expect(last?.error?.details.map(({ typeUrl }) => typeUrl)).toEqual([
    "type.googleapis.com/google.rpc.ErrorInfo",
  ]);
});
