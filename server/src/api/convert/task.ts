/** Tasks as callers see them. What a producer said is kept encoded and decoded here, as far as a view shows it. */

import { create, fromBinary } from "@bufbuild/protobuf";
import { CanvasPlaceSchema } from "@stem/proto/stem/v1/canvas_place_pb";
import { FailureSchema } from "@stem/proto/stem/v1/failure_pb";
import { PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import {
  type CancelRequest as CancelMessage,
  CancelRequestSchema,
  NewTaskSchema,
  type Progress,
  ProgressSchema,
  type TaskGate,
  TaskGateSchema,
  type Task as TaskMessage,
  TaskOptionsSchema,
  TaskSchema,
} from "@stem/proto/stem/v1/task_pb";
import { TaskClaimSchema } from "@stem/proto/stem/v1/unique_pb";
import type { TaskProgress } from "../../backend/backend.ts";
import type { Gate } from "../../model/gate.ts";
import type { Place } from "../../model/place.ts";
import type { CancelRequest, Task, TaskHead } from "../../model/task.ts";
import type { TaskClaim } from "../../model/unique.ts";
import { linksToProto } from "./links.ts";
import { taskInputToProto } from "./task-input.ts";
import { stateReasonToProto, taskStateToProto } from "./task-state.ts";
import { timestampFromInstant } from "./time.ts";

/** How a task is shown: with its arguments or without; the progress of its running attempt, where it has reported any. */
export type TaskShown = {
  readonly args: boolean;
  readonly progress: TaskProgress | undefined;
};

/** A task as callers see it. What was not read from the store (content, result, failure) is left out. */
export function taskToProto(task: Task, shown: TaskShown): TaskMessage {
  const message = headToProto(task);
  if (task.content.length > 0) addContent(message, task.content, shown.args);
  if (task.result) message.result = fromBinary(PayloadSchema, task.result);
  if (task.failure) message.failure = fromBinary(FailureSchema, task.failure);
  if (task.claim) message.claim = claimToProto(task.claim);
  if (task.links) addLinks(message, task, task.links);
  if (task.input?.isHanded && shown.args) message.input = taskInputToProto(task.input);
  if (task.place) message.canvas = placeToProto(task.place);
  if (shown.progress) message.progress = progressToProto(shown.progress);
  return message;
}

const placeToProto = ({ canvas, barrier, index, step }: Place): TaskMessage["canvas"] =>
  create(CanvasPlaceSchema, {
    ...{ canvasId: canvas, groupId: barrier, index, ...(step !== undefined && { step }) },
  });

const claimToProto = ({ key, duplicates }: TaskClaim): TaskMessage["claim"] =>
  create(TaskClaimSchema, { key, duplicates: BigInt(duplicates) });

/** How far an attempt has come. */
export const progressToProto = ({ percent, message, data }: TaskProgress): Progress =>
  create(ProgressSchema, {
    message,
    ...(percent !== undefined && { percent }),
    ...(data && { data: fromBinary(PayloadSchema, data) }),
  });

function headToProto(task: TaskHead): TaskMessage {
  const message = create(TaskSchema, {
    namespace: task.namespace,
    id: task.id,
    name: task.name,
    queue: task.queue,
    state: taskStateToProto(task.state),
    stateReason: stateReasonToProto(task.reason),
    revision: BigInt(task.revision),
    priority: task.priority,
    tags: [...task.tags],
    attempt: task.attempt,
    deliveries: task.deliveries,
    worker: task.worker ?? "",
    replayOf: task.replayOf ?? "",
    parentId: task.lineage?.parentId ?? "",
    rootId: task.lineage?.rootId ?? "",
    createTime: timestampFromInstant(task.createdAt),
    ...(task.fence && { fence: { epoch: BigInt(task.fence.epoch), seq: BigInt(task.fence.seq) } }),
    ...(task.cancel && { cancel: cancelToProto(task.cancel) }),
  });
  if (task.gate) message.gate = gateToProto(task.gate);
  addTimes(message, task);
  return message;
}

/** A request to cancel as callers see it. */
export const cancelToProto = ({ reason, at, requester = "" }: CancelRequest): CancelMessage =>
  create(CancelRequestSchema, { reason, requestTime: timestampFromInstant(at), requester });

const gateCases = { ordering: "orderingKey", key: "limitKey", name: "taskName" } as const;

const gateToProto = ({ kind, subject }: Gate): TaskGate =>
  create(TaskGateSchema, {
    gate: { case: gateCases[kind], value: subject },
  });

function addTimes(message: TaskMessage, { notBefore, startedAt, endedAt, purgeAt }: TaskHead): void {
  if (notBefore !== undefined) message.notBeforeTime = timestampFromInstant(notBefore);
  if (startedAt !== undefined) message.startTime = timestampFromInstant(startedAt);
  if (endedAt !== undefined) message.endTime = timestampFromInstant(endedAt);
  if (purgeAt !== undefined) message.purgeTime = timestampFromInstant(purgeAt);
}

function addLinks(message: TaskMessage, task: Task, links: NonNullable<Task["links"]>): void {
  message.options ??= create(TaskOptionsSchema);
  message.options.link = linksToProto(links, "succeeded", task);
  message.options.linkError = linksToProto(links, "failed", task);
}

/** What the producer said, as it said it: options that it left out stay left out. */
function addContent(message: TaskMessage, content: Uint8Array, withArgs: boolean): void {
  const { args, options, headers, metadata, trace, signature, scheduled } = fromBinary(
    NewTaskSchema,
    content,
  );
  message.headers = headers;
  message.metadata = metadata;
  if (withArgs && args) message.args = args;
  if (options) message.options = options;
  if (trace) message.trace = trace;
  if (signature) message.signature = signature;
  if (scheduled) message.scheduled = scheduled;
}
