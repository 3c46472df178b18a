import type { MessageInitShape } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import {
  type StreamTasksRequestSchema,
  TaskService,
  UniqueOutcomeKind,
} from "@stem/proto/stem/v1/task_service_pb";
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
