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
import type { AnnouncedDefaults, TaskDefaults } from "../model/task-definition.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { AcceptVerdict, TaskStore } from "../ports/task-store.ts";
import type { Routing } from "../routing/routing.ts";
import type { Definitions } from "./definitions.ts";
import type { Dispatch } from "./dispatch.ts";
import { createPolicies } from "./policy.ts";
import type { QueueNews } from "./queue-hints.ts";
import { newBroadcasts, routeTasks, withRefused } from "./route-tasks.ts";
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
  /** Given in place of a queue: the queues that are bound to it are looked for. */
  readonly routingKey: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
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
  const { store, clock, random, limits, defaults, routing, definitions, dispatch, news } = deps;
  const policyOf = createPolicies(defaults);

  /** Completes submissions: what they leave open is what workers announced for their names, or else the server's default. */
  function resolveAll(
    namespace: Namespace,
    submissions: readonly TaskSubmission[],
    { announced, now }: { readonly announced: AnnouncedDefaults | undefined; readonly now: Instant },
  ): readonly NewTask[] {
    return submissions.map((submission) => {
      const found = announced?.get(submission.name);
      return resolve(namespace, found === undefined ? submission : filledIn(submission, found), now);
    });
  }

  function resolve(namespace: Namespace, submission: TaskSubmission, now: Instant): NewTask {
    return {
      namespace,
      id: submission.id ?? random.taskId(),
      name: submission.name,
      queue: submission.queue ?? routing.defaultQueue,
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
      const announced = definitions.defaultsIn(namespace);
      const table = routing.tableOf(namespace);
      if (table === undefined)
        return accept(namespace, resolveAll(namespace, submissions, { announced, now }), { now, atomic });
      const asked = announced
        ? submissions.map((each) => placed(each, announced.get(each.name)))
        : submissions;
      const routed = routeTasks(
        asked.map((submission) => resolve(namespace, submission, now)),
        asked,
        {
          table,
          policyOf,
          announced,
          now,
          isServed: (queue) => dispatch.isServed({ namespace, queue }),
        },
      );
      return withRefused(routed, atomic, async (good) => {
        const verdicts = await accept(namespace, good, { now, atomic });
        await deps.fanOut(namespace, newBroadcasts(good, verdicts));
        return verdicts;
      });
    },
    complete: resolve,
    async enqueueMade(tasks) {
      refuseWhileDraining();
      const [first] = tasks;
      return first ? accept(first.namespace, tasks, { now: clock.now(), atomic: false }) : [];
    },
  };
}

/** A submission with what was announced for its name where it says nothing itself; zero and false are something. */
const filledIn = (submission: TaskSubmission, announced: TaskDefaults): TaskSubmission => ({
  ...submission,
  queue: submission.queue ?? announced.queue,
  priority: submission.priority ?? announced.priority,
  policy: { ...announced.policy, ...submission.policy },
  start: submission.start ?? (announced.delayMs === undefined ? undefined : { delayMs: announced.delayMs }),
});

/** The same where there are rules, which come before what was announced: of that it takes only where and when. */
const placed = (submission: TaskSubmission, announced: TaskDefaults | undefined): TaskSubmission => {
  if (announced === undefined) return submission;
  const { queue, start } = filledIn(submission, announced);
  return { ...submission, start, queue: submission.routingKey === undefined ? queue : undefined };
};

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
