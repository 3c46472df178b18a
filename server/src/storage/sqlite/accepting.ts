import type { Instant } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import type { AcceptBatch, AcceptVerdict } from "../../ports/task-store.ts";
import { createAccept } from "./accept.ts";
import { createGoOn, type Made } from "./go-on.ts";
import { createInsert } from "./insert.ts";
import type { Writing } from "./writing.ts";

/** Takes tasks in. */
export type Accepting = {
  readonly accept: (batch: AcceptBatch) => readonly AcceptVerdict[];
  /** Takes in tasks that were promised, and tells of them: no quota, bound or closed queue is in their way. */
  readonly acceptPromised: (tasks: readonly NewTask[], now: Instant) => readonly AcceptVerdict[];
  /** Takes in what ends have made in the running transaction, until nothing more does. */
  readonly goOn: () => void;
};

/** Makes what takes in what comes, and what is owed. */
export function createAccepting(writing: Writing): Accepting {
  const { queues, gates, canvases } = writing;
  // One for both: it counts the rows, and no two may get one number.
  const insert = createInsert(writing);
  const accept = createAccept(writing, { insert, isPromised: false });
  const store = createAccept(writing, { insert, isPromised: true });

  function tell({ namespace, queue: name, notBefore }: NewTask, now: Instant): void {
    const queue = queues.find(namespace, name);
    if (notBefore !== undefined && notBefore > now) gates.dueAt(notBefore);
    else if (queue !== undefined) gates.opened(queue, 1);
  }

  function acceptPromised(tasks: readonly NewTask[], now: Instant): readonly AcceptVerdict[] {
    const verdicts = store({ tasks, now, atomic: false });
    for (const [at, task] of tasks.entries()) if (isStored(verdicts[at])) tell(task, now);
    return verdicts;
  }

  function takeIn({ barriers, tasks }: Made, now: Instant): readonly boolean[] {
    // Tasks are under them.
    for (const barrier of barriers) canvases.barriers.put(barrier);
    return tasks.length === 0 ? [] : acceptPromised(tasks, now).map(isStored);
  }

  return { accept, acceptPromised, goOn: createGoOn(writing, takeIn) };
}

/** Whether a task is there now that was not: also in the place of one that had its key. */
export const isStored = (verdict: AcceptVerdict | undefined): boolean =>
  verdict === "accepted" ||
  (typeof verdict === "object" && "unique" in verdict && verdict.unique === "replaced");
