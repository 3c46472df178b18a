import { create } from "@bufbuild/protobuf";
import {
  EnqueueTaskResponseSchema,
  GetTaskResponseSchema,
  TaskService,
} from "@stem/proto/stem/v1/task_service_pb";
import { taskIdOf } from "../../model/ids.ts";
import { type ServiceEntry, serve } from "../call.ts";
import { enqueueTasksResponse } from "../convert/enqueue-verdicts.ts";
import { tasksOf } from "../convert/plain-batch.ts";
import { taskToProto } from "../convert/task.ts";
import { uniqueOutcome } from "../convert/unique.ts";
import type { ServiceDeps } from "../service-deps.ts";
import { awaitRequestOf, awaitTasksResponses } from "./await-tasks.ts";
import { createEnqueuing } from "./enqueuing.ts";
import { listTasks } from "./list-tasks.ts";
import { streamTasks } from "./stream-tasks.ts";

/** Serves producers. */
export function createTaskService(deps: ServiceDeps): ServiceEntry {
  const { backend, limits, namespaces } = deps;
  const enqueuing = createEnqueuing(deps);
  return serve(TaskService, {
    async enqueueTask(request) {
      const { taskId, deduplicated, unique } = await enqueuing.one(request, namespaces(request.namespace));
      const outcome = unique && { unique: uniqueOutcome(unique) };
      return create(EnqueueTaskResponseSchema, { taskId, deduplicated, ...outcome });
    },
    async enqueueTasks(request) {
      const namespace = namespaces(request.namespace);
      return enqueueTasksResponse(await enqueuing.many(tasksOf(request), namespace, request.atomic));
    },
    streamTasks: (frames) => streamTasks(frames, enqueuing, namespaces),
    async getTask(request) {
      const ref = { namespace: namespaces(request.namespace), id: taskIdOf(request.taskId) };
      const { task, progress } = await backend.get(ref);
      return create(GetTaskResponseSchema, { task: taskToProto(task, { args: true, progress }) });
    },
    listTasks: (request) => listTasks(request, deps),
    awaitTasks(request, { signal }) {
      const wanted = awaitRequestOf(request, namespaces(request.namespace), limits);
      return awaitTasksResponses(backend.await(wanted, signal), limits.frameBytesMax);
    },
  });
}
