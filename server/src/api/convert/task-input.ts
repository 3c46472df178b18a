/** What a task is handed by the one whose end made it: put into its arguments when it is handed out, and shown apart. */

import { create, fromBinary, toBinary, toJsonString } from "@bufbuild/protobuf";
import { FailureSchema } from "@stem/proto/stem/v1/failure_pb";
import {
  type ParentFailure,
  ParentFailureSchema,
  type TaskInput as TaskInputMessage,
  TaskInputSchema,
} from "@stem/proto/stem/v1/link_pb";
import { PayloadSchema } from "@stem/proto/stem/v1/payload_pb";
import { NewTaskSchema } from "@stem/proto/stem/v1/task_pb";
import type { BrokerDeps } from "../../broker/broker.ts";
import type { Limits } from "../../model/limits.ts";
import type { TaskInput } from "../../model/task.ts";
import { encodeFailure } from "./failure.ts";
import { isPlain, type Misfit, withHanded } from "./handed-args.ts";

/** Makes what puts tasks together with what they are handed. */
export function createAssemble(limits: Limits): BrokerDeps["assemble"] {
  const unusable = (message: string): { failure: Uint8Array } => ({
    failure: encodeFailure(
      create(FailureSchema, { type: "InputUnusable", message, nonRetryable: true }),
      limits,
    ),
  });
  return (content, input) => {
    const task = fromBinary(NewTaskSchema, content);
    // Its family is not what its producer said, so it is not in its content.
    task.parentId = input.from;
    task.rootId = input.rootId;
    if (!input.isHanded) return { content: toBinary(NewTaskSchema, task) };
    const text = textOf(input);
    if (text === undefined) return unusable(`the result of task ${input.from} is not plain JSON`);
    const args = withHanded(task.args, text, input);
    if ("misfit" in args) return unusable(`the arguments of this task take no more: ${misfits[args.misfit]}`);
    const bytes = args.data.case === "json" ? Buffer.byteLength(args.data.value) : 0;
    if (bytes > limits.payloadBytesMax)
      return unusable(
        `with what it is handed, its arguments have ${bytes} bytes; the limit is ${limits.payloadBytesMax}`,
      );
    task.args = args;
    return { content: toBinary(NewTaskSchema, task) };
  };
}

const misfits: { readonly [M in Misfit["misfit"]]: string } = {
  not_json: "they are no plain JSON array or object",
  positional: "they are a list, and a member was asked for",
  taken: "they have a member of that name",
};

/** JSON for what a task is handed; undefined where it is none. Nothing is null. */
function textOf(input: TaskInput): string | undefined {
  if (input.on === "failed")
    return toJsonString(ParentFailureSchema, failureOf(input), { alwaysEmitImplicit: true });
  if (input.data === undefined) return "null";
  const payload = fromBinary(PayloadSchema, input.data);
  if (Object.keys(payload.encoding).length > 0 || !isPlain(payload)) return undefined;
  if (payload.data.case === undefined) return "null";
  return payload.data.case === "json" ? payload.data.value : undefined;
}

const failureOf = ({ from, fromName, attempt, reason, data }: TaskInput): ParentFailure =>
  create(ParentFailureSchema, {
    ...{ taskId: from, taskName: fromName, attempt, reason: reason ?? "" },
    ...(data && { failure: fromBinary(FailureSchema, data) }),
  });

/** What a task is handed, as callers see it. */
export const taskInputToProto = (input: TaskInput): TaskInputMessage =>
  create(TaskInputSchema, {
    ...{ fromTaskId: input.from, member: input.member ?? "" },
    input:
      input.on === "failed"
        ? { case: "failure", value: failureOf(input) }
        : { case: "result", value: fromBinary(PayloadSchema, input.data ?? new Uint8Array()) },
  });
