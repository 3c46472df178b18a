import type { Instant, Namespace } from "../model/ids.ts";
import type { Limits } from "../model/limits.ts";
import { StemProblem } from "../model/problem.ts";
import type { NewTask } from "../model/task.ts";
import type { Clock } from "../ports/clock.ts";
import type { TaskHints } from "../ports/task-hints.ts";
import type { TaskStore } from "../ports/task-store.ts";
import { completingLinks } from "./complete-links.ts";
import { type CompletingDeps, createCompleting } from "./complete-tasks.ts";
import type { Dispatch } from "./dispatch.ts";
import { type EnqueueVerdict, verdictOf } from "./enqueue-verdict.ts";
import type { QueueNews } from "./queue-hints.ts";
import { newBroadcasts, type Refused, withRefused } from "./route-tasks.ts";
import { createTally } from "./tally.ts";
import type { TaskSubmission } from "./task-submission.ts";
import { noteUnique } from "./unique.ts";

/** Takes tasks in. */
export type Enqueueing = {
  /** Stores tasks, in order, a verdict each; durable when it resolves. With `atomic`, any refusal refuses all. */
  enqueue(
    namespace: Namespace,
    submissions: readonly TaskSubmission[],
    atomic: boolean,
  ): Promise<readonly EnqueueVerdict[]>;
  /** Stores tasks of one namespace that are complete already, a verdict each. */
  enqueueMade(tasks: readonly NewTask[]): Promise<readonly EnqueueVerdict[]>;
  /** What a producer asks for, with all that it left out. */
  complete(namespace: Namespace, submission: TaskSubmission, now: Instant): NewTask;
  /** The same of many, links included, as enqueueing does; rules may refuse some. */
  completeTasks(
    namespace: Namespace,
    submissions: readonly TaskSubmission[],
    now: Instant,
  ): readonly (NewTask | Refused)[];
  /** Throws DRAINING once it drains, for whoever has others store what starts tasks. */
  refuseWhileDraining(): void;
  /** Tells whoever waits for tasks of those that others have stored. */
  announce(namespace: Namespace, tasks: readonly Pick<NewTask, "queue" | "notBefore">[]): void;
};

/** What taking in needs. */
export type EnqueueingDeps = CompletingDeps & {
  readonly store: Pick<TaskStore, "accept">;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly dispatch: Pick<Dispatch, "isDraining">;
  readonly news: QueueNews;
  /** Gives broadcasts out that were stored. */
  readonly fanOut: (namespace: Namespace, broadcasts: readonly NewTask[]) => Promise<void>;
  /** The backend's: who is told that tasks changed. */
  readonly hints: Pick<TaskHints, "changed">;
};

/** Makes the part of the broker that takes tasks in. */
export function createEnqueueing(deps: EnqueueingDeps): Enqueueing {
  const { store, clock, dispatch, news, hints } = deps;
  const completing = createCompleting(deps);
  const completeAll = completingLinks(completing.all);

  async function accept(
    namespace: Namespace,
    tasks: readonly NewTask[],
    { now, atomic }: { readonly now: Instant; readonly atomic: boolean },
  ): Promise<readonly EnqueueVerdict[]> {
    const accepting = store.accept({ tasks, now, atomic });
    // Idle workers are woken before it is known whether all were accepted: their claims come behind these tasks, and share their commit.
    tellReady(namespace, tasks);
    const answers = await accepting;
    const scheduled = createTally(namespace);
    const verdicts = tasks.map((task, at): EnqueueVerdict => {
      const answer = answers[at];
      if (answer === undefined) throw new Error("the store left a task without a verdict");
      if (answer === "accepted") scheduled.scheduled(task.notBefore);
      else if (typeof answer === "object" && "unique" in answer)
        noteUnique(task, answer, { scheduled, hints });
      return verdictOf(task, answer);
    });
    scheduled.tell(news);
    return verdicts;
  }

  function tellReady(namespace: Namespace, tasks: readonly Pick<NewTask, "queue" | "notBefore">[]): void {
    const ready = createTally(namespace);
    for (const { queue, notBefore } of tasks) if (notBefore === undefined) ready.ready(queue);
    ready.tell(news);
  }

  function refuseWhileDraining(): void {
    if (dispatch.isDraining) throw new StemProblem({ reason: "DRAINING" });
  }

  return {
    async enqueue(namespace, submissions, atomic) {
      refuseWhileDraining();
      const now = clock.now();
      const completed = completeAll(namespace, submissions, now);
      if (completed.kind === "tasks") return accept(namespace, completed.tasks, { now, atomic });
      return withRefused(completed.routed, atomic, async (good) => {
        const verdicts = await accept(namespace, good, { now, atomic });
        await deps.fanOut(namespace, newBroadcasts(good, verdicts));
        return verdicts;
      });
    },
    complete: completing.one,
    refuseWhileDraining,
    completeTasks(namespace, submissions, now) {
      const completed = completeAll(namespace, submissions, now);
      return completed.kind === "tasks" ? completed.tasks : completed.routed;
    },
    announce(namespace, tasks) {
      tellReady(namespace, tasks);
      const scheduled = createTally(namespace);
      for (const { notBefore } of tasks) scheduled.scheduled(notBefore);
      scheduled.tell(news);
    },
    async enqueueMade(tasks) {
      refuseWhileDraining();
      const [first] = tasks;
      return first ? accept(first.namespace, tasks, { now: clock.now(), atomic: false }) : [];
    },
  };
}
