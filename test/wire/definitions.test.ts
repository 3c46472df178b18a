import { createClient } from "@connectrpc/connect";
import { TaskDefinitionService } from "@stem/proto/stem/v1/task_definition_service_pb";
import { TaskService } from "@stem/proto/stem/v1/task_service_pb";
import { defineTask } from "@stem/sdk";
import { createWorker, implement, type WorkerOptions } from "@stem/worker";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { failure, wireTransports, wordOf } from "../support/wire-transports.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

/** A worker that runs for the rest of the test. */
async function work(tasks: WorkerOptions["tasks"], name = "w1"): Promise<void> {
  const { url, log } = server;
  const worker = createWorker({ url, name, tasks, log, graceMs: 0, handleSignals: false });
  onTestFinished(() => worker.stop());
  await worker.start();
}

describe.each(wireTransports)("over %s", (transport, open) => {
  const prefix = wordOf(transport);
  const connect = () => ({
    definitions: createClient(TaskDefinitionService, open(server.url)),
    tasks: createClient(TaskService, open(server.url)),
  });

  test("what a worker announces is listed, read and deleted", async () => {
    const { definitions } = connect();
    const names = ["one", "two", "three"].map((name) => `${prefix}.list.${name}`);
    const rest = { description: "Does it.", tags: ["a"], idempotent: true, version: 2, argsJsonSchema: {} };
    await work(names.map((name) => implement(defineTask({ name, ...rest }), () => undefined)));
    const { definition } = await definitions.getTaskDefinition({ name: names[0] ?? "" });
    expect(definition?.rival).toBeUndefined();
    expect(definition?.current).toMatchObject({
      worker: "w1",
      definition: {
        ...{ name: names[0], description: "Does it.", tags: ["a"], idempotent: true },
        ...{ version: 2n, argsSchema: "{}" },
      },
    });
    const seen: (string | undefined)[] = [];
    let pageToken = "";
    do {
      const page = await definitions.listTaskDefinitions({ pageSize: 1, pageToken });
      seen.push(...page.definitions.map(({ current }) => current?.definition?.name));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(seen.filter((name) => name?.startsWith(`${prefix}.list`))).toEqual([...names].sort());
    await definitions.deleteTaskDefinition({ name: names[1] ?? "" });
    for (const call of [definitions.getTaskDefinition, definitions.deleteTaskDefinition])
      expect((await failure(call({ name: names[1] ?? "" }))).message).toContain(
        "there is no task definition",
      );
  });

  test("a producer in any language gets what the worker declared", async () => {
    const { tasks } = connect();
    const name = `${prefix}.declared`;
    const options = { queue: `${prefix}.declared`, priority: 0, maxAttempts: 1, timeLimitMs: 30 };
    const stuck = implement(
      defineTask<[], string>({ name, options }),
      (ctx) =>
        new Promise((_, reject) => ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason))),
    );
    await work([stuck]);
    await tasks.enqueueTask({ id: name, name });
    const answers = tasks.awaitTasks({ tasks: [{ taskId: name }], timeout: { seconds: 10n } });
    let last: unknown;
    for await (const answer of answers) last = answer;
    expect(last).toBeDefined();
    const { task } = await tasks.getTask({ taskId: name });
    expect(task).toMatchObject({ queue: options.queue, failure: { type: "TimeLimitExceeded" }, attempt: 1 });
    expect(task?.options, "what its producer said").toBeUndefined();
  });

  test("tasks of a name are unique by their arguments where its worker says so, whoever enqueues them", async () => {
    const { tasks } = connect();
    const name = `${prefix}.unique`;
    const options = { queue: `${prefix}.elsewhere`, unique: { argPaths: ["/0"] } };
    await work([implement(defineTask<[n: number, m: number], void>({ name, options }), () => undefined)]);
    const task = (id: string, value: string) => ({
      id: `${name}-${id}`,
      name,
      args: { data: { case: "json" as const, value } },
    });
    const { verdicts } = await tasks.enqueueTasks({
      tasks: [
        task("a", "[1, 1]"),
        task("b", "[2, 1]"),
        task("c", "[1,2]"),
        { ...task("d", "[1]"), options: { priority: 1 } },
      ],
    });
    const ids = verdicts.map(({ taskId }) => taskId.slice(name.length + 1));
    expect([ids, verdicts.map(({ deduplicated }) => deduplicated)]).toEqual([
      ["a", "b", "a", "a"],
      [false, false, true, true],
    ]);
    const none = { by: { case: "none" as const, value: true } };
    const own = await tasks.enqueueTask({ ...task("e", "[1]"), options: { unique: none } });
    expect(own.deduplicated).toBe(false);
  });

  test("names and pages that cannot be are refused", async () => {
    const { definitions } = connect();
    expect((await failure(definitions.getTaskDefinition({ name: "two words" }))).message).toContain("name");
    expect((await failure(definitions.listTaskDefinitions({ pageSize: -1 }))).message).toContain("page_size");
    expect((await failure(definitions.listTaskDefinitions({ pageToken: "x" }))).message).toContain(
      "page_token",
    );
    expect((await failure(definitions.listTaskDefinitions({ namespace: "none" }))).message).toContain(
      "namespace",
    );
  });
});
