import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FailureSchema } from "@stem/proto/stem/v1/failure_pb";
import { ParentFailureSchema } from "@stem/proto/stem/v1/link_pb";
import { type Link, type NewTask, NewTaskSchema, type Task } from "@stem/proto/stem/v1/task_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import {
  failureText,
  type LinkedEnd,
  misfitText,
  resultText,
  withHanded,
} from "@stem/proto/wire/handed-args";
import type { AnyTask } from "../define-task.ts";
import type { LinkCall } from "../task-options.ts";
import type { FakeTask } from "./fake-handles.ts";
import { decodedArgs } from "./recorded-enqueue.ts";

/** The tasks that the end of a fake task makes, in order, as a server would make them. */
export function followersOf(fake: FakeTask, ended: Task): readonly FakeTask[] {
  const on = endOf(ended.state);
  if (on === undefined) return [];
  const parent = fromBinary(NewTaskSchema, fake.message);
  const { link, linkError } = fake.record.options;
  const calls = (on === "succeeded" ? link : linkError) ?? [];
  const links = (on === "succeeded" ? parent.options?.link : parent.options?.linkError) ?? [];
  return links.flatMap((each, place) => {
    const call = calls[place];
    return call === undefined ? [] : follower({ ended, on, parent }, { link: each, call, place });
  });
}

/** A task that was cancelled makes nothing. */
function endOf(state: TaskState): LinkedEnd | undefined {
  if (state === TaskState.SUCCEEDED) return "succeeded";
  return state === TaskState.FAILED ? "failed" : undefined;
}

type Parent = { readonly ended: Task; readonly on: LinkedEnd; readonly parent: NewTask };
type Following = { readonly link: Link; readonly call: LinkCall; readonly place: number };

function follower({ ended, on, parent }: Parent, { link, call, place }: Following): FakeTask {
  const task = create(NewTaskSchema, link.task);
  task.id ??= `${ended.id}.${on}-${place}`;
  task.parentId = ended.id;
  task.rootId = parent.rootId ?? ended.id;
  task.trace ??= parent.trace;
  const handed = link.ignoreInput ? undefined : handedArgs(task, { ended, on, member: link.inputAs });
  const isUsable = handed === undefined || typeof handed !== "string";
  if (handed !== undefined && typeof handed !== "string") task.args = handed;
  const message = toBinary(NewTaskSchema, task);
  const definition = call.task as AnyTask;
  const { id, parentId, rootId } = task;
  const record = {
    ...{ id, name: definition.name, args: decodedArgs(definition, message) },
    options: { ...definition.facts.options, ...call.options, id, parentId, rootId },
  };
  return { record, task: definition, message, end: undefined, ...(!isUsable && { unusable: handed }) };
}

type Handing = { readonly ended: Task; readonly on: LinkedEnd; readonly member: string | undefined };

/** The arguments with what they are handed; a text where they cannot be put together. */
function handedArgs({ args }: NewTask, { ended, on, member }: Handing) {
  const text = on === "succeeded" ? resultText(ended.result) : failureText(failureOf(ended));
  if (text === undefined) return `the result of task ${ended.id} is not plain JSON`;
  const handed = withHanded(args, text, { on, member });
  return "misfit" in handed
    ? `the arguments of this task take no more: ${misfitText[handed.misfit]}`
    : handed;
}

const failureOf = ({ id, name, attempt, failure }: Task) =>
  create(ParentFailureSchema, {
    ...{ taskId: id, taskName: name, attempt },
    reason: failure?.nonRetryable ? "non_retryable" : "max_attempts",
    ...(failure && { failure: create(FailureSchema, failure) }),
  });
