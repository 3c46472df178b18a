/** What a task is handed by the one whose end made it: put into its arguments when it is handed out, and shown apart. */

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FailureSchema } from "@stem/proto/stem/v1/failure_pb";
import {
  type ParentFailure,
  ParentFailureSchema,
  type TaskInput as TaskInputMessage,
  TaskInputSchema,
} from "@stem/proto/stem/v1/link_pb";
import { PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import {
  failureText,
  memberOfHanded,
  misfitText,
  resultText,
  withHanded,
} from "@stem/proto/wire/handed-args";
import type { BrokerDeps } from "../../broker/broker.ts";
import type { Limits } from "../../model/limits.ts";
import type { TaskInput } from "../../model/task.ts";
import { encodeFailure } from "./failure.ts";
import { handedText } from "./value-text.ts";

/** Makes what puts tasks together with what they are handed. */
export function createAssemble(limits: Limits): BrokerDeps["assemble"] {
  const unusable = (message: string): { failure: Uint8Array } => ({
    failure: encodeFailure(
      create(FailureSchema, { type: "InputUnusable", message, nonRetryable: true }),
      limits,
    ),
  });
  return (content, input, value) => {
    const task = fromBinary(NewTaskSchema, content);
    // Its family is not what its producer said, so it is not in its content.
    if (!input.isBarrier) task.parentId = input.from;
    task.rootId = input.rootId;
    if (!input.isHanded) return { content: toBinary(NewTaskSchema, task) };
    if (input.isBarrier && value === undefined) return unusable("the group that it follows is gone");
    const text = value === undefined ? textOf(input) : handedText(value);
    if (text === undefined)
      return unusable(
        `${input.isBarrier ? "a result of group" : "the result of task"} ${input.from} is not plain JSON`,
      );
    const args = withHanded(task.args, text, input);
    if ("misfit" in args)
      return unusable(`the arguments of this task take no more: ${misfitText[args.misfit]}`);
    const bytes = args.data.case === "json" ? Buffer.byteLength(args.data.value) : 0;
    if (bytes > limits.payloadBytesMax)
      return unusable(
        `with what it is handed, its arguments have ${bytes} bytes; the limit is ${limits.payloadBytesMax}`,
      );
    task.args = args;
    const packed = toBinary(NewTaskSchema, task);
    if (value === undefined || value.value !== undefined) return { content: packed };
    const { canvas, barrier, size } = value;
    return { content: packed, results: { canvas, barrier, size, member: memberOfHanded(args, input) } };
  };
}

/** JSON for what a task is handed; undefined where it is none. */
const textOf = (input: TaskInput): string | undefined =>
  input.on === "failed"
    ? failureText(failureOf(input))
    : resultText(input.data && fromBinary(PayloadSchema, input.data));

const failureOf = ({ from, fromName, attempt, reason, data }: TaskInput): ParentFailure =>
  create(ParentFailureSchema, {
    ...{ taskId: from, taskName: fromName, attempt, reason: reason ?? "" },
    ...(data && { failure: fromBinary(FailureSchema, data) }),
  });

/** What a task is handed, as callers see it. */
export const taskInputToProto = (input: TaskInput): TaskInputMessage =>
  create(TaskInputSchema, {
    ...{ fromTaskId: input.isBarrier ? "" : input.from, member: input.member ?? "" },
    input: input.isBarrier
      ? { case: "groupId", value: input.from }
      : input.on === "failed"
        ? { case: "failure", value: failureOf(input) }
        : { case: "result", value: fromBinary(PayloadSchema, input.data ?? new Uint8Array()) },
  });
