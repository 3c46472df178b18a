/** What enqueueing does where a namespace has rules: each task goes where they say, and some they refuse. */

import type { QueueName, TaskId } from "../model/ids.ts";
import type { Problem } from "../model/problem.ts";
import type { RoutedTask } from "../model/route.ts";
import type { NewTask, TaskPolicy } from "../model/task.ts";
import type { RoutingTable } from "../routing/routing.ts";

/** A task that no rule lets in. */
export type Refused = { readonly kind: "refused"; readonly taskId: TaskId; readonly problem: Problem };

/** A task that an atomic batch leaves out because of another. */
export type Withheld = { readonly kind: "withheld"; readonly taskId: TaskId };

/** What a producer asks for, as far as routes look at it and add to it. */
export type Routable = Omit<RoutedTask, "id"> & { readonly policy: Partial<TaskPolicy> };

/** What routing goes by. */
export type RoutingBy = {
  readonly table: RoutingTable;
  readonly isServed: (queue: QueueName) => boolean;
  readonly policyOf: (asked: Partial<TaskPolicy>) => TaskPolicy;
};

/** Gives each task its queue, its priority and the options that it does not have from its producer. */
export const routeTasks = (
  tasks: readonly NewTask[],
  submissions: readonly Routable[],
  by: RoutingBy,
): readonly (NewTask | Refused)[] =>
  tasks.map((task, at) => {
    const submission = submissions[at];
    if (submission === undefined) throw new Error("a task came from no submission");
    return routeTask(task, submission, by);
  });

function routeTask(
  task: NewTask,
  submission: Routable,
  { table, isServed, policyOf }: RoutingBy,
): NewTask | Refused {
  const routed = table.resolve({ ...submission, id: task.id }, { isServed });
  if (routed.kind === "undeclared")
    return { kind: "refused", taskId: task.id, problem: { reason: "QUEUE_UNKNOWN", queue: routed.queue } };
  const { target, priority, policy } = routed;
  return { ...task, queue: target.queue, priority, policy: policyOf({ ...policy, ...submission.policy }) };
}

/** Stores what was not refused, and puts its verdicts in between. With `atomic`, any refusal leaves all out. */
export async function withRefused<V>(
  routed: readonly (NewTask | Refused)[],
  atomic: boolean,
  accept: (tasks: readonly NewTask[]) => Promise<readonly V[]>,
): Promise<readonly (V | Refused | Withheld)[]> {
  const good = routed.filter(isTask);
  if (good.length === routed.length) return accept(good);
  if (atomic) return routed.map((item) => (isTask(item) ? { kind: "withheld", taskId: item.id } : item));
  const verdicts = (good.length > 0 ? await accept(good) : []).values();
  return routed.map((item) => {
    if (!isTask(item)) return item;
    const { value } = verdicts.next();
    if (value === undefined) throw new Error("a task was left without a verdict");
    return value;
  });
}

const isTask = (item: NewTask | Refused): item is NewTask => !("kind" in item);
