import {
  type Bytes,
  type Instant,
  type Namespace,
  plus,
  type QueueName,
  type TaskId,
  type TaskName,
} from "../model/ids.ts";
import type { Defaults, Limits } from "../model/limits.ts";
import { type Problem, StemProblem } from "../model/problem.ts";
import type { NewTask, TaskPolicy } from "../model/task.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { AcceptVerdict, TaskStore } from "../ports/task-store.ts";
import type { Routing } from "../routing/routing.ts";
import type { Dispatch } from "./dispatch.ts";
import { createPolicies } from "./policy.ts";
import type { QueueNews } from "./queue-hints.ts";
import { createTally } from "./tally.ts";

/** What a producer asks for, checked and converted; options that it left out are undefined. */
export type TaskSubmission = {
  readonly id: TaskId | undefined;
  readonly name: TaskName;
  readonly queue: QueueName | undefined;
  readonly priority: number | undefined;
  readonly policy: Partial<TaskPolicy>;
  readonly start: { readonly delayMs: number } | { readonly notBefore: Instant } | undefined;
  readonly tags: readonly string[];
  /** Encoded NewTask, without id; handed to the worker as it is. A view of a buffer that others share. */
  readonly content: Bytes;
  /**
   * SHA-256, as text, over what makes two submissions the same: namespace, name, requested queue, payload, options, headers.
   * Undefined when there is nothing else in the content.
   */
  readonly contentHash: string | undefined;
};

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
};

/** What taking in needs. */
export type EnqueueingDeps = {
  readonly store: Pick<TaskStore, "accept">;
  readonly clock: Clock;
  readonly random: Pick<Random, "taskId">;
  readonly limits: Limits;
  readonly defaults: Defaults;
  readonly routing: Routing;
  readonly dispatch: Pick<Dispatch, "isDraining">;
  readonly news: QueueNews;
};

/** Makes the part of the broker that takes tasks in. */
export function createEnqueueing(deps: EnqueueingDeps): Enqueueing {
  const { store, clock, random, limits, defaults, routing, dispatch, news } = deps;
  const policyOf = createPolicies(defaults);

  function resolve(namespace: Namespace, submission: TaskSubmission, now: Instant): NewTask {
    return {
      namespace,
      id: submission.id ?? random.taskId(),
      name: submission.name,
      queue: routing.queueFor(submission),
      priority: submission.priority ?? defaults.priority,
      policy: policyOf(submission.policy),
      notBefore: startOf(submission, now),
      tags: submission.tags,
      replayOf: undefined,
      content: submission.content,
      contentHash: submission.contentHash,
    };
  }

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
      const tasks = submissions.map((submission) => resolve(namespace, submission, now));
      return accept(namespace, tasks, { now, atomic });
    },
    async enqueueMade(tasks) {
      refuseWhileDraining();
      const [first] = tasks;
      return first ? accept(first.namespace, tasks, { now: clock.now(), atomic: false }) : [];
    },
  };
}

/** When a task may start; undefined: at once. What lies in the past is at once, too. */
function startOf({ start }: TaskSubmission, now: Instant): Instant | undefined {
  if (start === undefined) return undefined;
  const at = "delayMs" in start ? plus(now, start.delayMs) : start.notBefore;
  return at > now ? at : undefined;
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
