import { create } from "@bufbuild/protobuf";
import { type Task, TaskSchema } from "@stem/proto/stem/v1/task_pb";
import { TaskState } from "@stem/proto/stem/v1/task_state_pb";
import { type AnyNode, CanvasNode } from "../canvas/node.ts";
import { payloadToProto } from "../codec/payload.ts";
import { type AnyTask, spreadArgs } from "../define-task.ts";
import { failureOf } from "../failure.ts";
import type { HandleDeps } from "../handle.ts";
import { NonRetryable } from "../non-retryable.ts";
import { StemProblem } from "../problem.ts";
import { isTerminal, stateFromProto } from "../task-state.ts";
import { NoServerError } from "./no-operators.ts";
import type { RecordedEnqueue } from "./recorded-enqueue.ts";

/** A task that a fake client stored. */
export type FakeTask = {
  readonly record: RecordedEnqueue;
  readonly task: AnyTask;
  /** As it would have been sent. */
  readonly message: Uint8Array;
  /** How it ended; begins when somebody asks for its result. */
  end: Promise<Task> | undefined;
  /** The same, once it is known. */
  ended?: Task;
  /** Why it cannot run: what it was handed does not fit its arguments. */
  readonly unusable?: string;
  /** It may be replaced. */
  readonly isInCanvas?: boolean;
  /** What the answer put in its place. */
  replacement?: AnyNode;
};

/** A result was asked for that the test has not said. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";

  constructor(taskName: string) {
    super(`the fake client knows no result of ${taskName}: say client.answer(task, result) first`);
  }
}

/** What the handles of a fake client go by. */
export function fakeHandles(
  tasks: ReadonlyMap<string, FakeTask>,
  answers: ReadonlyMap<string, unknown>,
  onEnd: (fake: FakeTask, ended: Task) => void,
): HandleDeps {
  const find = (id: string): FakeTask => {
    const fake = tasks.get(id);
    if (fake === undefined) throw taskUnknown(id);
    return fake;
  };
  return {
    async waitForEnd(taskId, { signal }) {
      const fake = find(taskId);
      signal?.throwIfAborted();
      if (fake.end === undefined) {
        if (!isAnswered(fake, answers)) throw new NoAnswerError(fake.record.name);
        fake.end = endOf(fake, answers.get(fake.record.name), onEnd);
      }
      return fake.end;
    },
    async read(taskId) {
      const fake = find(taskId);
      return fake.ended ?? messageOf(fake, waitingState(fake), {});
    },
    output() {
      throw new NoServerError(
        "handle.output needs a server; a fake client runs nothing that puts anything out",
      );
    },
    async cancel(taskId, { reason = "" }) {
      const fake = find(taskId);
      if (fake.ended) return { outcome: "already_terminal", state: stateFromProto(fake.ended.state) };
      fake.ended = messageOf(fake, TaskState.CANCELLED, { cancel: { reason } });
      fake.end = Promise.resolve(fake.ended);
      return { outcome: "cancelled", state: "cancelled" };
    },
    async explain() {
      throw new NoServerError("handle.explain needs a server: nothing runs the tasks of a fake client");
    },
  };
}

/** Whether a task comes to an end when it is asked for one. */
export const isAnswered = (fake: FakeTask, answers: ReadonlyMap<string, unknown>): boolean =>
  fake.ended !== undefined || fake.unusable !== undefined || answers.has(fake.record.name);

/** The task's end by what the test answers: a value, or what a function makes of the arguments. */
async function endOf(
  fake: FakeTask,
  answer: unknown,
  onEnd: (fake: FakeTask, ended: Task) => void,
): Promise<Task> {
  const { record, task, unusable } = fake;
  let ended: Task;
  try {
    if (unusable !== undefined) throw new InputUnusable(unusable);
    const value: unknown = typeof answer === "function" ? await answer(...spreadArgs(record.args)) : answer;
    if (value instanceof CanvasNode) replace(fake, value);
    const result = fake.replacement ? undefined : payloadToProto(task.resultCodec.encode(value));
    ended = messageOf(fake, TaskState.SUCCEEDED, { ...(result && { result }) });
  } catch (error) {
    ended = messageOf(fake, TaskState.FAILED, { failure: failureOf(error) });
  }
  // Cancelled while the answer was on its way: the first end stands.
  if (fake.ended === undefined) {
    fake.ended = ended;
    onEnd(fake, ended);
  }
  return fake.ended;
}

/** As the server takes others in the place of a task, or fails one that is in no canvas. */
function replace(fake: FakeTask, node: AnyNode): void {
  if (!fake.isInCanvas) throw new NonRetryable("a task that is in no canvas cannot be replaced");
  fake.replacement = node;
}

/** As the server fails a task whose arguments and input do not go together. */
class InputUnusable extends NonRetryable {
  override readonly name = "InputUnusable";
}

const waitingState = ({ record: { options } }: FakeTask): TaskState =>
  options.delayMs !== undefined || options.notBefore !== undefined ? TaskState.SCHEDULED : TaskState.READY;

type End = NonNullable<Parameters<typeof create<typeof TaskSchema>>[1]>;

function messageOf({ record }: FakeTask, state: TaskState, end: End): Task {
  const { id, name, options } = record;
  const { headers = {}, tags = [], metadata = {}, queue = "default" } = options;
  const attempt = isTerminal(stateFromProto(state) ?? "ready") ? 1 : 0;
  return create(TaskSchema, { id, name, queue, headers, metadata, tags: [...tags], state, attempt, ...end });
}

const taskUnknown = (id: string): StemProblem =>
  new StemProblem({
    reason: "TASK_UNKNOWN",
    code: "NOT_FOUND",
    message: `the fake client has no task with the id ${id}`,
    metadata: { taskId: id },
    violations: [],
    retryAfterMs: undefined,
    outcome: "not_accepted",
  });
