/** What a submission leaves open when it comes in: options that workers announced, rules say, or the server has; and its queue. */

import type { TaskTies } from "../model/gate.ts";
import { type Instant, type Namespace, plus } from "../model/ids.ts";
import type { Defaults } from "../model/limits.ts";
import type { NewTask } from "../model/task.ts";
import type { AnnouncedDefaults } from "../model/task-definition.ts";
import type { Random } from "../ports/random.ts";
import type { Routing, RoutingTable } from "../routing/routing.ts";
import type { Definitions } from "./definitions.ts";
import type { Dispatch } from "./dispatch.ts";
import { filledIn, placed } from "./fill-in.ts";
import { createPolicies } from "./policy.ts";
import { type Refused, routeTasks } from "./route-tasks.ts";
import type { TaskSubmission } from "./task-submission.ts";
import { wishOf } from "./unique.ts";

/** Complete tasks; where a namespace has rules, these may have refused some. */
export type Completed =
  | { readonly kind: "tasks"; readonly tasks: readonly NewTask[] }
  | { readonly kind: "routed"; readonly routed: readonly (NewTask | Refused)[] };

/** Completes submissions. */
export type Completing = {
  /** With the server's defaults, and without a look at rules. */
  one(namespace: Namespace, submission: TaskSubmission, now: Instant): NewTask;
  /** What submissions leave open comes from rules, from what workers announced, and from the server, in this order. */
  all(namespace: Namespace, submissions: readonly TaskSubmission[], now: Instant): Completed;
};

/** What completing needs. */
export type CompletingDeps = {
  readonly random: Pick<Random, "taskId">;
  readonly defaults: Defaults;
  readonly routing: Routing;
  readonly definitions: Pick<Definitions, "defaultsIn">;
  readonly dispatch: Pick<Dispatch, "isServed">;
};

/** Makes the part of enqueueing that completes. */
export function createCompleting({
  random,
  defaults,
  routing,
  definitions,
  dispatch,
}: CompletingDeps): Completing {
  const policyOf = createPolicies(defaults);

  function one(namespace: Namespace, submission: TaskSubmission, now: Instant): NewTask {
    const queue = submission.queue ?? routing.defaultQueue;
    return {
      namespace,
      id: submission.id ?? random.taskId(),
      name: submission.name,
      queue,
      priority: submission.priority ?? defaults.priority,
      policy: policyOf(dated(submission, now).policy),
      notBefore: startOf(submission, now),
      tags: submission.tags,
      replayOf: undefined,
      ties: submission.ties && saidTies(submission.ties),
      lineage: submission.lineage,
      unique: submission.unique && wishOf(submission, queue),
      content: submission.content,
      contentHash: submission.contentHash,
    };
  }

  type Around = {
    readonly namespace: Namespace;
    readonly announced: AnnouncedDefaults | undefined;
    readonly now: Instant;
  };

  const byDefaults = (
    submissions: readonly TaskSubmission[],
    { namespace, announced, now }: Around,
  ): NewTask[] =>
    submissions.map((submission) => {
      const found = announced?.get(submission.name);
      return one(namespace, found === undefined ? submission : filledIn(submission, found, now), now);
    });

  function byRules(submissions: readonly TaskSubmission[], table: RoutingTable, around: Around) {
    const { namespace, announced, now } = around;
    const asked = submissions.map((each) => placed(dated(each, now), announced?.get(each.name), now));
    const tasks = asked.map((submission) => one(namespace, submission, now));
    return routeTasks(tasks, asked, {
      ...{ table, policyOf, announced, now },
      isServed: (queue) => dispatch.isServed({ namespace, queue }),
    });
  }

  return {
    one,
    all(namespace, submissions, now) {
      const around = { namespace, announced: definitions.defaultsIn(namespace), now };
      const table = routing.tableOf(namespace);
      return table === undefined
        ? { kind: "tasks", tasks: byDefaults(submissions, around) }
        : { kind: "routed", routed: byRules(submissions, table, around) };
    },
  };
}

/** When a task may start; undefined: at once. What lies in the past is at once, too. */
function startOf({ start }: TaskSubmission, now: Instant): Instant | undefined {
  if (start === undefined) return undefined;
  const at = "delayMs" in start ? plus(now, start.delayMs) : start.notBefore;
  return at > now ? at : undefined;
}

/** With its expiry in its policy: counted from the acceptance, which is now, so that tasks of a batch with one expiry share a policy. */
function dated(submission: TaskSubmission, now: Instant): TaskSubmission {
  const { expiry, policy } = submission;
  if (expiry === undefined) return submission;
  const expireMs = "afterMs" in expiry ? expiry.afterMs : Math.max(0, expiry.at - now);
  return { ...submission, expiry: undefined, policy: { ...policy, expireMs } };
}

/** Without the keys that were said to be none. */
function saidTies(ties: TaskTies): TaskTies | undefined {
  const { limitKey, orderingKey, fairnessKey, labels } = ties;
  if (limitKey !== "" && orderingKey !== "" && fairnessKey !== "") return ties;
  const said = {
    limitKey: limitKey || undefined,
    orderingKey: orderingKey || undefined,
    fairnessKey: fairnessKey || undefined,
    labels,
  };
  return Object.values(said).some((value) => value !== undefined) ? said : undefined;
}
