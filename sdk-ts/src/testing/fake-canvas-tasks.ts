import { create, toBinary } from "@bufbuild/protobuf";
import { FailureSchema } from "@stem/proto/stem/v1/failure_pb";
import { ParentFailureSchema } from "@stem/proto/stem/v1/link_pb";
import { NewTaskSchema, type Task } from "@stem/proto/stem/v1/task_pb";
import { failureText, type LinkedEnd, misfitText, withHanded } from "@stem/proto/wire/handed-args";
import { type CanvasCause, parentFailureFromProto } from "../canvas/canvas-cause.ts";
import type { AnyTask } from "../define-task.ts";
import { optionsOf } from "../enqueue-defaults.ts";
import { callOf } from "../links.ts";
import { newTaskMessage } from "../new-task.ts";
import type { EnqueueOptions, LinkCall } from "../task-options.ts";
import { stateFromProto } from "../task-state.ts";
import type { FakeTask } from "./fake-handles.ts";
import { decodedArgs } from "./recorded-enqueue.ts";

/** What a task of a canvas is handed: JSON; undefined: what was left is none. */
export type Handed = {
  readonly on: LinkedEnd;
  readonly text: string | undefined;
  readonly as: string | undefined;
};

/** A task of a canvas as a server would make it, handed what is before it. */
export function canvasTask(
  call: LinkCall,
  id: string,
  family: EnqueueOptions,
  handed: Handed | undefined,
): FakeTask {
  const options = { ...optionsOf(callOf(call)), ...family, id: call.options?.id ?? id };
  const task = newTaskMessage({ ...callOf(call), options });
  const unusable = handed && hand(task, handed);
  const message = toBinary(NewTaskSchema, task);
  const definition = call.task as AnyTask;
  const record = { id: options.id, name: definition.name, args: decodedArgs(definition, message), options };
  const isUsable = unusable === undefined;
  return {
    record,
    task: definition,
    message,
    end: undefined,
    isInCanvas: true,
    ...(!isUsable && { unusable }),
  };
}

/** Puts it into the arguments; a text where they do not go together. */
function hand(task: ReturnType<typeof newTaskMessage>, { on, text, as }: Handed): string | undefined {
  if (text === undefined) return "what it was handed is not plain JSON";
  const args = withHanded(task.args, text, { on, member: as });
  if ("misfit" in args) return `the arguments of this task take no more: ${misfitText[args.misfit]}`;
  task.args = args;
  return undefined;
}

/** Why a task did not succeed, and the same as JSON. */
export function causeOf({ id, name, attempt, state, failure, cancel }: Task) {
  const isFinal = failure?.nonRetryable === true;
  const reason = cancel ? "cancel_requested" : isFinal ? reasonOfFinal(failure?.type) : "max_attempts";
  const parent = create(ParentFailureSchema, {
    ...{ taskId: id, taskName: name, attempt, reason },
    ...(failure && { failure: create(FailureSchema, failure) }),
  });
  const cause: CanvasCause = {
    ...{ state: stateFromProto(state), reason, taskId: id, failure: parentFailureFromProto(parent) },
  };
  return { cause, text: failureText(parent) };
}

/** What cannot be run is rejected by the server; anything else has said so itself. */
const reasonOfFinal = (type = ""): string => (type === "InputUnusable" ? "rejected" : "non_retryable");
