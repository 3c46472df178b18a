import { create, type DescMessage } from "@bufbuild/protobuf";
import {
  CancelTasksRequestSchema,
  CancelTasksResponseSchema,
  DeleteTasksRequestSchema,
  DeleteTasksResponseSchema,
  MoveTasksRequestSchema,
  MoveTasksResponseSchema,
  RunTasksNowRequestSchema,
  RunTasksNowResponseSchema,
  TaskBatchService,
  UpdateTasksRequestSchema,
  UpdateTasksResponseSchema,
} from "@stem/proto/stem/v1/task_batch_service_pb";
import { noWish } from "../../broker/broker.ts";
import { queueNameOf } from "../../model/ids.ts";
import { type ServiceEntry, serve } from "../call.ts";
import { cancelMessageOf } from "../convert/cancelling.ts";
import { batchEditOf } from "../convert/task-edit.ts";
import { type BatchCall, type BatchRequest, batchCallOf } from "../convert/task-filter.ts";
import type { ServiceDeps } from "../service-deps.ts";

type BatchServiceDeps = Pick<ServiceDeps, "broker" | "clock" | "limits" | "namespaces" | "pageTokens">;

/** Serves operators of many tasks. */
export function createTaskBatchService(deps: BatchServiceDeps): ServiceEntry {
  const { broker, clock, limits, namespaces } = deps;
  const callOf = (
    schema: DescMessage,
    request: BatchRequest & { readonly namespace?: string | undefined },
  ): BatchCall => batchCallOf(schema, request, { ...deps, namespace: namespaces(request.namespace) });
  return serve(TaskBatchService, {
    async updateTasks(request) {
      const { batch, answer } = callOf(UpdateTasksRequestSchema, request);
      const edit = batchEditOf(request, { now: clock.now(), limits });
      return create(UpdateTasksResponseSchema, { outcome: answer(await broker.editTasks(batch, edit)) });
    },
    async runTasksNow(request) {
      const { batch, answer } = callOf(RunTasksNowRequestSchema, request);
      const outcome = await broker.editTasks(batch, { ...noWish, start: clock.now() });
      return create(RunTasksNowResponseSchema, { outcome: answer(outcome) });
    },
    async moveTasks(request) {
      const { batch, answer } = callOf(MoveTasksRequestSchema, request);
      const outcome = await broker.editTasks(batch, { ...noWish, queue: queueNameOf(request.queue) });
      return create(MoveTasksResponseSchema, { outcome: answer(outcome) });
    },
    async deleteTasks(request) {
      const { batch, answer } = callOf(DeleteTasksRequestSchema, request);
      return create(DeleteTasksResponseSchema, { outcome: answer(await broker.deleteTasks(batch)) });
    },
    async cancelTasks(request, { caller }) {
      const { batch, answer } = callOf(CancelTasksRequestSchema, request);
      const outcome = await broker.cancelTasks(batch, cancelMessageOf(request, caller));
      return create(CancelTasksResponseSchema, { outcome: answer(outcome) });
    },
  });
}
