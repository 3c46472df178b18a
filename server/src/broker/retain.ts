import type { Instant, TaskRef } from "../model/ids.ts";
import { StemProblem } from "../model/problem.ts";
import { isTerminal } from "../model/task.ts";
import type { RetentionStore } from "../ports/retention-store.ts";
import type { TaskStore } from "../ports/task-store.ts";

/** What setting retention needs. */
export type RetainDeps = {
  readonly store: Pick<RetentionStore, "setRetention"> & Pick<TaskStore, "readHeads">;
};

/** Says anew until when the record of an ended task is kept. TASK_UNKNOWN, TASK_NOT_ENDED. */
export type Retain = (ref: TaskRef, purgeAt: Instant) => Promise<void>;

/** Makes the part of the broker that sets retention. */
export function createRetain({ store }: RetainDeps): Retain {
  return async function retain(ref, purgeAt) {
    const verdict = await store.setRetention(ref, purgeAt);
    if (verdict === "set") return;
    const [head] = verdict === "live" ? await store.readHeads([ref]) : [];
    if (head === undefined) throw new StemProblem({ reason: "TASK_UNKNOWN", taskId: ref.id });
    if (!isTerminal(head.state))
      throw new StemProblem({ reason: "TASK_NOT_ENDED", taskId: ref.id, state: head.state });
    // It has ended meanwhile, and stays so.
    await retain(ref, purgeAt);
  };
}
