import type { AcceptVerdict } from "../../ports/task-store.ts";
import { acceptAll } from "./accept.ts";
import type { Entering } from "./entering.ts";
import { homeOf } from "./open-queue.ts";
import type { Work } from "./work.ts";

/**
 * Takes in what ends of tasks have made in this transaction. That was promised when those were accepted: no quota, bound or closed queue
 * is in its way. What is there already, or whose id or key another task has, is not made.
 */
export async function acceptOwed(work: Work): Promise<void> {
  for (;;) {
    const owed = await work.continuations.take(work.db);
    if (owed.length === 0) return;
    const verdicts = await acceptAll(work, owed, true);
    for (const [at, each] of owed.entries()) if (isStored(verdicts[at])) tell(work, each);
  }
}

/** Whether a task is there now that was not: also in the place of one that had its key. */
const isStored = (verdict: AcceptVerdict | undefined): boolean =>
  verdict === "accepted" ||
  (typeof verdict === "object" && "unique" in verdict && verdict.unique === "replaced");

function tell(work: Work, { task, now }: Entering): void {
  const { notBefore } = task;
  const queue = homeOf(work, task);
  if (notBefore !== undefined && notBefore > now) work.gates.bell.dueAt(notBefore);
  else if (queue !== undefined) work.gates.bell.opened(queue, 1);
}
