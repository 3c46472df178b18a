import { digestOf } from "../lib/digest.ts";
import type { TaskId, TaskRef } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import { isTerminal, type NewTask, type Task } from "../model/task.ts";
import type { Random } from "../ports/random.ts";
import type { TaskStore } from "../ports/task-store.ts";
import type { Enqueueing } from "./enqueue.ts";

/** What replaying needs. */
export type ReplayDeps = {
  readonly store: Pick<TaskStore, "read">;
  readonly random: Pick<Random, "taskId">;
  readonly enqueueing: Pick<Enqueueing, "enqueueOne">;
};

/** The task that a replay made, or that an earlier call of it had made. */
export type Replayed = { readonly taskId: TaskId; readonly deduplicated: boolean };

/** Enqueues an ended task again under a new id. */
export type Replay = (ref: TaskRef, newId: TaskId | undefined) => Promise<Replayed>;

/** Makes the part of the broker that replays. */
export function createReplay({ store, random, enqueueing }: ReplayDeps): Replay {
  return async (ref, newId) => {
    const [task] = await store.read([ref]);
    if (task === undefined) throw new StemProblem({ reason: "TASK_UNKNOWN", taskId: ref.id });
    if (!isTerminal(task.state))
      throw new StemProblem({ reason: "TASK_NOT_ENDED", taskId: ref.id, state: task.state });
    const verdict = await enqueueing.enqueueOne(againAs(task, newId ?? random.taskId()));
    if (verdict.kind === "refused") throw new StemProblem(verdict.problem);
    return { taskId: verdict.taskId, deduplicated: verdict.kind === "stored" && verdict.deduplicated };
  };
}

function againAs(task: Task, id: TaskId): NewTask {
  const { namespace, name, queue, priority, policy, tags, content } = task;
  return {
    namespace,
    id,
    name,
    queue,
    priority,
    policy,
    notBefore: undefined,
    tags,
    replayOf: task.id,
    content,
    // The same replay asked for twice is one task; the original's id under other circumstances is not.
    contentHash: digestOf(["replay", namespace, task.id, content]),
  };
}
