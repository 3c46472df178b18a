import type { Instant } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import type { AcceptBatch, AcceptVerdict } from "../../ports/task-store.ts";
import type { Writing } from "./writing.ts";

/**
 * Makes what takes in what is owed. That was promised when the tasks that have ended were accepted: a queue comes into being for it
 * beyond the limit, too. What is there already, or whose id or key another task has, is not made.
 */
export function createAcceptOwed(
  { continuations, queues, gates }: Writing,
  accept: (batch: AcceptBatch) => readonly AcceptVerdict[],
): () => void {
  function tell({ namespace, queue: name, notBefore }: NewTask, now: Instant): void {
    const queue = queues.find(namespace, name);
    if (notBefore !== undefined && notBefore > now) gates.dueAt(notBefore);
    else if (queue !== undefined) gates.opened(queue, 1);
  }

  return () => {
    for (const { tasks, now } of continuations.take()) {
      for (const { namespace, queue } of tasks)
        if (queues.find(namespace, queue) === undefined) queues.make(namespace, queue, now);
      const verdicts = accept({ tasks, now, atomic: false });
      for (const [at, task] of tasks.entries()) if (verdicts[at] === "accepted") tell(task, now);
    }
  };
}
