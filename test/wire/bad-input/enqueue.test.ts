import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { ResourceInfoSchema, RetryInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import type { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import type { EnqueueTasksResponse } from "@stem/proto/stem/v1/task_service_pb";
import { describe, expect, onTestFinished, test } from "vitest";
import { startWireServer } from "../../support/wire-server.ts";
import { failure } from "../../support/wire-transports.ts";
import { abuseServer, type Caller, callerOf, ways } from "./abused-server.ts";
import { invalid, orError, type Refusal, refusalOf, refused } from "./refusal.ts";

type TaskInit = MessageInitShape<typeof NewTaskSchema>;

const queuesMax = 6;
const server = abuseServer();
/** Its namespace has room for a few queues, and the one of good requests is among them. */
const narrow = abuseServer({ limits: { queuesPerNamespaceMax: queuesMax } });

const exists = refused(Code.AlreadyExists, "TASK_EXISTS");

/** What became of each task of a batch: undefined when it is stored. */
const judged = ({ verdicts }: EnqueueTasksResponse): Promise<readonly (Refusal | undefined)[]> =>
  Promise.all(
    verdicts.map(async ({ error }) => {
      if (!error) return undefined;
      const { code, reason, fields } = await refusalOf(orError(Promise.resolve(error), (only) => [only]));
      return { code, reason, fields };
    }),
  );

/** Sends one frame, and answers with its verdicts. */
async function streamed({ tasks }: Caller, frame: readonly TaskInit[]) {
  async function* frames() {
    yield { frameSeq: 1n, tasks: [...frame] };
  }
  const [answer] = await orError(Array.fromAsync(tasks.streamTasks(frames())), (answers) =>
    answers.map(({ error }) => error),
  );
  return answer;
}

/** A number that no other row takes for its ids. */
let serial = 0;

describe.each(ways)("over %s", (way) => {
  const idsOf = (count: number): readonly string[] =>
    Array.from({ length: count }, () => `${way.length}-${++serial}`);

  test("D116 a batch of no tasks is refused", async () => {
    const caller = server.caller(way);
    await server.refuses(invalid("tasks"), [{}, { atomic: true }], (request) =>
      caller.tasks.enqueueTasks(request),
    );
    await server.refuses(invalid("tasks"), [[]], (frame) => streamed(server.caller("gRPC"), frame));
  });

  test("D118 one bad task of 500 is refused alone, or with all of an atomic batch", async () => {
    const { tasks } = server.caller(way);
    const ids = idsOf(500);
    const bad = { priority: 10 };
    const batch = ids.map((id, at) => ({
      id,
      name: "a",
      queue: "batch",
      ...(at === 250 && { options: bad }),
    }));
    const wrong = invalid("tasks[250].options.priority");
    await server.refuses(wrong, [batch], (all) => tasks.enqueueTasks({ atomic: true, tasks: all }));
    const answer = await tasks.enqueueTasks({ tasks: batch });
    expect(answer.verdicts.map(({ taskId }) => taskId)).toEqual(ids);
    expect(await judged(answer)).toEqual(ids.map((_, at) => (at === 250 ? wrong : undefined)));
    await server.refuses(refused(Code.NotFound, "TASK_UNKNOWN"), [ids[250]], (taskId) =>
      tasks.getTask({ taskId: taskId ?? "" }),
    );
    for (const taskId of [ids[249], ids[499]])
      expect((await tasks.getTask({ taskId: taskId ?? "" })).task?.id).toBe(taskId);
  });

  test("D119 an id that comes twice in a batch is one task, or a conflict where its content differs", async () => {
    const { tasks } = server.caller(way);
    const [twice = "", clashing = "", taken = "", fresh = ""] = idsOf(4);
    const same = await tasks.enqueueTasks({ tasks: [twice, twice].map((id) => ({ id, name: "a" })) });
    expect(same.verdicts.map(({ deduplicated }) => deduplicated)).toEqual([false, true]);
    const other = await tasks.enqueueTasks({ tasks: ["a", "b"].map((name) => ({ id: clashing, name })) });
    expect(await judged(other)).toEqual([undefined, exists]);
    expect((await tasks.getTask({ taskId: clashing })).task?.name).toBe("a");
    const conflict = ["a", "b"].map((name) => ({ id: taken, name }));
    const withGood = [{ id: fresh, name: "a" }, ...conflict];
    await server.refuses(exists, [conflict, withGood], (all) =>
      tasks.enqueueTasks({ atomic: true, tasks: all }),
    );
    const error = await failure(tasks.enqueueTasks({ atomic: true, tasks: conflict }));
    expect(error.findDetails(ResourceInfoSchema)).toMatchObject([{ resourceName: taken }]);
  });

  test("D124 a draining server takes nothing new, stores nothing, and says when to come again", async () => {
    const draining = await startWireServer();
    onTestFinished(() => draining.close());
    const caller = callerOf(way, draining.url);
    const { taskId } = await caller.tasks.enqueueTask({ id: "before", name: "a" });
    await caller.admin.cancelTask({ taskId });
    draining.api.drain();
    const calls: readonly (() => Promise<unknown>)[] = [
      () => caller.tasks.enqueueTask({ name: "a", queue: "late" }),
      () => caller.tasks.enqueueTasks({ tasks: [{ name: "a", queue: "late" }] }),
      () => caller.tasks.enqueueTasks({ tasks: [{ name: "a", queue: "late" }], atomic: true }),
      () => caller.admin.replayTask({ taskId }),
      () => streamed(callerOf("gRPC", draining.url), [{ name: "a", queue: "late" }]),
    ];
    for (const call of calls) {
      const error = await failure(call());
      expect(await refusalOf(Promise.reject(error))).toMatchObject(refused(Code.Unavailable, "DRAINING"));
      expect(error.findDetails(RetryInfoSchema)).toHaveLength(1);
    }
    expect((await caller.tasks.listTasks({})).tasks.map(({ id }) => id)).toEqual([taskId]);
    expect((await caller.queues.listQueues({})).queues.map(({ name }) => name)).toEqual(["default"]);
  });

  test("D166 a queue beyond as many as a namespace may have is refused, the others go on", async () => {
    const { tasks, queues } = narrow.caller(way);
    const names = Array.from({ length: queuesMax }, (_, n) => (n === 0 ? "good" : `q${n}`));
    await tasks.enqueueTasks({ tasks: names.map((queue) => ({ name: "a", queue })) });
    const full = refused(Code.ResourceExhausted, "QUEUE_LIMIT_REACHED");
    const one = [{ name: "a", queue: "one-more" }];
    await narrow.refuses(full, one, (task) => tasks.enqueueTask(task));
    await narrow.refuses(full, [[{ name: "a", queue: "q1" }, ...one]], (batch) =>
      tasks.enqueueTasks({ atomic: true, tasks: batch }),
    );
    await narrow.refuses(full, one, ({ queue }) => queues.pauseQueue({ queue }));
    expect(await tasks.enqueueTask({ name: "a", queue: "q1" })).toHaveProperty("taskId");
  });
});
