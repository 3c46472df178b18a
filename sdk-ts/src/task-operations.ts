import { durationFromMs, timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import {
  CancelOutcome,
  type RevokedTask as ProtoRevoked,
  TaskAdminService,
} from "@stem/proto/stem/v1/task_admin_service_pb";
import { TaskBatchService } from "@stem/proto/stem/v1/task_batch_service_pb";
import type { Task } from "@stem/proto/stem/v1/task_pb";
import { cancelOutcomeFromProto, cancelTask } from "./cancel-task.ts";
import { jsonCodec } from "./codec/json.ts";
import { payloadToProto } from "./codec/payload.ts";
import { explanationFromProto, type TaskExplanation } from "./explanation.ts";
import type { CancelRequest, CancelVerdict } from "./handle.ts";
import type { OperatorCalls } from "./operator-calls.ts";
import { createRevocations, type Revocations } from "./revocations.ts";
import { type BatchOptions, type BatchOutcome, type TaskFilter, throughAll } from "./task-filter.ts";
import { stateFromProto, type TaskState } from "./task-state.ts";
import { type TaskStatus, taskStatusFromProto } from "./task-status.ts";

/** What to change about a task that waits; what is left out stays. */
export type TaskChanges = {
  /** 0 (last) to 9 (first). */
  readonly priority?: number;
  readonly queue?: string;
  /** Not before this long from now; 0: at once. */
  readonly delayMs?: number;
  /** Not before this instant; the past means at once. Wins over `delayMs`. */
  readonly notBefore?: Date;
};

/** What to change about what a task says. */
export type TextChanges = {
  /** As JSON. */
  readonly args?: unknown;
  /** Added to what there is, key by key; an empty text removes. */
  readonly metadata?: Readonly<Record<string, string>>;
};

/** Until when the record of an ended task is kept: so long from now, or until then. Up to 10 years. */
export type Retention = { readonly keepForMs: number } | { readonly purgeAt: Date };

/** Guards a change. */
export type RevisionOptions = {
  /** The revision that the caller has seen; when the task has another one by now, REVISION_CONFLICT. Default: any. */
  readonly expectedRevision?: number;
};

/** What whoever cancels says. */
export type CancelOptions = {
  /** Why, at most 1 KiB; the handler can read it. */
  readonly reason?: string;
  /** Who asks, at most 255 bytes; the handler can read it. */
  readonly requester?: string;
};

/** What became of an id that was revoked; `revoked_ahead`: it has not come yet, and ends cancelled if it does in time. */
export type RevokedTask = {
  readonly id: string;
  readonly outcome: CancelVerdict["outcome"] | "revoked_ahead";
  readonly state: TaskState | undefined;
};

/** What operators do to tasks: by id, or to all that a filter finds. Everything but cancelling concerns tasks that wait. */
export interface TaskOperations extends Revocations {
  /** Changes a task that waits, its arguments too (as JSON), and its metadata. TASK_NOT_WAITING once a worker has it or it has ended. */
  update(id: string, changes: TaskChanges & TextChanges, options?: RevisionOptions): Promise<TaskStatus>;
  /** Makes a task that waits for its time ready at once. */
  runNow(id: string, options?: RevisionOptions): Promise<TaskStatus>;
  /** Moves a task that waits to another queue, which is made where it is new. */
  move(id: string, queue: string, options?: RevisionOptions): Promise<TaskStatus>;
  /** Deletes the record of a task that has ended, or waits (it is cancelled first); answers how it ended. TASK_RUNNING otherwise. */
  delete(id: string, options?: RevisionOptions): Promise<TaskState | undefined>;
  /**
   * Says anew until when the record of an ended task, and its result, are kept; answers it. From then on no bound on their number removes it.
   * TASK_NOT_ENDED.
   */
  setRetention(id: string, retention: Retention): Promise<Date>;
  /** Says why a task does not run, or that it does: every cause, out of one read. */
  explain(id: string): Promise<TaskExplanation>;
  /** Cancels a task, with its descendants where that is said, and says what really happened. Idempotent. */
  cancel(id: string, options?: CancelOptions & Pick<CancelRequest, "descendants">): Promise<CancelVerdict>;
  /** Cancels tasks by id, also such as have not been enqueued yet: those end cancelled as soon as they are. In the order of the ids. */
  revoke(
    ids: readonly string[],
    options?: CancelOptions & { readonly ttlMs?: number },
  ): Promise<readonly RevokedTask[]>;
  /** The same as `update` for all that a filter finds. */
  updateAll(filter: TaskFilter, changes: TaskChanges, options?: BatchOptions): Promise<BatchOutcome>;
  /** The same as `runNow` for all that a filter finds. */
  runAllNow(filter: TaskFilter, options?: BatchOptions): Promise<BatchOutcome>;
  /** The same as `move` for all that a filter finds. */
  moveAll(filter: TaskFilter, queue: string, options?: BatchOptions): Promise<BatchOutcome>;
  /** The same as `delete` for all that a filter finds; running ones are skipped. */
  deleteAll(filter: TaskFilter, options?: BatchOptions): Promise<BatchOutcome>;
  /** Cancels all that a filter finds, as `handle.cancel` does. */
  cancelAll(filter: TaskFilter, options?: BatchOptions & CancelOptions): Promise<BatchOutcome>;
}

/** Makes them over one connection. */
export function createTaskOperations(calls: OperatorCalls): TaskOperations {
  const admin = createClient(TaskAdminService, calls.transport);
  const { inNamespace, timed, call } = calls;
  const at = (taskId: string, { expectedRevision }: RevisionOptions = {}) => ({
    ...inNamespace,
    taskId,
    ...(expectedRevision !== undefined && { expectedRevision: BigInt(expectedRevision) }),
  });
  return {
    ...createBatchOperations(calls),
    ...createRevocations(calls),
    async update(id, { args, metadata, ...changes }, options) {
      const payload = payloadToProto(jsonCodec.encode(args));
      const request = {
        ...{ ...at(id, options), ...changesToProto(changes), ...(payload && { args: payload }) },
        ...(metadata && { metadata: { ...metadata } }),
      };
      return statusOf(await call(() => admin.updateTask(request, timed)));
    },
    runNow: async (id, options) => statusOf(await call(() => admin.runTaskNow(at(id, options), timed))),
    move: async (id, queue, options) =>
      statusOf(await call(() => admin.moveTask({ ...at(id, options), queue }, timed))),
    async setRetention(taskId, retention) {
      const request = { ...inNamespace, taskId, until: untilOf(retention) };
      const { purgeTime } = await call(() => admin.setRetention(request, timed));
      if (purgeTime === undefined) throw new Error("the server answered without the time");
      return timestampDate(purgeTime);
    },
    explain: async (id) => explanationFromProto(await call(() => admin.explainTask(at(id), timed))),
    cancel: (taskId, { reason = "", requester = "", descendants = false } = {}) =>
      cancelTask({ ...inNamespace, taskId, reason, requester, withDescendants: descendants }, (request) =>
        call(() => admin.cancelTask(request, timed)),
      ),
    async revoke(ids, { reason = "", requester = "", ttlMs } = {}) {
      const ttl = ttlMs === undefined ? {} : { ttl: durationFromMs(ttlMs) };
      const request = { ...inNamespace, taskIds: [...ids], reason, requester, ...ttl };
      return (await call(() => admin.revokeTasks(request, timed))).tasks.map(revokedFromProto);
    },
    delete: async (id, options) =>
      stateFromProto((await call(() => admin.deleteTask(at(id, options), timed))).state),
  };
}

const untilOf = (retention: Retention) =>
  "keepForMs" in retention
    ? { case: "keepFor" as const, value: durationFromMs(retention.keepForMs) }
    : { case: "purgeTime" as const, value: timestampFromDate(retention.purgeAt) };

const revokedFromProto = ({ taskId, outcome, state }: ProtoRevoked): RevokedTask => ({
  id: taskId,
  outcome: outcome === CancelOutcome.REVOKED_AHEAD ? "revoked_ahead" : cancelOutcomeFromProto(outcome),
  state: stateFromProto(state),
});

type BatchOperations = Pick<
  TaskOperations,
  "updateAll" | "runAllNow" | "moveAll" | "deleteAll" | "cancelAll"
>;

function createBatchOperations({ transport, inNamespace, timed, call }: OperatorCalls): BatchOperations {
  const batches = createClient(TaskBatchService, transport);
  return {
    updateAll: (filter, changes, options = {}) =>
      throughAll(filter, options, (batch) =>
        call(() => batches.updateTasks({ ...inNamespace, batch, ...changesToProto(changes) }, timed)),
      ),
    runAllNow: (filter, options = {}) =>
      throughAll(filter, options, (batch) =>
        call(() => batches.runTasksNow({ ...inNamespace, batch }, timed)),
      ),
    moveAll: (filter, queue, options = {}) =>
      throughAll(filter, options, (batch) =>
        call(() => batches.moveTasks({ ...inNamespace, batch, queue }, timed)),
      ),
    deleteAll: (filter, options = {}) =>
      throughAll(filter, options, (batch) =>
        call(() => batches.deleteTasks({ ...inNamespace, batch }, timed)),
      ),
    cancelAll: (filter, { reason = "", requester = "", ...options } = {}) =>
      throughAll(filter, options, (batch) =>
        call(() => batches.cancelTasks({ ...inNamespace, batch, reason, requester }, timed)),
      ),
  };
}

const changesToProto = ({ priority, queue, delayMs, notBefore }: TaskChanges) => ({
  ...(priority !== undefined && { priority }),
  ...(queue !== undefined && { queue }),
  ...(delayMs !== undefined && { start: { case: "delay" as const, value: durationFromMs(delayMs) } }),
  ...(notBefore && { start: { case: "notBeforeTime" as const, value: timestampFromDate(notBefore) } }),
});

function statusOf({ task }: { readonly task?: Task | undefined }): TaskStatus {
  if (task === undefined) throw new Error("the server answered without the task");
  return taskStatusFromProto(task, jsonCodec);
}
