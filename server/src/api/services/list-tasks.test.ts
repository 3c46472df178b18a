import { create, fromBinary } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { ListTasksRequestSchema, ListTasksResponseSchema } from "@stem/proto/stem/v1/task_service_pb";
import { expect, test } from "vitest";
import { newTask } from "../../../../test/support/new-task.ts";
import type { Backend } from "../../backend/backend.ts";
import { instantOf } from "../../model/ids.ts";
import { type Limits, limits } from "../../model/limits.ts";
import type { Task } from "../../model/task.ts";
import type { TaskQuery } from "../../ports/task-store.ts";
import { createNamespaces } from "../convert/namespace.ts";
import { createPageTokens } from "../convert/page-token.ts";
import { listTasks } from "./list-tasks.ts";

const waiting = (n: number): Task => ({
  ...newTask(`t${n}`, { content: new Uint8Array(), tags: ["x".repeat(100)] }),
  ...{ state: "ready", reason: undefined, revision: 1, attempt: 1, deliveries: 0, fence: undefined },
  ...{ worker: undefined, createdAt: instantOf(n), startedAt: undefined, leaseUntil: undefined },
  ...{ endedAt: undefined, purgeAt: undefined, cancel: undefined, result: undefined, failure: undefined },
  gate: undefined,
});

/** A backend with `count` tasks whose cursor is the number of the last one shown. */
function listing(count: number, bounds: Partial<Limits> = {}) {
  const asked: TaskQuery[] = [];
  const list: Backend["list"] = async (query) => {
    asked.push(query);
    const from = query.after ?? 0;
    const tasks = Array.from({ length: Math.min(query.limit, count - from) }, (_, n) => waiting(from + n));
    const end = from + tasks.length;
    return { tasks, cursor: end < count ? end : undefined };
  };
  const deps = {
    backend: { list } as Backend,
    limits: { ...limits, ...bounds },
    namespaces: createNamespaces({ stateOf: () => "active" }),
    pageTokens: createPageTokens(new Uint8Array(32)),
  };
  const page = async (pageToken = "") => {
    const request = create(ListTasksRequestSchema, { pageSize: 100, pageToken });
    return fromBinary(ListTasksResponseSchema, (await listTasks(request, deps)).bytes);
  };
  return { asked, page, deps };
}

test("a page that would be too large is cut, and the next one goes on where it ends", async () => {
  const { asked, page } = listing(100, { frameBytesMax: 5000 });
  const seen: string[] = [];
  let token = "";
  do {
    const { tasks, nextPageToken } = await page(token);
    seen.push(...tasks.map(({ id }) => id));
    token = nextPageToken;
  } while (token !== "");
  expect(seen).toEqual(Array.from({ length: 100 }, (_, n) => `t${n}`));
  expect(asked.slice(0, 3).map(({ limit }) => limit)).toEqual([100, 50, 25]);
});

test("a single task is shown however large it is", async () => {
  const { page } = listing(2, { frameBytesMax: 10 });
  expect((await page()).tasks).toHaveLength(1);
});

test("times are checked, and asked for without loss", async () => {
  const { asked, deps } = listing(1);
  const ask = (seconds: bigint, nanos: number) =>
    listTasks(
      create(ListTasksRequestSchema, { createTimeFrom: create(TimestampSchema, { seconds, nanos }) }),
      deps,
    );
  await ask(5n, 1_500_000);
  expect(asked[0]?.createdFrom).toBe(5002);
  await expect(ask(0n, -1)).rejects.toThrow("FIELD_INVALID");
  await expect(ask(1_000_000_000_000n, 0)).rejects.toThrow("FIELD_INVALID");
});
