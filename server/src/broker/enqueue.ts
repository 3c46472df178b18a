import type { Instant, Namespace, TaskId } from "../model/ids.ts";
import type { Defaults, Limits } from "../model/limits.ts";
import { type Problem, StemProblem } from "../model/problem.ts";
import type { NewTask } from "../model/task.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { AcceptVerdict, TaskStore } from "../ports/task-store.ts";
import type { Routing } from "../routing/routing.ts";
import { createCompleting } from "./complete-tasks.ts";
import type { Definitions } from "./definitions.ts";
import type { Dispatch } from "./dispatch.ts";
import type { QueueNews } from "./queue-hints.ts";
import { newBroadcasts, withRefused } from "./route-tasks.ts";
import { createTally } from "./tally.ts";
import type { TaskSubmission } from "./task-submission.ts";

/** What became of one submission. Field paths in a problem begin at the task. */
export type EnqueueVerdict =
  | { readonly kind: "stored"; readonly taskId: TaskId; readonly deduplicated: boolean }
  | { readonly kind: "refused"; readonly taskId: TaskId | undefined; readonly problem: Problem }
  /** Left out because another task of an atomic batch was refused. */
  | { readonly kind: "withheld"; readonly taskId: TaskId };

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
};

/** What taking in needs. */
export type EnqueueingDeps = {
  readonly store: Pick<TaskStore, "accept">;
  readonly clock: Clock;
  readonly random: Pick<Random, "taskId">;
  readonly limits: Limits;
  readonly defaults: Defaults;
  readonly routing: Routing;
  readonly definitions: Pick<Definitions, "defaultsIn">;
  readonly dispatch: Pick<Dispatch, "isDraining" | "isServed">;
  readonly news: QueueNews;
  /** Gives broadcasts out that were stored. */
  readonly fanOut: (namespace: Namespace, broadcasts: readonly NewTask[]) => Promise<void>;
};

/** Makes the part of the broker that takes tasks in. */
export function createEnqueueing(deps: EnqueueingDeps): Enqueueing {
  const { store, clock, limits, dispatch, news } = deps;
  const completing = createCompleting(deps);

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
      return verdictOf(task, answer, limits);
    });
    scheduled.tell(news);
    return verdicts;
  }

  function tellReady(namespace: Namespace, tasks: readonly NewTask[]): void {
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
      const completed = completing.all(namespace, submissions, now);
      if (completed.kind === "tasks") return accept(namespace, completed.tasks, { now, atomic });
      return withRefused(completed.routed, atomic, async (good) => {
        const verdicts = await accept(namespace, good, { now, atomic });
        await deps.fanOut(namespace, newBroadcasts(good, verdicts));
        return verdicts;
      });
    },
    complete: completing.one,
    async enqueueMade(tasks) {
      refuseWhileDraining();
      const [first] = tasks;
      return first ? accept(first.namespace, tasks, { now: clock.now(), atomic: false }) : [];
    },
  };
}

function verdictOf(task: NewTask, answer: AcceptVerdict, limits: Limits): EnqueueVerdict {
  const { id: taskId, queue } = task;
  switch (answer) {
    case "accepted":
      return { kind: "stored", taskId, deduplicated: false };
    case "duplicate":
      return { kind: "stored", taskId, deduplicated: true };
    case "exists":
      return { kind: "refused", taskId, problem: { reason: "TASK_EXISTS", taskId } };
    case "queue_limit": {
      const queuesMax = limits.queuesPerNamespaceMax;
      return { kind: "refused", taskId, problem: { reason: "QUEUE_LIMIT_REACHED", queue, queuesMax } };
    }
    case "withheld":
      return { kind: "withheld", taskId };
  }
}
