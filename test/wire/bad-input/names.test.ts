import { Code } from "@connectrpc/connect";
import { ErrorInfoSchema, ResourceInfoSchema } from "@stem/proto/google/rpc/error_details_pb";
import { UniqueOutcomeKind } from "@stem/proto/stem/v1/task_service_pb";
import { UniqueConflict } from "@stem/proto/stem/v1/unique_pb";
import { describe, expect, test } from "vitest";
import { instantOf } from "../../../server/src/model/ids.ts";
import { failure, wordOf } from "../../support/wire-transports.ts";
import { abuseServer, ways } from "./abused-server.ts";
import { invalid, orError, outOfRange, refused } from "./refusal.ts";

const server = abuseServer({ namespaces: ["default", "other"] });

const controls = ["\u0000", "\t", "\n", "\r", "\u001b", "\u007f"];
/** Names that every object has already, where a program looks them up in one. */
const inheritedNames = ["__proto__", "constructor", "toString", "hasOwnProperty"];
const token = new Uint8Array([1]);
const drained = <T>(answers: AsyncIterable<T>): Promise<readonly T[]> => Array.fromAsync(answers);

describe.each(ways)("over %s", (way) => {
  const id = (suffix: string) => `${wordOf(way)}-${suffix}`;

  test("D070 a namespace that is empty, too long or oddly written is refused by every method", async () => {
    const { tasks, admin, queues, workers } = server.caller(way);
    const namespaces = ["", "a".repeat(64), "A", "-a", "a-", "a_b", "a/b", ".."];
    const methods: readonly ((namespace: string) => Promise<unknown>)[] = [
      (namespace) => tasks.enqueueTask({ namespace, name: "a" }),
      (namespace) => tasks.enqueueTasks({ namespace, tasks: [{ name: "a" }] }),
      (namespace) => tasks.getTask({ namespace, taskId: "a" }),
      (namespace) => tasks.listTasks({ namespace }),
      (namespace) => drained(tasks.awaitTasks({ namespace, tasks: [{ taskId: "a" }] })),
      (namespace) => admin.cancelTask({ namespace, taskId: "a" }),
      (namespace) => admin.replayTask({ namespace, taskId: "a" }),
      (namespace) => queues.listQueues({ namespace }),
      (namespace) => queues.getQueue({ namespace, queue: "a" }),
      (namespace) => queues.pauseQueue({ namespace, queue: "a" }),
      (namespace) => queues.resumeQueue({ namespace, queue: "a" }),
      (namespace) => queues.purgeQueue({ namespace, queue: "a" }),
      (namespace) => workers.leaseTasks({ namespace, queues: ["a"] }),
      (namespace) => workers.settleTasks({ namespace, settlements: [{ leaseToken: token }] }),
      (namespace) => workers.extendLeases({ namespace, leaseTokens: [token] }),
    ];
    for (const method of methods) await server.refuses(invalid("namespace"), namespaces, method);
  });

  test("D071 a namespace that does not exist is not found", async () => {
    const { tasks, admin, queues, workers } = server.caller(way);
    const namespace = "nowhere";
    await server.refuses(
      refused(Code.NotFound, "NAMESPACE_UNKNOWN"),
      [
        () => tasks.enqueueTask({ namespace, name: "a" }),
        () => tasks.enqueueTasks({ namespace, tasks: [{ name: "a" }] }),
        () => tasks.getTask({ namespace, taskId: "a" }),
        () => tasks.listTasks({ namespace }),
        () => drained(tasks.awaitTasks({ namespace, tasks: [{ taskId: "a" }] })),
        () => admin.cancelTask({ namespace, taskId: "a" }),
        () => queues.pauseQueue({ namespace, queue: "a" }),
        () => queues.listQueues({ namespace }),
        () => workers.leaseTasks({ namespace, queues: ["a"] }),
        () => workers.extendLeases({ namespace, leaseTokens: [token] }),
      ],
      (send) => send(),
    );
  });

  test("D073 a queue whose name is too long or has other than plain characters is refused", async () => {
    const { tasks, queues, workers } = server.caller(way);
    const blank = [" ", "\t", "\n", "\u0000", "a b", "a\n", "a\u0000b"];
    const names = ["", "a".repeat(256), ...blank, "*", "mail.*", "🚀", "a\u200f", "\ufeffa", "-a", ".a"];
    await server.refuses(invalid("queue"), names, (queue) => tasks.enqueueTask({ name: "a", queue }));
    await server.refuses(invalid("tasks[0].queue"), names, (queue) =>
      orError(tasks.enqueueTasks({ tasks: [{ name: "a", queue }] }), ({ verdicts }) =>
        verdicts.map(({ error }) => error),
      ),
    );
    await server.refuses(invalid("queue"), names, (queue) => tasks.listTasks({ queue }));
    await server.refuses(invalid("queue"), names, (queue) => queues.getQueue({ queue }));
    await server.refuses(invalid("queue"), names, (queue) => queues.pauseQueue({ queue }));
    await server.refuses(invalid("queue"), names, (queue) => queues.resumeQueue({ queue }));
    await server.refuses(invalid("queue"), names, (queue) => queues.purgeQueue({ queue }));
    await server.refuses(invalid("queues[0]"), names, (queue) => workers.leaseTasks({ queues: [queue] }));
  });

  test("D074 names that every object has are names like any other", async () => {
    const { tasks, admin, queues, workers } = server.caller(way);
    for (const name of inheritedNames) {
      const namespace = "other";
      const taskId = id(name);
      const task = { namespace, id: taskId, name, queue: name, tags: [name] };
      expect(await tasks.enqueueTask(task)).toMatchObject({ taskId, deduplicated: false });
      expect(await tasks.enqueueTask(task)).toMatchObject({ taskId, deduplicated: true });
      const byAll = { namespace, name, queue: name, tag: name };
      expect((await tasks.listTasks(byAll)).tasks.map((each) => each.id)).toContain(taskId);
      expect((await queues.getQueue({ namespace, queue: name })).queue?.name).toBe(name);
      const { grants } = await workers.leaseTasks({ namespace, queues: [name], maxTasks: 10 });
      expect(grants.map((grant) => [grant.taskId, grant.queue, grant.task?.name])).toEqual([
        [taskId, name, name],
      ]);
      expect((await admin.cancelTask({ namespace, taskId })).outcome).toBe(2);
    }
    const ids = inheritedNames.map((name) => ({ id: name, name: "a", queue: id("inherited") }));
    const { verdicts } = await tasks.enqueueTasks({ tasks: ids });
    expect(verdicts.map(({ taskId }) => taskId)).toEqual(inheritedNames);
    for (const taskId of inheritedNames) expect((await tasks.getTask({ taskId })).task?.id).toBe(taskId);
  });

  test("D076 names that only normalization makes equal are refused, both", async () => {
    const { tasks } = server.caller(way);
    const names = ["caf\u00e9", "cafe\u0301"];
    await server.refuses(invalid("queue"), names, (queue) => tasks.enqueueTask({ name: "a", queue }));
    await server.refuses(invalid("name"), names, (name) => tasks.enqueueTask({ name }));
    await server.refuses(invalid("id"), names, (taken) => tasks.enqueueTask({ name: "a", id: taken }));
  });

  test("D077 a task name that is empty, too long or has control characters is refused", async () => {
    const { tasks } = server.caller(way);
    const names = ["", "a".repeat(256), "a b", "é", ...controls.map((control) => `a${control}`)];
    await server.refuses(invalid("name"), names, (name) => tasks.enqueueTask({ name }));
    await server.refuses(invalid("tasks[1].name"), names, (name) =>
      tasks.enqueueTasks({ atomic: true, tasks: [{ name: "a" }, { name }] }),
    );
    await server.refuses(invalid("name"), names, (name) => tasks.listTasks({ name }));
  });

  test("D079 a task id that is too long, not ASCII or given as empty is refused; unset, one is made", async () => {
    const { tasks, admin } = server.caller(way);
    const ids = ["", "a".repeat(129), "é", "🚀", "a b", ...controls.map((control) => `a${control}`)];
    await server.refuses(invalid("id"), ids, (taken) => tasks.enqueueTask({ name: "a", id: taken }));
    await server.refuses(invalid("tasks[0].id"), ids, (taken) =>
      orError(tasks.enqueueTasks({ tasks: [{ name: "a", id: taken }] }), ({ verdicts }) =>
        verdicts.map(({ error }) => error),
      ),
    );
    await server.refuses(invalid("task_id"), ids, (taskId) => tasks.getTask({ taskId }));
    await server.refuses(invalid("task_id"), ids, (taskId) => admin.cancelTask({ taskId }));
    await server.refuses(invalid("task_id"), ids, (taskId) => admin.replayTask({ taskId }));
    await server.refuses(invalid("new_task_id"), ids, (newTaskId) =>
      admin.replayTask({ taskId: "a", newTaskId }),
    );
    await server.refuses(invalid("tasks[0].task_id"), ids, (taskId) =>
      drained(tasks.awaitTasks({ tasks: [{ taskId }] })),
    );
    expect((await tasks.enqueueTask({ name: "a" })).taskId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-/);
    const longest = id("a".repeat(128)).slice(0, 128);
    expect((await tasks.enqueueTask({ name: "a", id: longest })).taskId).toBe(longest);
  });

  test("D080 the same id with the same content is stored once, and the repeat is told so", async () => {
    const { tasks } = server.caller(way);
    const task = { id: id("same"), name: "a", tags: ["t"], headers: { b: "2", a: "1" } };
    expect(await tasks.enqueueTask(task)).toMatchObject({ taskId: task.id, deduplicated: false });
    expect(await tasks.enqueueTask(task)).toMatchObject({ taskId: task.id, deduplicated: true });
    const { verdicts } = await tasks.enqueueTasks({ tasks: [{ ...task, headers: { a: "1", b: "2" } }] });
    expect(verdicts).toMatchObject([{ taskId: task.id, deduplicated: true }]);
    await server.refuses(
      refused(Code.AlreadyExists, "TASK_EXISTS"),
      [{ name: "b" }, { queue: "elsewhere" }, { headers: { a: "1" } }, { options: { priority: 1 } }],
      (other) => tasks.enqueueTask({ ...task, ...other }),
    );
    expect((await tasks.getTask({ taskId: task.id })).task).toMatchObject({ name: "a", revision: 1n });
  });

  test("D082 one id in fifty calls at once is stored once, and all are told that it is", async () => {
    const { tasks } = server.caller(way);
    const task = { id: id("fifty"), name: "a", queue: id("fifty") };
    const answers = await Promise.all(Array.from({ length: 50 }, () => tasks.enqueueTask(task)));
    expect(answers.map(({ taskId }) => taskId)).toEqual(answers.map(() => task.id));
    expect(answers.filter(({ deduplicated }) => !deduplicated)).toHaveLength(1);
    const { queue } = await server.caller(way).queues.getQueue({ queue: task.queue });
    expect(queue?.depth?.ready).toBe(1n);
  });

  test("D083 the id of a task that was removed is remembered with its content", async () => {
    const { tasks, admin } = server.caller(way);
    const task = { id: id("gone"), name: "a", options: { resultRetention: {} } };
    await tasks.enqueueTask(task);
    await admin.cancelTask({ taskId: task.id });
    // What the pruner does every ten seconds.
    const { endTime } = (await tasks.getTask({ taskId: task.id })).task ?? {};
    await server.store.prune(instantOf(Number(endTime?.seconds) * 1000 + 1000), 1000);
    await server.refuses(refused(Code.NotFound, "TASK_UNKNOWN"), [task.id], (taskId) =>
      tasks.getTask({ taskId }),
    );
    expect(await tasks.enqueueTask(task)).toMatchObject({ taskId: task.id, deduplicated: true });
    await server.refuses(refused(Code.AlreadyExists, "TASK_EXISTS"), ["b"], (name) =>
      tasks.enqueueTask({ ...task, name }),
    );
  });

  test("D088 too many headers, and keys that are too long, empty, upper-case or reserved, are refused", async () => {
    const { tasks } = server.caller(way);
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`h${n}`, "1"]));
    await server.refuses(invalid("headers"), [many], (headers) => tasks.enqueueTask({ name: "a", headers }));
    const reserved = ["stem-a", "grpc-timeout", "x-forwarded-for"];
    const keys = ["a".repeat(129), "Upper", ":path", "", "a b", "é", "-a", "a\n", ...reserved];
    for (const key of keys) {
      const headers = { [key]: "1" };
      await server.refuses(invalid(`headers[${JSON.stringify(key)}]`), [headers], (bad) =>
        tasks.enqueueTask({ name: "a", headers: bad }),
      );
      await server.refuses(invalid(`tasks[1].headers[${JSON.stringify(key)}]`), [headers], (bad) =>
        tasks.enqueueTasks({ atomic: true, tasks: [{ name: "a" }, { name: "a", headers: bad }] }),
      );
    }
    const most = Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`h${n}`.padEnd(128, "x"), "1"]));
    expect((await tasks.enqueueTask({ name: "a", headers: most })).taskId).not.toBe("");
  });

  test("D089 header values that are too long, alone or together, or have line breaks, are refused", async () => {
    const { tasks } = server.caller(way);
    const values = ["x".repeat(4097), "é".repeat(2049), "a\r\nb", "\n", "\r", "\u0000"];
    await server.refuses(invalid('headers["a"]'), values, (value) =>
      tasks.enqueueTask({ name: "a", headers: { a: value } }),
    );
    const headersOf = (count: number, bytes: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`h${n}`, "x".repeat(bytes)]));
    await server.refuses(invalid("headers"), [headersOf(9, 3755)], (headers) =>
      tasks.enqueueTask({ name: "a", headers }),
    );
    expect((await tasks.enqueueTask({ name: "a", headers: headersOf(8, 4094) })).taskId).not.toBe("");
  });

  test("D085 a unique key that a live task holds is refused where that was asked for, else answered with its holder", async () => {
    const { tasks } = server.caller(way);
    const key = id("unique");
    const by = { case: "key" as const, value: key };
    const holder = id("holder");
    await tasks.enqueueTask({ id: holder, name: "a", options: { unique: { by } } });
    const reject = { by, onConflict: UniqueConflict.REJECT };
    const again = (extra: object) => tasks.enqueueTask({ name: "a", options: { unique: extra } });
    await server.refuses(refused(Code.AlreadyExists, "UNIQUE_TAKEN"), [reject], again);
    const error = await failure(again(reject));
    expect(error.findDetails(ErrorInfoSchema)[0]?.metadata).toEqual({ key, holderTaskId: holder });
    expect(error.findDetails(ResourceInfoSchema)[0]?.resourceName).toBe(holder);
    expect(await again({ by })).toMatchObject({
      taskId: holder,
      deduplicated: true,
      unique: { kind: UniqueOutcomeKind.EXISTING, holderTaskId: holder },
    });
    expect((await tasks.getTask({ taskId: holder })).task?.claim).toMatchObject({ key, duplicates: 3n });
  });

  test("D086 how long a key stays unique is not negative and not a century, and nothing is nothing", async () => {
    const { tasks } = server.caller(way);
    const by = { case: "key" as const, value: id("length") };
    const enqueue = (seconds: bigint) =>
      tasks.enqueueTask({ id: id("length"), name: "a", options: { unique: { by, uniqueFor: { seconds } } } });
    await server.refuses(invalid("options.unique.unique_for"), [-1n, -3_155_760_000n], enqueue);
    await server.refuses(outOfRange("options.unique.unique_for"), [3_155_760_000n], enqueue);
    expect(await enqueue(0n)).toMatchObject({ taskId: id("length"), deduplicated: false });
  });
});
