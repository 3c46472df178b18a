import type { Instant } from "../../model/ids.ts";
import type { NewTask } from "../../model/task.ts";
import type { AcceptBatch, AcceptVerdict } from "../../ports/task-store.ts";
import { createAccept } from "./accept.ts";
import { createInsert } from "./insert.ts";
import type { Writing } from "./writing.ts";

/** Takes tasks in. */
export type Accepting = {
  readonly accept: (batch: AcceptBatch) => readonly AcceptVerdict[];
  /** Those that ends of others have made in the running transaction. */
  readonly acceptOwed: () => void;
};

/**
 * Makes what takes in what comes, and what is owed. That was promised when the tasks that have ended were accepted. What is there
 * already, or whose id or key another task has, is not made.
 */
export function createAccepting(writing: Writing): Accepting {
  const { continuations, queues, gates } = writing;
  // One for both: it counts the rows, and no two may get one number.
  const insert = createInsert(writing);
  const accept = createAccept(writing, { insert, isPromised: false });
  const acceptPromised = createAccept(writing, { insert, isPromised: true });

  function tell({ namespace, queue: name, notBefore }: NewTask, now: Instant): void {
    const queue = queues.find(namespace, name);
    if (notBefore !== undefined && notBefore > now) gates.dueAt(notBefore);
    else if (queue !== undefined) gates.opened(queue, 1);
  }

  function acceptOwed(): void {
    for (const { tasks, now } of continuations.take()) {
      const verdicts = acceptPromised({ tasks, now, atomic: false });
      for (const [at, task] of tasks.entries()) if (isStored(verdicts[at])) tell(task, now);
    }
  }

  return { accept, acceptOwed };
}

/** Whether a task is there now that was not: also in the place of one that had its key. */
const isStored = (verdict: AcceptVerdict | undefined): boolean =>
  verdict === "accepted" ||
  (typeof verdict === "object" && "unique" in verdict && verdict.unique === "replaced");
