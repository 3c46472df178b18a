/** What the three ways to enqueue share: check each task, hand the good ones to the broker, put the verdicts back in order. */

import type { NewTask } from "@stem/proto/stem/v1/task_pb";
import type { EnqueueVerdict, TaskSubmission } from "../../broker/broker.ts";
import { type Namespace, type TaskId, taskIdOf } from "../../model/ids.ts";
import { fieldInvalid, type Problem, StemProblem } from "../../model/problem.ts";
import { isProblem, under } from "../convert/checked.ts";
import { createNewTaskReader, type NewTaskFields } from "../convert/new-task.ts";
import type { PlainTask } from "../convert/plain-task.ts";
import type { ServiceDeps } from "../service-deps.ts";

type EnqueuingDeps = Pick<ServiceDeps, "broker" | "clock" | "limits" | "defaults">;

/** Takes tasks in. */
export interface Enqueuing {
  /** Stores one task; throws what is wrong with it. */
  one(task: NewTaskFields, namespace: Namespace): Promise<Extract<EnqueueVerdict, { kind: "stored" }>>;
  /** Stores a batch, a verdict each. With `atomic`, what is wrong with any task is thrown, and nothing is stored. */
  many(
    tasks: readonly (NewTask | PlainTask)[],
    namespace: Namespace,
    atomic: boolean,
  ): Promise<readonly EnqueueVerdict[]>;
}

/** Makes the way in for tasks: one a server. */
export function createEnqueuing(deps: EnqueuingDeps): Enqueuing {
  const { broker, clock, limits } = deps;
  const readTask = createNewTaskReader(deps);
  return {
    async one(task, namespace) {
      const submission = readTask(task, namespace, clock.now());
      if (isProblem(submission)) throw new StemProblem(submission);
      const [verdict] = await broker.enqueue(namespace, [submission], false);
      if (verdict?.kind === "refused") throw new StemProblem(verdict.problem);
      if (verdict?.kind !== "stored") throw new Error("the broker gave no verdict");
      return verdict;
    },
    async many(tasks, namespace, atomic) {
      checkCount(tasks.length, limits.batchTasksMax);
      const now = clock.now();
      const read = tasks.map((task, index) => readAt(readTask(task, namespace, now), index));
      const good = read.filter((item): item is TaskSubmission => !isProblem(item));
      if (atomic) throwFirst(read.filter(isProblem));
      const answers = good.length > 0 ? await broker.enqueue(namespace, good, atomic) : [];
      const ids = () => tasks.map((task) => idOf(task, limits.taskIdCharsMax));
      const verdicts = good.length === tasks.length ? answers : interleave(read, ids(), answers);
      if (atomic)
        throwFirst(verdicts.flatMap((verdict) => (verdict.kind === "refused" ? verdict.problem : [])));
      return verdicts;
    },
  };
}

function checkCount(items: number, itemsMax: number): void {
  if (items === 0) throw fieldInvalid("tasks", `must have 1 to ${itemsMax} items`);
  if (items > itemsMax) throw new StemProblem({ reason: "BATCH_TOO_LARGE", field: "tasks", items, itemsMax });
}

const readAt = (read: TaskSubmission | Problem, index: number): TaskSubmission | Problem =>
  isProblem(read) ? under(read, `tasks[${index}].`) : read;

function throwFirst([problem]: readonly Problem[]): void {
  if (problem) throw new StemProblem(problem);
}

/** The broker's verdicts on the good tasks, with those on the bad ones (whose ids are `ids`) in between. */
function interleave(
  read: readonly (TaskSubmission | Problem)[],
  ids: readonly (TaskId | undefined)[],
  answers: readonly EnqueueVerdict[],
): readonly EnqueueVerdict[] {
  let next = 0;
  return read.map((item, index) => {
    if (isProblem(item)) return { kind: "refused", taskId: ids[index], problem: item };
    const verdict = answers[next++];
    if (!verdict) throw new Error("the broker gave too few verdicts");
    return verdict;
  });
}

/** A bad task's id, so that its verdict can be told from others; not where the id itself is beyond all bounds. */
const idOf = ({ id }: { readonly id?: string | undefined }, charsMax: number): TaskId | undefined =>
  id === undefined || id.length > charsMax ? undefined : taskIdOf(id);
