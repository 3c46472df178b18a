import { type Cause, explain, isStartable } from "../model/explain.ts";
import type { TaskRef } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import { StemProblem } from "../model/problem.ts";
import type { TaskHead } from "../model/task.ts";
import type { Clock } from "../ports/clock.ts";
import type { GateStore } from "../ports/gate-store.ts";
import type { Dispatch } from "./dispatch.ts";

/** Why a task does not run, or that it does. */
export type Explained = {
  readonly head: TaskHead;
  /** What it waits for first comes first. */
  readonly causes: readonly Cause[];
  /** Whether a worker that may have it, and takes all that its queue has now, would get it. */
  readonly isStartable: boolean;
};

/** Explains single tasks. */
export type ExplainingPart = {
  /** Out of one read of the store and what this server knows of its workers. TASK_UNKNOWN when there is no such task. */
  explainTask(ref: TaskRef): Promise<Explained>;
};

/** What explaining needs. */
export type ExplainingDeps = {
  readonly store: Pick<GateStore, "readStanding">;
  readonly dispatch: Pick<Dispatch, "isDraining" | "takersAt">;
  readonly clock: Pick<Clock, "now">;
  readonly limits: Pick<Limits, "tasksAheadMax">;
};

/** Makes the part of the broker that explains. */
export const createExplaining = ({ store, dispatch, clock, limits }: ExplainingDeps): ExplainingPart => ({
  async explainTask(ref) {
    const aheadMax = limits.tasksAheadMax;
    const standing = await store.readStanding(ref, aheadMax);
    if (standing === undefined) throw new StemProblem({ reason: "TASK_UNKNOWN", taskId: ref.id });
    const { head } = standing;
    const workers = dispatch.takersAt({ namespace: head.namespace, queue: head.queue });
    const service = { isDraining: dispatch.isDraining, workers };
    const causes = explain(standing, service, { now: clock.now(), aheadMax });
    return { head, causes, isStartable: isStartable(causes) };
  },
});
