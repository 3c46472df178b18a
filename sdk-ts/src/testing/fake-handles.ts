import { create } from "@bufbuild/protobuf";
import { type Task, TaskSchema, TaskState } from "@stem/proto/stem/v1/task_pb";
import { payloadToProto } from "../codec/payload.ts";
import { type AnyTask, spreadArgs } from "../define-task.ts";
import type { HandleDeps } from "../handle.ts";
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
        if (!answers.has(fake.record.name)) throw new NoAnswerError(fake.record.name);
        fake.end = endOf(fake, answers.get(fake.record.name));
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

/** The task's end by what the test answers: a value, or what a function makes of the arguments. */
async function endOf(fake: FakeTask, answer: unknown): Promise<Task> {
  const { record, task } = fake;
  let ended: Task;
  try {
    const value: unknown = typeof answer === "function" ? await answer(...spreadArgs(record.args)) : answer;
    const result = payloadToProto(task.resultCodec.encode(value));
    ended = messageOf(fake, TaskState.SUCCEEDED, { ...(result && { result }) });
  } catch (error) {
    ended = messageOf(fake, TaskState.FAILED, { failure: failureOf(error) });
  }
  // Cancelled while the answer was on its way: the first end stands.
  fake.ended ??= ended;
  return fake.ended;
}

function failureOf(error: unknown) {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  return { type: error.name, message: error.message, stack: error.stack ?? "" };
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
