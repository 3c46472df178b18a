/** What operators want changed about tasks that wait. */

import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { ReplayDeadLettersRequest } from "@stem/proto/stem/v1/dead_letter_service_pb";
import type { Payload } from "@stem/proto/stem/v1/payload_pb";
import type { UpdateTaskRequest } from "@stem/proto/stem/v1/task_admin_service_pb";
import type { UpdateTasksRequest } from "@stem/proto/stem/v1/task_batch_service_pb";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import type { BatchEdit, EditWish, ReplayEdit } from "../../broker/broker.ts";
import { type Bytes, type Instant, plus, queueNameOf } from "../../model/ids.ts";
import type { Limits } from "../../model/limits.ts";
import { fieldInvalid, StemProblem } from "../../model/problem.ts";
import { isProblem } from "./checked.ts";
import { metadataRewrite } from "./metadata.ts";
import { readPayload } from "./payload.ts";
import { durationFault, durationMs, timestampFault, timestampInstant } from "./time-fields.ts";

/** The moment of the request, and the bounds in force. */
export type EditContext = { readonly now: Instant; readonly limits: Limits };

type Rewrite = NonNullable<EditWish["rewrite"]>;

/** What UpdateTask asks for; throws FIELD_INVALID where that is nothing. */
export function editWishOf(request: UpdateTaskRequest, context: EditContext): EditWish {
  const { args, metadata } = request;
  const steps: Rewrite[] = [];
  if (args) steps.push(argsRewrite(args, context.limits));
  if (Object.keys(metadata).length > 0) steps.push(metadataRewrite(metadata, context.limits));
  if (steps.length === 0) return { ...batchEditOf(request, context), rewrite: undefined };
  const rewrite: Rewrite = (content) => steps.reduce((written, step) => step(written), content);
  return { ...editOf(request, context), rewrite };
}

/** What UpdateTasks asks for; throws FIELD_INVALID where that is nothing. */
export function batchEditOf(
  request: UpdateTasksRequest | UpdateTaskRequest,
  context: EditContext,
): BatchEdit {
  const edit = editOf(request, context);
  if (edit.priority === undefined && edit.queue === undefined && edit.start === undefined)
    throw fieldInvalid(
      "priority",
      "name something to change: a priority, a start, a queue, arguments or metadata",
    );
  return edit;
}

const editOf = (
  { priority, queue, start }: Pick<UpdateTaskRequest, "priority" | "queue" | "start">,
  context: EditContext,
): BatchEdit => ({
  priority,
  queue: queue === undefined ? undefined : queueNameOf(queue),
  start: startOf(start, context),
});

/** How dead letters are to be replayed. Arguments belong to one task. */
export function replayEditOf(request: ReplayDeadLettersRequest, context: EditContext): ReplayEdit {
  const { args, filter, queue, start } = request;
  if (args !== undefined && filter?.taskIds.length !== 1)
    throw fieldInvalid("args", "can be given only where the filter names exactly one task id");
  const at = startOf(start, context);
  return {
    queue: queue === undefined ? undefined : queueNameOf(queue),
    start: at !== undefined && at > context.now ? at : undefined,
    rewrite: args && argsRewrite(args, context.limits),
  };
}

/** When tasks shall start; throws where that is no time, or too far ahead. */
export function startOf(
  start: UpdateTaskRequest["start"],
  { now, limits }: EditContext,
): Instant | undefined {
  if (start.case === undefined) return undefined;
  const isDelay = start.case === "delay";
  const field = isDelay ? "delay" : "not_before_time";
  const fault = isDelay ? durationFault(start.value) : timestampFault(start.value);
  if (fault !== undefined) throw fieldInvalid(field, fault);
  const at = isDelay ? plus(now, durationMs(start.value)) : timestampInstant(start.value);
  if (at - now <= limits.delayMsMax) return at;
  const description = `must be at most ${limits.delayMsMax} ms ahead`;
  throw new StemProblem({ reason: "FIELD_OUT_OF_RANGE", violations: [{ field, description }] });
}

/** Puts other arguments into a content. A signature was made over the old ones, and would only mislead. */
export function argsRewrite(args: Payload, limits: Limits): (content: Bytes) => Bytes {
  const bytesMax = limits.payloadBytesMax;
  const read = readPayload(args, { field: "args", bytesMax, tooLarge: "PAYLOAD_TOO_LARGE" }, limits);
  if (isProblem(read)) throw new StemProblem(read);
  return (content) => {
    const task = fromBinary(NewTaskSchema, content);
    task.args = read;
    delete task.signature;
    return toBinary(NewTaskSchema, task);
  };
}
