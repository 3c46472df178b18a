import { create } from "@bufbuild/protobuf";
import { AwaitTasksRequestSchema, ListTasksRequestSchema } from "@stem/proto/stem/v1/task_service_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { LeaseTasksRequestSchema } from "@stem/proto/stem/v1/worker_service_pb";
import { expect, test } from "vitest";
import { overlongList } from "./overlong-list.ts";

const itemsOf = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item);

test("a list within its bound is for others to judge", () => {
  const request = create(AwaitTasksRequestSchema, { tasks: itemsOf(1000, {}) });
  expect(overlongList(AwaitTasksRequestSchema, request)).toBeUndefined();
});

test("a list beyond its bound is named, whatever its items are", () => {
  const awaiting = create(AwaitTasksRequestSchema, { tasks: itemsOf(1001, {}) });
  const description = "must contain no more than 1000 item(s)";
  expect(overlongList(AwaitTasksRequestSchema, awaiting)).toEqual({ field: "tasks", description });
  const leasing = create(LeaseTasksRequestSchema, { queues: itemsOf(1001, "") });
  expect(overlongList(LeaseTasksRequestSchema, leasing)).toEqual({ field: "queues", description });
  const listing = create(ListTasksRequestSchema, { states: itemsOf(9, TaskState.READY) });
  expect(overlongList(ListTasksRequestSchema, listing)).toMatchObject({ field: "states" });
});
