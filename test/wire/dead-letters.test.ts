import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, createClient } from "@connectrpc/connect";
import { ErrorInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import {
  AttemptOutcome,
  DeadLetterService,
  type ReplayDeadLettersRequestSchema,
} from "@stem/proto/stem/v1/dead_letter_service_pb";
import { TaskStateReason } from "@stem/proto/stem/v1/task_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { WorkerService } from "@stem/proto/stem/v1/worker_service_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { failure, wireTransports, wordOf } from "../support/wire-transports.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

const json = (value: unknown) => ({ data: { case: "json" as const, value: JSON.stringify(value) } });

describe.each(wireTransports)("over %s", (name, open) => {
  const id = (suffix: string) => `${wordOf(name)}-${suffix}`;
  const connect = () => {
    const transport = open(server.url);
    return {
      tasks: createClient(TaskService, transport),
      letters: createClient(DeadLetterService, transport),
      workers: createClient(WorkerService, transport),
    };
  };
  const failAll = async (queue: string, count: number) => {
    const { tasks, workers } = connect();
    const made = Array.from({ length: count }, (_, i) => ({
      id: `${queue}-${i}`,
      name: "a",
      queue,
      args: json([i]),
    }));
    await tasks.enqueueTasks({ tasks: made });
    const { grants } = await workers.leaseTasks({ queues: [queue], maxTasks: count });
    const outcome = {
      case: "failed" as const,
      value: { failure: { type: "Error", message: "broken", nonRetryable: true } },
    };
    await workers.settleTasks({ settlements: grants.map(({ leaseToken }) => ({ leaseToken, outcome })) });
    return made.map((task) => task.id);
  };

  test("dead letters are listed page by page, read with their attempts, replayed and purged", async () => {
    const { letters, tasks } = connect();
    const queue = id("letters");
    const ids = await failAll(queue, 3);
    const filter = { queue, reasons: [TaskStateReason.NON_RETRYABLE] };
    const page = await letters.listDeadLetters({ filter, pageSize: 2 });
    const rest = await letters.listDeadLetters({ filter, pageSize: 2, pageToken: page.nextPageToken });
    expect([...page.deadLetters, ...rest.deadLetters].map(({ task }) => task?.id)).toEqual(ids.toReversed());
    expect(page.deadLetters[0]?.task).toMatchObject({
      state: TaskState.FAILED,
      failure: { message: "broken" },
    });
    expect(page.deadLetters[0]?.task?.args).toBeUndefined();
    const { deadLetter } = await letters.getDeadLetter({ taskId: ids[0] ?? "" });
    expect(deadLetter?.task?.args).toMatchObject(json([0]));
    expect(deadLetter?.attempts).toMatchObject([
      { attempt: 1, outcome: AttemptOutcome.FAILED, failure: { message: "broken" } },
    ]);
    const one = await letters.replayDeadLetters({
      ...{ filter: { taskIds: [ids[0] ?? ""] }, limit: 1, queue: id("elsewhere"), args: json(["edited"]) },
    });
    const newTaskId = one.replayed[0]?.newTaskId ?? "";
    expect((await tasks.getTask({ taskId: newTaskId })).task).toMatchObject({
      ...{ replayOf: ids[0], queue: id("elsewhere"), args: json(["edited"]), state: TaskState.READY },
    });
    const first = await letters.replayDeadLetters({ filter, limit: 2 });
    const second = await letters.replayDeadLetters({ filter, limit: 2, pageToken: first.nextPageToken });
    expect(
      [...first.replayed, ...second.replayed].map((each) => [each.taskId, each.alreadyReplayed]),
    ).toEqual([
      ...[
        [ids[2], false],
        [ids[1], false],
        [ids[0], true],
      ],
    ]);
    expect(second.replayed[0]?.newTaskId).toBe(newTaskId);
    expect((await letters.purgeDeadLetters({ filter, dryRun: true })).purgedCount).toBe(3n);
    expect((await letters.purgeDeadLetters({ filter })).purgedCount).toBe(3n);
    expect((await letters.listDeadLetters({ filter })).deadLetters).toEqual([]);
  });

  test("replaying nothing, without a limit, unknown ids, or other arguments for several is refused", async () => {
    const { letters, tasks } = connect();
    const [first = "", second = ""] = await failAll(id("refused"), 2);
    await tasks.enqueueTask({ id: id("live"), name: "a", queue: id("live") });
    const taskIds = [first, second];
    const refusals: readonly [MessageInitShape<typeof ReplayDeadLettersRequestSchema>, Code, string][] = [
      [{ filter: { all: true } }, Code.InvalidArgument, "FIELD_INVALID"],
      [{ filter: {}, limit: 1 }, Code.InvalidArgument, "FIELD_INVALID"],
      [{ limit: 1 }, Code.InvalidArgument, "FIELD_INVALID"],
      [{ filter: { taskIds }, limit: 1, args: json([]) }, Code.InvalidArgument, "FIELD_INVALID"],
      [{ filter: { taskIds: [first, id("gone")] }, limit: 1 }, Code.NotFound, "TASK_UNKNOWN"],
      [{ filter: { taskIds: [id("live")] }, limit: 1 }, Code.FailedPrecondition, "TASK_NOT_FAILED"],
    ];
    for (const [request, code, reason] of refusals) {
      const error = await failure(letters.replayDeadLetters(request));
      expect([error.code, error.findDetails(ErrorInfoSchema)[0]?.reason]).toEqual([code, reason]);
    }
    expect((await letters.getDeadLetter({ taskId: first })).deadLetter?.replayTaskId).toBe("");
    expect((await failure(letters.purgeDeadLetters({ filter: {} }))).code).toBe(Code.InvalidArgument);
    expect((await failure(letters.listDeadLetters({ filter: { taskIds } }))).code).toBe(Code.InvalidArgument);
    expect((await failure(letters.getDeadLetter({ taskId: id("gone") }))).code).toBe(Code.NotFound);
  });
});
