import { create } from "@bufbuild/protobuf";
import { PurgeQueueRequestSchema } from "@stem/proto/stem/v1/queue_service_pb";
import { NewTaskSchema, TaskOptionsSchema } from "@stem/proto/stem/v1/task_pb";
import {
  AwaitTasksRequestSchema,
  ListTasksRequestSchema,
  type TaskView,
} from "@stem/proto/stem/v1/task_service_pb";
import type { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { ConnectRequestSchema, LeaseTasksRequestSchema } from "@stem/proto/stem/v1/worker_service_pb";
import { expect, test } from "vitest";
import { fieldText } from "./field-text.ts";
import { violationsOf } from "./violations.ts";

test("a valid message has none", () => {
  expect(violationsOf(ListTasksRequestSchema, create(ListTasksRequestSchema), "")).toEqual([]);
});

test("every broken rule is named by its field, in words that help", () => {
  const request = create(ListTasksRequestSchema, {
    ...{ namespace: "A", queue: "a b", name: "", tag: "é", pageSize: -1 },
    ...{ states: [0, 99 as TaskState], view: 77 as TaskView },
  });
  expect(violationsOf(ListTasksRequestSchema, request, "")).toEqual([
    { field: "namespace", description: fieldText.namespace },
    { field: "states[0]", description: "must not be unspecified" },
    { field: "states[1]", description: "must be one of the values that the schema names" },
    { field: "queue", description: fieldText.queue },
    { field: "name", description: fieldText.taskName },
    { field: "tag", description: fieldText.taskId },
    { field: "page_size", description: "must be greater than or equal to 0" },
    { field: "view", description: "must be one of the values that the schema names" },
  ]);
});

test("paths reach into lists, and begin with the prefix", () => {
  const request = create(AwaitTasksRequestSchema, { tasks: [{ taskId: "a" }, { taskId: "" }] });
  expect(violationsOf(AwaitTasksRequestSchema, request, "request.")).toEqual([
    { field: "request.tasks[1].task_id", description: fieldText.taskId },
  ]);
});

test("other rules speak for themselves", () => {
  const lease = create(LeaseTasksRequestSchema, { queues: ["a", "a"], maxTasks: 2000, worker: "a b" });
  expect(violationsOf(LeaseTasksRequestSchema, lease, "").map(({ description }) => description)).toEqual([
    "must not contain the same item twice",
    "must be greater than or equal to 0 and less than or equal to 1000",
    fieldText.workerName,
  ]);
  const purge = create(PurgeQueueRequestSchema, {
    queue: "q",
    confirmation: { case: "anyCount", value: false },
  });
  expect(violationsOf(PurgeQueueRequestSchema, purge, "")).toEqual([
    { field: "any_count", description: "must be true, or left out" },
  ]);
});

test("no pattern of the schema is left without a sentence", () => {
  const task = create(NewTaskSchema, { id: "", name: "", queue: "", headers: { A: "\r" }, tags: [""] });
  const hello = create(ConnectRequestSchema, {
    frame: { case: "hello", value: { worker: "", queues: [{}], capabilities: [""], labels: { "": " " } } },
  });
  const all = [...violationsOf(NewTaskSchema, task, ""), ...violationsOf(ConnectRequestSchema, hello, "")];
  expect(all.length).toBeGreaterThan(8);
  expect(all.filter(({ description }) => description.includes("regex"))).toEqual([]);
});

test("messages that contain themselves are checked all the way down, whichever was met first", () => {
  // Options have links, which have tasks, which have options.
  expect(violationsOf(TaskOptionsSchema, create(TaskOptionsSchema), "")).toEqual([]);
  const wrong = { name: "a b", options: { priority: -1 } };
  const task = create(NewTaskSchema, { ...wrong, options: { ...wrong.options, link: [{ task: wrong }] } });
  expect(violationsOf(NewTaskSchema, task, "").map(({ field }) => field)).toEqual([
    "name",
    "options.priority",
    "options.link[0].task.name",
    "options.link[0].task.options.priority",
  ]);
});
