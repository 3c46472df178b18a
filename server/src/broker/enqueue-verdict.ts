import type { TaskId } from "../model/ids.ts";
import type { Problem } from "../model/problem.ts";
import { problemOf } from "../model/refusal.ts";
import type { NewTask } from "../model/task.ts";
import type { AcceptVerdict, UniqueVerdict } from "../ports/task-store.ts";

/** What became of one submission. Field paths in a problem begin at the task. */
export type EnqueueVerdict =
  | {
      readonly kind: "stored";
      /** Where another task has its unique key and it was not stored itself, that one's. */
      readonly taskId: TaskId;
      readonly deduplicated: boolean;
      /** What its unique key came to, where another task had it. */
      readonly unique?: UniqueVerdict;
    }
  | { readonly kind: "refused"; readonly taskId: TaskId | undefined; readonly problem: Problem }
  /** Left out because another task of an atomic batch was refused. */
  | { readonly kind: "withheld"; readonly taskId: TaskId };

/** What the answer of the store means for whoever asked. */
export function verdictOf(task: NewTask, answer: AcceptVerdict): EnqueueVerdict {
  const { id: taskId } = task;
  if (typeof answer === "object") {
    return "refused" in answer
      ? { kind: "refused", taskId, problem: problemOf(answer, task) }
      : uniqueVerdictOf(task, answer);
  }
  switch (answer) {
    case "accepted":
      return { kind: "stored", taskId, deduplicated: false };
    case "duplicate":
      return { kind: "stored", taskId, deduplicated: true };
    case "exists":
      return { kind: "refused", taskId, problem: { reason: "TASK_EXISTS", taskId } };
    case "withheld":
      return { kind: "withheld", taskId };
  }
}

/** What became of a task whose unique key another one had. */
function uniqueVerdictOf({ id, unique: wish }: NewTask, unique: UniqueVerdict): EnqueueVerdict {
  const { holder } = unique;
  if (unique.unique === "taken")
    return {
      kind: "refused",
      taskId: id,
      problem: { reason: "UNIQUE_TAKEN", key: wish?.key ?? "", holderTaskId: holder },
    };
  const isStored = unique.unique === "replaced";
  return { kind: "stored", taskId: isStored ? id : holder, deduplicated: !isStored, unique };
}
