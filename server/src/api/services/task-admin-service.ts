import { create } from "@bufbuild/protobuf";
import {
  CancelOutcome,
  CancelTaskResponseSchema,
  ReplayTaskResponseSchema,
  TaskAdminService,
} from "@stem/proto/stem/v1/task_admin_service_pb";
import type { CancelVerdict } from "../../broker/broker.ts";
import { type TaskRef, taskIdOf } from "../../model/ids.ts";
import { type ServiceEntry, serve } from "../call.ts";
import { taskStateToProto } from "../convert/task-state.ts";
import type { ServiceDeps } from "../service-deps.ts";

const outcomes: { readonly [K in CancelVerdict["kind"]]: CancelOutcome } = {
  cancelled: CancelOutcome.CANCELLED,
  requested: CancelOutcome.REQUESTED,
  already_terminal: CancelOutcome.ALREADY_TERMINAL,
};

/** Serves operators of single tasks. */
export function createTaskAdminService({
  broker,
  namespaces,
}: Pick<ServiceDeps, "broker" | "namespaces">): ServiceEntry {
  const refOf = (request: { readonly namespace?: string | undefined; readonly taskId: string }): TaskRef => ({
    namespace: namespaces(request.namespace),
    id: taskIdOf(request.taskId),
  });
  return serve(TaskAdminService, {
    async cancelTask(request) {
      const { kind, state } = await broker.cancel(refOf(request), request.reason);
      return create(CancelTaskResponseSchema, { outcome: outcomes[kind], state: taskStateToProto(state) });
    },
    async replayTask(request) {
      const newId = request.newTaskId === undefined ? undefined : taskIdOf(request.newTaskId);
      return create(ReplayTaskResponseSchema, await broker.replay(refOf(request), newId));
    },
  });
}
