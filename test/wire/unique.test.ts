import type { MessageInitShape } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { TaskAdminService } from "@stem/proto/stem/v1/task_admin_service_pb";
import {
  type StreamTasksRequestSchema,
  TaskService,
  UniqueOutcomeKind,
} from "@stem/proto/stem/v1/task_service_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { UniqueUntil } from "@stem/proto/stem/v1/unique_pb";
import { UniqueService } from "@stem/proto/stem/v1/unique_service_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWireServer, type WireServer } from "../support/wire-server.ts";
import { wireTransports, wordOf } from "../support/wire-transports.ts";
import { invalid, refusalOf } from "./bad-input/refusal.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

describe.each(wireTransports)("over %s", (name, open) => {
  const named = (suffix: string) => `${wordOf(name)}/${suffix}`;
  const connect = () => {
    const transport = open(server.url);
    return { tasks: createClient(TaskService, transport), claims: createClient(UniqueService, transport) };
  };
  const admin = () => createClient(TaskAdminService, open(server.url));
  const uniqueBy = (key: string) => ({ unique: { by: { case: "key" as const, value: key } } });

  test("a claim is told with its task, and counts what was not made because of it", async () => {
    const { tasks, claims } = connect();
    const key = named("told");
    expect((await claims.getUniqueClaim({ key })).claim).toBeUndefined();
    const { taskId } = await tasks.enqueueTask({ name: "a", options: uniqueBy(key) });
    const { verdicts } = await tasks.enqueueTasks({
      tasks: [
        { name: "a", options: uniqueBy(key) },
        { name: "plain" },
        { name: "a", options: uniqueBy(key) },
      ],
    });
    const existing = { kind: UniqueOutcomeKind.EXISTING, holderTaskId: taskId };
    expect(verdicts).toMatchObject([
      { taskId, deduplicated: true, unique: existing },
      { deduplicated: false },
      { taskId, deduplicated: true, unique: existing },
    ]);
    expect((await claims.getUniqueClaim({ key })).claim).toMatchObject({ key, taskId, duplicates: 2n });
    expect((await tasks.getTask({ taskId })).task).toMatchObject({
      claim: { key, duplicates: 2n },
      options: { unique: { by: { case: "key", value: key } } },
    });
  });

  test("a key is held in the states that are listed, and told with the task", async () => {
    const { tasks, claims } = connect();
    const key = named("states");
    const by = { case: "key" as const, value: key };
    const { SCHEDULED, READY, LEASED, CANCELLED } = TaskState;
    const states = [SCHEDULED, READY, LEASED, CANCELLED];
    const { taskId } = await tasks.enqueueTask({ name: "a", options: { unique: { by, states } } });
    await admin().cancelTask({ taskId });
    const { claim } = await claims.getUniqueClaim({ key });
    expect([claim?.taskId, claim?.freeTime]).toEqual([taskId, undefined]);
    const again = { name: "a", options: { unique: { by, states: [SCHEDULED, READY, LEASED] } } };
    expect(await tasks.enqueueTask(again)).toMatchObject({ taskId, deduplicated: true });
    expect((await tasks.getTask({ taskId })).task?.options?.unique).toMatchObject({ states });
    await admin().deleteTask({ taskId });
    expect((await claims.getUniqueClaim({ key })).claim).toBeUndefined();
    const next = await tasks.enqueueTask(again);
    await admin().cancelTask({ taskId: next.taskId });
    expect((await claims.getUniqueClaim({ key })).claim, "after other ends it is free").toBeUndefined();
  });

  test("a list of states with a gap, or that contradicts what else is said, is refused and names what is missing", async () => {
    const { tasks } = connect();
    const by = { case: "key" as const, value: named("gap") };
    const { SCHEDULED, READY, LEASED, SUCCEEDED } = TaskState;
    const refusalOfStates = (states: TaskState[], more: object = {}) =>
      refusalOf(tasks.enqueueTask({ name: "a", options: { unique: { by, states, ...more } } }));
    for (const [missing, states] of [
      ["SCHEDULED", [READY, LEASED]],
      ["READY", [SCHEDULED, LEASED]],
      ["LEASED", [SCHEDULED, READY, SUCCEEDED]],
    ] as const) {
      const found = await refusalOfStates([...states]);
      expect(found).toMatchObject(invalid("options.unique"));
      expect(found.text).toContain(`states must have TASK_STATE_${missing}`);
    }
    const whole = [SCHEDULED, READY, LEASED];
    for (const more of [{ until: UniqueUntil.STARTED }, { uniqueFor: { seconds: 1n } }])
      expect(await refusalOfStates(whole, more)).toMatchObject(invalid("options.unique"));
    expect(await refusalOfStates([...whole, 99 as TaskState])).toMatchObject(
      invalid("options.unique.states[3]"),
    );
    expect(await refusalOfStates([...whole, READY])).toMatchObject(invalid("options.unique.states"));
  });

  test("claims are listed by key, page by page", async () => {
    const { tasks, claims } = connect();
    const wanted = ["p1", "p2", "p3"].map(named);
    for (const key of wanted) await tasks.enqueueTask({ name: "a", options: uniqueBy(key) });
    const seen: string[] = [];
    let pageToken = "";
    do {
      const page = await claims.listUniqueClaims({ pageSize: 2, pageToken });
      expect(page.claims.length).toBeLessThanOrEqual(2);
      seen.push(...page.claims.map(({ key }) => key));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(seen.filter((key) => wanted.includes(key))).toEqual(wanted);
    expect(seen).toEqual([...seen].sort());
    expect(await refusalOf(claims.getUniqueClaim({ key: "a b" }))).toMatchObject(invalid("key"));
    expect(await refusalOf(claims.listUniqueClaims({ pageToken: "AAAA" }))).toMatchObject(
      invalid("page_token"),
    );
  });
});

test("a frame that asks for exceptions hears of tasks whose key another had, and of those that replaced one", async () => {
  const [, open] = wireTransports[0] ?? [];
  const tasks = createClient(TaskService, open?.(server.url) as never);
  const by = { case: "key" as const, value: "frames" };
  async function* frames(): AsyncGenerator<MessageInitShape<typeof StreamTasksRequestSchema>> {
    yield {
      frameSeq: 1n,
      exceptionsOnly: true,
      tasks: [
        { id: "frame-1", name: "a", options: { unique: { by } } },
        { id: "frame-2", name: "a" },
        { id: "frame-3", name: "a", options: { unique: { by } } },
        { id: "frame-4", name: "a", options: { unique: { by, onConflict: 3 } } },
      ],
    };
  }
  const [answer] = await Array.fromAsync(tasks.streamTasks(frames()));
  expect(answer?.exceptions).toMatchObject([
    { index: 2, verdict: { taskId: "frame-1", deduplicated: true, unique: { holderTaskId: "frame-1" } } },
    {
      index: 3,
      verdict: {
        taskId: "frame-4",
        deduplicated: false,
        unique: { kind: UniqueOutcomeKind.REPLACED, holderTaskId: "frame-1" },
      },
    },
  ]);
});
