/** Why a task does not run, on the wire. */

import { create } from "@bufbuild/protobuf";
import {
  type ExplainTaskResponse,
  ExplainTaskResponseSchema,
} from "@stem/proto/stem/v1/task_admin_service_pb";
import {
  LeaseFactsSchema,
  LimitFactsSchema,
  LineFactsSchema,
  OrderFactsSchema,
  type TaskCause,
  TaskCauseKind,
  TaskCauseSchema,
  WorkerFactsSchema,
} from "@stem/proto/stem/v1/task_explanation_pb";
import type { Explained } from "../../broker/broker.ts";
import { causeText } from "../../model/cause-text.ts";
import type { Cause, CauseKind } from "../../model/explain.ts";
import type { Instant } from "../../model/ids.ts";
import { limitToProto } from "./limit.ts";
import { pauseToProto } from "./queue.ts";
import { cancelToProto } from "./task.ts";
import { stateReasonToProto, taskStateToProto } from "./task-state.ts";
import { timestampFromInstant } from "./time.ts";

const kinds = {
  ended: TaskCauseKind.ENDED,
  running: TaskCauseKind.RUNNING,
  cancel_requested: TaskCauseKind.CANCEL_REQUESTED,
  scheduled: TaskCauseKind.SCHEDULED,
  namespace_stopped: TaskCauseKind.NAMESPACE_STOPPED,
  queue_deleting: TaskCauseKind.QUEUE_DELETING,
  queue_paused: TaskCauseKind.QUEUE_PAUSED,
  order: TaskCauseKind.ORDER,
  limit_paused: TaskCauseKind.LIMIT_PAUSED,
  limit_stopped: TaskCauseKind.LIMIT_STOPPED,
  concurrency_reached: TaskCauseKind.CONCURRENCY_REACHED,
  rate_reached: TaskCauseKind.RATE_REACHED,
  others_first: TaskCauseKind.OTHERS_FIRST,
  draining: TaskCauseKind.DRAINING,
  no_worker: TaskCauseKind.NO_WORKER,
  labels_missing: TaskCauseKind.LABELS_MISSING,
  name_unknown: TaskCauseKind.NAME_UNKNOWN,
  workers_busy: TaskCauseKind.WORKERS_BUSY,
  in_line: TaskCauseKind.IN_LINE,
} as const satisfies Record<CauseKind, TaskCauseKind>;

/** An explanation as callers see it. */
export const explanationToProto = ({ head, causes, isStartable }: Explained): ExplainTaskResponse =>
  create(ExplainTaskResponseSchema, {
    taskId: head.id,
    state: taskStateToProto(head.state),
    stateReason: stateReasonToProto(head.reason),
    revision: BigInt(head.revision),
    queue: head.queue,
    causes: causes.map(causeToProto),
    startable: isStartable,
  });

/** Causes alone. */
export const causesToProto = ({ causes }: Explained): TaskCause[] => causes.map(causeToProto);

function causeToProto(cause: Cause): TaskCause {
  const until = untilOf(cause);
  return create(TaskCauseSchema, {
    ...{ kind: kinds[cause.kind], text: causeText(cause), facts: factsOf(cause) },
    ...(until !== undefined && { untilTime: timestampFromInstant(until) }),
  });
}

function untilOf(cause: Cause): Instant | undefined {
  if ("pause" in cause) return cause.pause.resumeAt;
  return "until" in cause ? cause.until : undefined;
}

function factsOf(cause: Cause): TaskCause["facts"] {
  switch (cause.kind) {
    case "running":
      return {
        case: "lease",
        value: create(LeaseFactsSchema, { worker: cause.worker, attempt: cause.attempt }),
      };
    case "cancel_requested":
      return { case: "cancel", value: cancelToProto(cause.cancel) };
    case "queue_paused":
      return { case: "pause", value: pauseToProto(cause.pause) };
    case "order":
      return { case: "order", value: orderFacts(cause) };
    case "in_line":
      return { case: "line", value: lineFacts(cause) };
    case "limit_paused":
    case "limit_stopped":
    case "concurrency_reached":
    case "rate_reached":
    case "others_first":
      return { case: "limit", value: limitFacts(cause) };
    case "labels_missing":
      return {
        case: "workers",
        value: create(WorkerFactsSchema, { count: cause.workers, requiredLabels: cause.labels }),
      };
    case "name_unknown":
    case "workers_busy":
      return { case: "workers", value: create(WorkerFactsSchema, { count: cause.workers }) };
    default:
      return { case: undefined };
  }
}

type Of<K extends CauseKind> = Extract<Cause, { readonly kind: K }>;

const orderFacts = ({ orderingKey, first, firstState }: Of<"order">) =>
  create(OrderFactsSchema, { orderingKey, firstTaskId: first, firstState: taskStateToProto(firstState) });

const lineFacts = ({ ahead, isMore, fairnessKey = "" }: Of<"in_line">) =>
  create(LineFactsSchema, { ahead: BigInt(ahead), more: isMore, fairnessKey });

const limitFacts = ({ limit, leased, room, ahead }: Extract<Cause, { readonly room: number }>) =>
  create(LimitFactsSchema, {
    ...{ limit: limitToProto(limit), leased: BigInt(leased), room: BigInt(room), ahead: BigInt(ahead) },
  });
