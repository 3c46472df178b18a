/** How the tasks of a canvas get what their producer left open. */

import type { CanvasDraft, DraftLeaf, TaskSubmission } from "../broker/broker.ts";
import { broadcastQueue } from "../model/broadcast.ts";
import { type CanvasLeaf, type CanvasNode, leavesOf, mapTree } from "../model/canvas-node.ts";
import type { Instant, Namespace } from "../model/ids.ts";
import { type Problem, StemProblem } from "../model/problem.ts";
import type { NewTask } from "../model/task.ts";

/** Completes submissions of a namespace, in order: by rules, by what workers announced, by the server's defaults. */
export type CompleteTasks = (
  namespace: Namespace,
  submissions: readonly TaskSubmission[],
  now: Instant,
) => readonly (NewTask | { readonly kind: "refused"; readonly problem: Problem })[];

/** Completes the tasks of trees; throws the first problem, with the path of its task. Those in bulk are completed when they are asked for. */
export function completeDrafts(
  drafts: readonly CanvasDraft[],
  complete: CompleteTasks,
  { namespace, now }: { readonly namespace: Namespace; readonly now: Instant },
): readonly CanvasNode[] {
  const leaves = drafts.flatMap((draft) => leavesOf(draft));
  const submissions = leaves.map(({ submission }) => submission);
  const completed = complete(namespace, submissions, now);
  // Both meet the leaves in the same order.
  const tasks = completed.values();
  return drafts.map((draft) =>
    mapTree(
      draft,
      (leaf) => leafOf(leaf, ownOf(allowed(tasks.next().value, leaf)), now),
      (slice) => completeLeaves(slice, complete, { namespace, now }),
    ),
  );
}

/** Completes tasks that are in bulk, likewise. */
export function completeLeaves(
  leaves: readonly DraftLeaf[],
  complete: CompleteTasks,
  { namespace, now }: { readonly namespace: Namespace; readonly now: Instant },
): readonly CanvasLeaf[] {
  const submissions = leaves.map(({ submission }) => submission);
  const tasks = complete(namespace, submissions, now);
  // Their own is taken from them when they are made, at once: a copy of each would be one more for the collector.
  return leaves.map((leaf, at) => leafOf(leaf, allowed(tasks[at], leaf), now));
}

/** A task that may be in a canvas; throws why it may not. */
function allowed(task: ReturnType<CompleteTasks>[number] | undefined, { path }: DraftLeaf): NewTask {
  if (task === undefined) throw new Error("a task of a canvas was not completed");
  if ("kind" in task) throw new StemProblem(under(task.problem, path));
  if (task.queue === broadcastQueue)
    throw new StemProblem(fault(path, "must not be routed to a broadcast channel: that has no one end"));
  return task;
}

function leafOf({ submission, hands }: DraftLeaf, task: CanvasLeaf["task"], now: Instant): CanvasLeaf {
  const { start, expiry, id } = submission;
  return {
    task,
    hands,
    acceptedAt: now,
    ownId: id,
    isStartFixed: start !== undefined && "notBefore" in start,
    expireAt: expiry !== undefined && "at" in expiry ? expiry.at : undefined,
  };
}

/** What a task is but for what it has once it is made. Field by field: to copy the rest of an object takes ten times as long. */
function ownOf(task: NewTask): CanvasLeaf["task"] {
  const { name, queue, priority, policy, notBefore, tags, ties, unique, links, content, contentHash } = task;
  return { name, queue, priority, policy, notBefore, tags, ties, unique, links, content, contentHash };
}

const fault = (field: string, description: string): Problem => ({
  reason: "FIELD_INVALID",
  violations: [{ field, description }],
});

function under(problem: Problem, path: string): Problem {
  if (!("violations" in problem)) return problem;
  const violations = problem.violations.map((one) => ({ ...one, field: `${path}.${one.field}` }));
  return { ...problem, violations };
}
