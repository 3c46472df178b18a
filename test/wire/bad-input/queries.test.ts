import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { ErrorInfoSchema, ResourceInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { CancelOutcome } from "@stem/proto/stem/v1/task_admin_service_pb";
import {
  type AwaitTasksResponse,
  type ListTasksRequestSchema,
  TaskView,
} from "@stem/proto/stem/v1/task_service_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { describe, expect, test } from "vitest";
import { defaultNamespace, instantOf, plus, taskIdOf } from "../../../server/src/model/ids.ts";
import { transition } from "../../../server/src/model/task-machine.ts";
import { failure, wordOf } from "../../support/wire-transports.ts";
import { abuseServer, type Caller, ways } from "./abused-server.ts";
import { invalid, refused } from "./refusal.ts";

const awaitMsMax = 100;
const server = abuseServer({ namespaces: ["default", "other", "many"] });
/** Nobody waits here for longer than a moment, however long he asks for. */
const hasty = abuseServer({ limits: { awaitMsMax } });

const taskUnknown = refused(Code.NotFound, "TASK_UNKNOWN");
const anyCount = { case: "anyCount" as const, value: true };
const expectedCount = (value: bigint) => ({ case: "expectedCount" as const, value });

/** What a stream of updates said: a task's state, or the code of an error. */
const newsOf = (answers: readonly AwaitTasksResponse[]): readonly unknown[] =>
  answers.flatMap(({ updates }) =>
    updates.map(({ update }) => {
      if (update.case === "task") return update.value.state;
      return update.case === "error" ? update.value.code : update.case;
    }),
  );

/** Removes a task as a server does that restarts in between: cancelled and pruned, and nobody is told. */
async function removeSilently(id: string): Promise<void> {
  const ref = { namespace: defaultNamespace, id: taskIdOf(id) };
  const now = instantOf(Date.now());
  const [head] = await server.store.readHeads([ref]);
  const change = head && transition(head, { kind: "cancel", cancel: { reason: "", at: now } }, now);
  if (!head || !change) throw new Error(`there is no task ${id} to remove`);
  const guard = { revision: head.revision, leaseUntilBefore: undefined };
  expect(await server.store.apply([{ ref, ...guard, change, now }])).toEqual(["applied"]);
  expect(await server.store.prune(plus(now, 1), 1000)).toBeGreaterThan(0);
}

/** Leases the one task of a queue and settles it. */
async function end(caller: Caller, queue: string, ending: "succeeded" | "rejected"): Promise<void> {
  const { grants } = await caller.workers.leaseTasks({ queues: [queue] });
  const leaseToken = grants[0]?.leaseToken ?? new Uint8Array();
  const outcome = ending === "succeeded" ? { case: ending, value: {} } : { case: ending, value: {} };
  const { results } = await caller.workers.settleTasks({ settlements: [{ leaseToken, outcome }] });
  expect(results.map(({ error }) => error)).toEqual([undefined]);
}

describe.each(ways)("over %s", (way) => {
  const named = (suffix: string): string => `${wordOf(way)}-${suffix}`;

  test("D125 a task that is not there is not found", async () => {
    const { tasks } = server.caller(way);
    await tasks.enqueueTask({ id: named("elsewhere"), name: "a", namespace: "other" });
    const ids = [named("nobody"), "__proto__", "%", "a".repeat(128), named("elsewhere")];
    await server.refuses(taskUnknown, ids, (taskId) => tasks.getTask({ taskId }));
    const error = await failure(tasks.getTask({ taskId: named("nobody") }));
    expect(error.findDetails(ErrorInfoSchema)[0]?.metadata).toEqual({ taskId: named("nobody") });
    expect(error.findDetails(ResourceInfoSchema)[0]?.resourceName).toBe(named("nobody"));
  });

  test("D127 waiting for less than no time is refused, for none ends at once, for years is capped", async () => {
    const { tasks } = hasty.caller(way);
    const taskId = named("waited-for");
    await tasks.enqueueTask({ id: taskId, name: "a" });
    const waited = async (seconds: bigint): Promise<readonly unknown[]> =>
      newsOf(await Array.fromAsync(tasks.awaitTasks({ tasks: [{ taskId }], timeout: { seconds } })));
    await hasty.refuses(invalid("timeout"), [-1n, -315_360_000n], waited);
    expect(await waited(0n)).toEqual([TaskState.READY]);
    expect(await waited(315_360_000n)).toEqual([TaskState.READY]);
  });

  test("D128 whoever waits for a task that is removed meanwhile is told so", async () => {
    const { tasks } = server.caller(way);
    const taskId = named("removed");
    await tasks.enqueueTask({ id: taskId, name: "a", options: { resultRetention: {} } });
    const answers: AwaitTasksResponse[] = [];
    for await (const answer of tasks.awaitTasks({ tasks: [{ taskId }] })) {
      if (answers.push(answer) === 1) await removeSilently(taskId);
    }
    expect(newsOf(answers)).toEqual([TaskState.READY, Code.NotFound]);
    const late = await Array.fromAsync(tasks.awaitTasks({ tasks: [{ taskId, seenRevision: 9n }] }));
    expect(newsOf(late)).toEqual([Code.NotFound]);
  });

  test("D130 a negative page size is refused, none means 50, and more than 1,000 means 1,000", async () => {
    const { tasks, queues } = server.caller(way);
    const sizes = [-1, -(2 ** 31)];
    await server.refuses(invalid("page_size"), sizes, (pageSize) => tasks.listTasks({ pageSize }));
    await server.refuses(invalid("page_size"), sizes, (pageSize) => queues.listQueues({ pageSize }));
    const namespace = "many";
    const all = Array.from({ length: 1001 }, (_, n) => ({ id: `t${n}`, name: "a", queue: `q${n}` }));
    await tasks.enqueueTasks({ namespace, tasks: all.slice(0, 1000) });
    await tasks.enqueueTasks({ namespace, tasks: all.slice(1000) });
    for (const [pageSize, count] of [
      [0, 50],
      [1_000_000, 1000],
      [2 ** 31 - 1, 1000],
    ] as const) {
      const page = await tasks.listTasks({ namespace, pageSize });
      expect([page.tasks.length, page.nextPageToken === ""]).toEqual([count, false]);
      const names = await queues.listQueues({ namespace, pageSize });
      expect([names.queues.length, names.nextPageToken === ""]).toEqual([count, false]);
    }
  });

  test("D131 a page token that is garbage, cut or another question's is refused", async () => {
    const { tasks, queues } = server.caller(way);
    const queue = named("token");
    const batch = [1, 2, 3].map((n) => ({ name: "a", queue: n === 3 ? `${queue}-2` : queue }));
    await tasks.enqueueTasks({ tasks: [...batch, ...batch] });
    const { nextPageToken: token } = await tasks.listTasks({ queue, pageSize: 1 });
    const { nextPageToken: queueToken } = await queues.listQueues({ pageSize: 1 });
    // The size of a page is no part of the question.
    expect((await tasks.listTasks({ queue, pageSize: 5, pageToken: token })).tasks).toHaveLength(3);
    const bytes = Buffer.from(token, "base64url");
    const flipped = Buffer.from(bytes).fill((bytes[0] ?? 0) ^ 1, 0, 1);
    const cut = [bytes.subarray(0, 15), bytes.subarray(0, 16), bytes.subarray(1), flipped];
    const forged = ["garbage", "=", "\u0000", "🚀", "A".repeat(100_000), `${token}AAAA`, `${token}=`];
    const bad = [...forged, ...cut.map((some) => some.toString("base64url")), token.slice(0, -1), queueToken];
    await server.refuses(invalid("page_token"), bad, (pageToken) => tasks.listTasks({ queue, pageToken }));
    await server.refuses(invalid("page_token"), [...forged, token], (pageToken) =>
      queues.listQueues({ pageToken }),
    );
    const others: readonly MessageInitShape<typeof ListTasksRequestSchema>[] = [
      { name: "a" },
      { namespace: "other" },
      { states: [TaskState.READY] },
      { view: TaskView.FULL },
    ];
    await server.refuses(invalid("page_token"), others, (other) =>
      tasks.listTasks({ queue, ...other, pageToken: token }),
    );
    await server.refuses(invalid("page_token"), ["other"], (namespace) =>
      queues.listQueues({ namespace, pageToken: queueToken }),
    );
  });

  test("D134 cancelling a task that is not there is not found; one that has ended stays as it is", async () => {
    const caller = server.caller(way);
    const { tasks, admin } = caller;
    await server.refuses(taskUnknown, [named("nobody")], (taskId) => admin.cancelTask({ taskId }));
    const ended = [
      [named("cancelled"), TaskState.CANCELLED],
      [named("succeeded"), TaskState.SUCCEEDED],
      [named("failed"), TaskState.FAILED],
    ] as const;
    for (const [taskId, state] of ended) {
      await tasks.enqueueTask({ id: taskId, name: "a", queue: taskId });
      if (state === TaskState.CANCELLED) await admin.cancelTask({ taskId });
      else await end(caller, taskId, state === TaskState.SUCCEEDED ? "succeeded" : "rejected");
      const { task } = await tasks.getTask({ taskId });
      expect(await admin.cancelTask({ taskId, reason: "too late" })).toMatchObject({
        outcome: CancelOutcome.ALREADY_TERMINAL,
        state,
      });
      expect((await tasks.getTask({ taskId })).task).toEqual(task);
    }
  });

  test("D136 a task that has not ended is not replayed", async () => {
    const { tasks, admin, workers } = server.caller(way);
    const [ready = "", scheduled = "", leased = ""] = ["ready", "scheduled", "leased"].map(named);
    const start = { case: "delay" as const, value: { seconds: 3600n } };
    await tasks.enqueueTasks({
      tasks: [
        { id: ready, name: "a" },
        { id: scheduled, name: "a", options: { start } },
        { id: leased, name: "a", queue: leased },
      ],
    });
    expect((await workers.leaseTasks({ queues: [leased] })).grants).toHaveLength(1);
    await server.refuses(
      refused(Code.FailedPrecondition, "TASK_NOT_ENDED"),
      [
        { taskId: ready },
        { taskId: scheduled },
        { taskId: leased },
        { taskId: ready, newTaskId: named("again") },
      ],
      (request) => admin.replayTask(request),
    );
    await server.refuses(taskUnknown, [named("nobody")], (taskId) => admin.replayTask({ taskId }));
  });

  test("D139 a purge must be confirmed, tells what waits, and leaves alone what is leased", async () => {
    const { tasks, queues, workers } = server.caller(way);
    const queue = named("purge");
    const start = { case: "delay" as const, value: { seconds: 3600n } };
    const delayed = { name: "a", queue, options: { start } };
    await tasks.enqueueTasks({
      tasks: [...Array.from({ length: 3 }, () => ({ name: "a", queue })), delayed],
    });
    expect((await workers.leaseTasks({ queues: [queue] })).grants).toHaveLength(1);
    const unconfirmed = [{}, ...[0n, 2n, 4n].map((count) => ({ confirmation: expectedCount(count) }))];
    await server.refuses(refused(Code.FailedPrecondition, "PURGE_UNCONFIRMED"), unconfirmed, (request) =>
      queues.purgeQueue({ queue, ...request }),
    );
    const error = await failure(queues.purgeQueue({ queue }));
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ metadata: { queue, waiting: "3" } }]);
    await server.refuses(invalid("expected_count"), [-1n], (count) =>
      queues.purgeQueue({ queue, confirmation: expectedCount(count) }),
    );
    await server.refuses(invalid("any_count"), [false], (value) =>
      queues.purgeQueue({ queue, confirmation: { case: "anyCount", value } }),
    );
    const depth = async () => (await queues.getQueue({ queue })).queue?.depth;
    expect(await depth()).toMatchObject({ ready: 2n, scheduled: 1n, leased: 1n, cancelled: 0n });
    expect((await queues.purgeQueue({ queue, confirmation: expectedCount(3n) })).purgedCount).toBe(3n);
    expect((await queues.purgeQueue({ queue, confirmation: anyCount })).purgedCount).toBe(0n);
    expect(await depth()).toMatchObject({ ready: 0n, scheduled: 0n, leased: 1n, cancelled: 3n });
    await server.refuses(refused(Code.NotFound, "QUEUE_UNKNOWN"), [named("nowhere")], (unknown) =>
      queues.purgeQueue({ queue: unknown, confirmation: anyCount }),
    );
  });
});
