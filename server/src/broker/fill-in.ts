/** What was announced for the tasks of a name, where a submission says nothing itself; zero, false and empty are something. */

import type { TaskTies } from "../model/gate.ts";
import { type Instant, plus } from "../model/ids.ts";
import type { TaskDefaults, UniqueDefaults } from "../model/task-definition.ts";
import type { TaskSubmission } from "./task-submission.ts";
import type { UniqueSubmission } from "./unique.ts";

/** A submission with all that was announced for its name. */
export const filledIn = (
  submission: TaskSubmission,
  announced: TaskDefaults,
  now: Instant,
): TaskSubmission => ({
  ...withPlace(submission, announced, now),
  priority: submission.priority ?? announced.priority,
  policy: { ...announced.policy, ...submission.policy },
});

/** The same where there are rules, which come before what was announced of priority and policy; a routing key stands for a queue. */
export function placed(
  submission: TaskSubmission,
  announced: TaskDefaults | undefined,
  now: Instant,
): TaskSubmission {
  if (announced === undefined) return submission;
  const filled = withPlace(submission, announced, now);
  return submission.routingKey === undefined ? filled : { ...filled, queue: undefined };
}

/** With what rules say nothing of: where, when, what it shares with others and what it claims. */
function withPlace(submission: TaskSubmission, announced: TaskDefaults, now: Instant): TaskSubmission {
  const { queue, start, ties, unique } = submission;
  const claimed = unique === undefined ? announced.unique : undefined;
  const delayMs = claimed?.delayMs ?? announced.delayMs;
  return {
    ...submission,
    queue: queue ?? announced.queue,
    start: start ?? (delayMs === undefined ? undefined : { delayMs }),
    ties: announced.ties === undefined ? ties : tiesOf(ties, announced.ties),
    unique: claimed ? claimOf(submission, claimed, now) : unique,
  };
}

/** Labels add up. */
function tiesOf(own: TaskTies | undefined, announced: TaskTies): TaskTies {
  if (own === undefined) return announced;
  return {
    limitKey: own.limitKey ?? announced.limitKey,
    orderingKey: own.orderingKey ?? announced.orderingKey,
    fairnessKey: own.fairnessKey ?? announced.fairnessKey,
    labels:
      announced.labels && own.labels
        ? { ...announced.labels, ...own.labels }
        : (own.labels ?? announced.labels),
  };
}

function claimOf(
  { content, argsDigest }: TaskSubmission,
  { key, argPaths, onConflict, windowMs, maxWaitMs }: UniqueDefaults,
  now: Instant,
): UniqueSubmission {
  if (argsDigest === undefined) throw new Error("a submission cannot tell its arguments from one another");
  return {
    by: key === undefined ? { argsDigest: argsDigest(content, argPaths) } : { key },
    onConflict,
    keepUntil: windowMs === undefined ? undefined : plus(now, windowMs),
    startBy: maxWaitMs === undefined ? undefined : plus(now, maxWaitMs),
  };
}
