/** Waiting for tasks, as messages: what is news at the same time goes out together, as far as one frame holds it. */

import { create } from "@bufbuild/protobuf";
import {
  type AwaitTasksRequest,
  type AwaitTasksResponse,
  AwaitTasksResponseSchema,
  type TaskUpdate,
  TaskUpdateSchema,
} from "@stem/proto/stem/v1/task_service_pb";
import type { AwaitRequest, TaskNews } from "../../backend/backend.ts";
import { type Namespace, taskIdOf } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import { StemProblem } from "../../model/problem.ts";
import { progressToProto, taskToProto } from "../convert/task.ts";
import { watchTimeoutMs } from "../convert/watch-timeout.ts";
import { problemToStatus } from "../problem-table.ts";

/** A request as the backend understands it. */
export function awaitRequestOf(
  { tasks, timeout }: AwaitTasksRequest,
  namespace: Namespace,
  limits: Limits,
): AwaitRequest {
  const itemsMax = limits.awaitedTasksMax;
  if (tasks.length > itemsMax)
    throw new StemProblem({ reason: "BATCH_TOO_LARGE", field: "tasks", items: tasks.length, itemsMax });
  return {
    namespace,
    tasks: tasks.map((task) => ({ id: taskIdOf(task.taskId), seenRevision: Number(task.seenRevision) })),
    timeoutMs: watchTimeoutMs(timeout, limits),
  };
}

/** News as messages, each within a frame's bound. */
export async function* awaitTasksResponses(
  batches: AsyncIterable<readonly TaskNews[]>,
  frameBytesMax: number,
): AsyncIterable<AwaitTasksResponse> {
  for await (const batch of batches) {
    let updates: TaskUpdate[] = [];
    let bytes = 0;
    for (const news of batch) {
      const newsBytes = bytesOf(news);
      if (updates.length > 0 && bytes + newsBytes > frameBytesMax) {
        yield create(AwaitTasksResponseSchema, { updates });
        updates = [];
        bytes = 0;
      }
      updates.push(updateOf(news));
      bytes += newsBytes;
    }
    if (updates.length > 0) yield create(AwaitTasksResponseSchema, { updates });
  }
}

function updateOf(news: TaskNews): TaskUpdate {
  switch (news.kind) {
    case "task": {
      const { task, progress } = news;
      const value = taskToProto(task, { args: false, progress });
      return create(TaskUpdateSchema, { taskId: task.id, update: { case: "task", value } });
    }
    case "progress":
      return create(TaskUpdateSchema, {
        taskId: news.taskId,
        update: { case: "progress", value: progressToProto(news.progress) },
      });
    case "unknown": {
      const value = problemToStatus({ reason: "TASK_UNKNOWN", taskId: news.taskId });
      return create(TaskUpdateSchema, { taskId: news.taskId, update: { case: "error", value } });
    }
  }
}

/** More than a task's names, reasons, tags and times take when encoded. */
const headBytesMax = 5000;

/** An upper bound of what a piece of news takes in a message. */
function bytesOf(news: TaskNews): number {
  const progress = news.kind === "unknown" ? undefined : news.progress;
  const progressBytes = (progress?.data?.length ?? 0) + (progress ? progress.message.length * 3 : 0);
  if (news.kind !== "task") return progressBytes + headBytesMax;
  const { content, result, failure } = news.task;
  return headBytesMax + progressBytes + content.length + (result?.length ?? 0) + (failure?.length ?? 0);
}
