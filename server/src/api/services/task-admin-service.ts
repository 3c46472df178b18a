import { create } from "@bufbuild/protobuf";
import {
  CancelOutcome,
  CancelTaskResponseSchema,
  DeleteTaskResponseSchema,
  MoveTaskResponseSchema,
  ReplayTaskResponseSchema,
  RevokeTasksResponseSchema,
  RunTaskNowResponseSchema,
  TaskAdminService,
  UpdateTaskResponseSchema,
} from "@stem/proto/stem/v1/task_admin_service_pb";
import type { Task as TaskMessage } from "@stem/proto/stem/v1/task_pb";
import { noWish, type RevokedId, type TaskAt } from "../../broker/broker.ts";
import { queueNameOf, type TaskRef, taskIdOf } from "../../model/ids.ts";
import type { Task } from "../../model/task.ts";
import { type ServiceEntry, serve } from "../call.ts";
import { cancelMessageOf, revocationMsOf } from "../convert/cancelling.ts";
import { purgeTimeOf, retentionToProto } from "../convert/retention.ts";
import { taskToProto } from "../convert/task.ts";
import { editWishOf } from "../convert/task-edit.ts";
import { explanationToProto } from "../convert/task-explanation.ts";
import { taskStateToProto } from "../convert/task-state.ts";
import type { ServiceDeps } from "../service-deps.ts";

const outcomes: { readonly [K in RevokedId["kind"]]: CancelOutcome } = {
  noted: CancelOutcome.REVOKED_AHEAD,
  cancelled: CancelOutcome.CANCELLED,
  requested: CancelOutcome.REQUESTED,
  already_terminal: CancelOutcome.ALREADY_TERMINAL,
};

type TaskNamed = { readonly namespace?: string | undefined; readonly taskId: string };

/** Serves operators of single tasks. */
export function createTaskAdminService({
  broker,
  clock,
  limits,
  namespaces,
}: Pick<ServiceDeps, "broker" | "clock" | "limits" | "namespaces">): ServiceEntry {
  const refOf = ({ namespace, taskId }: TaskNamed): TaskRef => ({
    namespace: namespaces(namespace),
    id: taskIdOf(taskId),
  });
  const atOf = (request: TaskNamed & { readonly expectedRevision?: bigint | undefined }): TaskAt => ({
    ref: refOf(request),
    revision: request.expectedRevision === undefined ? undefined : Number(request.expectedRevision),
  });
  return serve(TaskAdminService, {
    async cancelTask(request, { caller }) {
      const [ref, message] = [refOf(request), cancelMessageOf(request, caller)];
      const { kind, state, count, isMore } = request.withDescendants
        ? await broker.cancelFamily(ref, message)
        : { ...(await broker.cancel(ref, message)), count: 0, isMore: false };
      return create(CancelTaskResponseSchema, {
        ...{ outcome: outcomes[kind], state: taskStateToProto(state) },
        ...{ descendantsCount: BigInt(count), descendantsLeft: isMore },
      });
    },
    async revokeTasks(request, { caller }) {
      const ids = request.taskIds.map(taskIdOf);
      const how = { ...cancelMessageOf(request, caller), ttlMs: revocationMsOf(request, limits) };
      const tasks = await broker.revoke(namespaces(request.namespace), ids, how);
      return create(RevokeTasksResponseSchema, {
        tasks: tasks.map(({ kind, state }, at) => ({
          ...{ taskId: ids[at] ?? "", outcome: outcomes[kind], state: taskStateToProto(state) },
        })),
      });
    },
    async replayTask(request) {
      const newId = request.newTaskId === undefined ? undefined : taskIdOf(request.newTaskId);
      return create(ReplayTaskResponseSchema, await broker.replay(refOf(request), newId));
    },
    async updateTask(request) {
      const wish = editWishOf(request, { now: clock.now(), limits });
      return create(UpdateTaskResponseSchema, { task: show(await broker.editTask(atOf(request), wish)) });
    },
    async runTaskNow(request) {
      const wish = { ...noWish, start: clock.now() };
      return create(RunTaskNowResponseSchema, { task: show(await broker.editTask(atOf(request), wish)) });
    },
    async moveTask(request) {
      const wish = { ...noWish, queue: queueNameOf(request.queue) };
      return create(MoveTaskResponseSchema, { task: show(await broker.editTask(atOf(request), wish)) });
    },
    async explainTask(request) {
      return explanationToProto(await broker.explainTask(refOf(request)));
    },
    async deleteTask(request) {
      const state = await broker.deleteTask(atOf(request));
      return create(DeleteTaskResponseSchema, { state: taskStateToProto(state) });
    },
    async setRetention(request) {
      const purgeAt = purgeTimeOf(request, { now: clock.now(), limits });
      await broker.retain(refOf(request), purgeAt);
      return retentionToProto(purgeAt);
    },
  });
}

const show = (task: Task): TaskMessage => taskToProto(task, { args: true, progress: undefined });
