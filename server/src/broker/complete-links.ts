/** Completes what tasks say of those that their ends make, when they are accepted: nothing can be wrong with these later. */

import { broadcastQueue } from "../model/broadcast.ts";
import type { Instant, Namespace } from "../model/ids.ts";
import type { Problem } from "../model/problem.ts";
import type { Link, NewTask } from "../model/task.ts";
import type { Completed, Completing } from "./complete-tasks.ts";
import type { Refused } from "./route-tasks.ts";
import type { LinkSubmission, TaskSubmission } from "./task-submission.ts";

type CompleteAll = Completing["all"];
type Around = { readonly namespace: Namespace; readonly now: Instant };

/** Makes the completing of tasks with links out of that of tasks. Tasks without any cost a look. */
export function completingLinks(complete: CompleteAll): CompleteAll {
  function all(namespace: Namespace, submissions: readonly TaskSubmission[], now: Instant): Completed {
    const completed = complete(namespace, submissions, now);
    if (!submissions.some(({ links }) => links !== undefined)) return completed;
    const tasks = completed.kind === "tasks" ? completed.tasks : completed.routed;
    const routed = tasks.map((task, at) => {
      const links = submissions[at]?.links;
      return links === undefined || isRefused(task) ? task : withLinks(task, links, { namespace, now });
    });
    return { kind: "routed", routed };
  }

  function withLinks(task: NewTask, links: readonly LinkSubmission[], around: Around): NewTask | Refused {
    if (task.queue === broadcastQueue)
      return refused(
        task,
        linkFault("options.link", "must be left out: a broadcast ends once for each listener"),
      );
    const { namespace, now } = around;
    const submissions = links.map(({ submission }) => submission);
    const completed = all(namespace, submissions, now);
    const tasks = completed.kind === "tasks" ? completed.tasks : completed.routed;
    const made: Link[] = [];
    for (const [at, link] of links.entries()) {
      const linked = tasks[at];
      if (linked === undefined) throw new Error("a link was not completed");
      const path = pathOf(links, at);
      if (isRefused(linked)) return refused(task, under(linked.problem, `${path}.`));
      if (linked.queue === broadcastQueue)
        return refused(task, linkFault(path, "must not be routed to a broadcast channel"));
      made.push(linkOf(link, linked, now));
    }
    return { ...task, links: made };
  }

  return all;
}

/** What is counted from its acceptance is counted again when it is made. */
function linkOf({ on, hands, submission }: LinkSubmission, linked: NewTask, now: Instant): Link {
  const { namespace: _, id: __, replayOf: ___, lineage: ____, ...task } = linked;
  const { start, expiry, id } = submission;
  return {
    ...{ on, hands, task, acceptedAt: now, ownId: id },
    isStartFixed: start !== undefined && "notBefore" in start,
    expireAt: expiry !== undefined && "at" in expiry ? expiry.at : undefined,
  };
}

/** The task of a link, as its producer finds it. */
function pathOf(links: readonly LinkSubmission[], at: number): string {
  const on = links[at]?.on;
  const place = links.slice(0, at).filter((link) => link.on === on).length;
  return `options.${on === "succeeded" ? "link" : "link_error"}[${place}].task`;
}

function under(problem: Problem, prefix: string): Problem {
  if (!("violations" in problem)) return problem;
  const violations = problem.violations.map((one) => ({ ...one, field: prefix + one.field }));
  return { ...problem, violations };
}

const refused = ({ id: taskId }: NewTask, problem: Problem): Refused => ({
  kind: "refused",
  taskId,
  problem,
});

const linkFault = (field: string, description: string): Problem => ({
  reason: "FIELD_INVALID",
  violations: [{ field, description }],
});

const isRefused = (task: NewTask | Refused): task is Refused => "kind" in task;
