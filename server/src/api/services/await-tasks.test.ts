import { create, toBinary } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import { AwaitTasksRequestSchema } from "@stem/proto/stem/v1/task_service_pb";
import { expect, test } from "vitest";
import { newTask } from "../../../../test/support/new-task.ts";
import type { TaskNews } from "../../backend/backend.ts";
import { defaultNamespace, instantOf, taskIdOf } from "../../model/ids.ts";
import { limits } from "../../model/limits.ts";
import type { Task } from "../../model/task.ts";
import { awaitRequestOf, awaitTasksResponses } from "./await-tasks.ts";

const ended = (id: string, result: Uint8Array): Task => ({
  ...newTask(id, { content: new Uint8Array() }),
  ...{ state: "succeeded", reason: undefined, revision: 3, attempt: 1, deliveries: 1, result },
  ...{ fence: { epoch: 1, seq: 1 }, worker: "w", createdAt: instantOf(1), startedAt: instantOf(2) },
  ...{ leaseUntil: undefined, endedAt: instantOf(3), purgeAt: instantOf(4), cancel: undefined },
  ...{ failure: undefined, gate: undefined },
});

const resultOf = (bytes: number): Uint8Array =>
  toBinary(PayloadSchema, create(PayloadSchema, { data: { case: "binary", value: new Uint8Array(bytes) } }));

const news = (id: string, resultBytes: number): TaskNews => ({
  kind: "task",
  task: ended(id, resultOf(resultBytes)),
  progress: undefined,
});

async function* once<T>(item: T): AsyncIterable<T> {
  yield item;
}

test("news of one moment comes in one message, as far as a frame holds it", async () => {
  const batch = [news("a", 1_000_000), news("b", 1_000_000), news("c", 3_000_000), news("d", 10)];
  const responses = await Array.fromAsync(awaitTasksResponses(once(batch), limits.frameBytesMax));
  expect(responses.map(({ updates }) => updates.map(({ taskId }) => taskId))).toEqual([
    ["a", "b"],
    ["c", "d"],
  ]);
});

test("one piece of news beyond a frame goes alone", async () => {
  const responses = await Array.fromAsync(awaitTasksResponses(once([news("a", 100), news("b", 100)]), 50));
  expect(responses.map(({ updates }) => updates.length)).toEqual([1, 1]);
});

test("a batch without news is no message", async () => {
  expect(await Array.fromAsync(awaitTasksResponses(once([]), 50))).toEqual([]);
});

test("progress and absence are told as what they are", async () => {
  const batch: readonly TaskNews[] = [
    { kind: "progress", taskId: taskIdOf("a"), progress: { percent: 50, message: "half", data: undefined } },
    { kind: "unknown", taskId: taskIdOf("b") },
  ];
  const [response] = await Array.fromAsync(awaitTasksResponses(once(batch), limits.frameBytesMax));
  expect(response?.updates).toMatchObject([
    { taskId: "a", update: { case: "progress", value: { percent: 50, message: "half" } } },
    { taskId: "b", update: { case: "error", value: { message: "there is no task b" } } },
  ]);
});

test.each([
  [undefined, limits.awaitMsMax],
  [{ seconds: 0n }, 0],
  [{ seconds: 2n, nanos: 500_000_000 }, 2500],
  [{ seconds: 315_360_000n }, limits.awaitMsMax],
])("a time-out of %o is %i ms", (timeout, ms) => {
  const request = create(AwaitTasksRequestSchema, {
    tasks: [{ taskId: "a", seenRevision: 4n }],
    ...(timeout && { timeout: create(DurationSchema, timeout) }),
  });
  expect(awaitRequestOf(request, defaultNamespace, limits)).toEqual({
    namespace: "default",
    tasks: [{ id: "a", seenRevision: 4 }],
    timeoutMs: ms,
  });
});

test("a time-out whose parts disagree is refused", () => {
  const timeout = create(DurationSchema, { seconds: 1n, nanos: -1 });
  const request = create(AwaitTasksRequestSchema, { tasks: [{ taskId: "a" }], timeout });
  expect(() => awaitRequestOf(request, defaultNamespace, limits)).toThrow("FIELD_INVALID");
});
