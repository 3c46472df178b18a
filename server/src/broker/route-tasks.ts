/** What enqueueing does where a namespace has rules: each task goes where they say, and some they refuse. */

import { broadcastQueue, broadcastTask, defaultTerms } from "../model/broadcast.ts";
import type { Instant, QueueName, TaskId } from "../model/ids.ts";
import type { Problem } from "../model/problem.ts";
import type { ChannelTerms, RoutedTask } from "../model/route.ts";
import type { NewTask, TaskPolicy } from "../model/task.ts";
import type { AnnouncedDefaults } from "../model/task-definition.ts";
import type { RoutingTable } from "../routing/routing.ts";

/** A task that no rule lets in. */
export type Refused = { readonly kind: "refused"; readonly taskId: TaskId; readonly problem: Problem };

/** A task that an atomic batch leaves out because of another. */
export type Withheld = { readonly kind: "withheld"; readonly taskId: TaskId };

/** What a producer asks for, as far as routes look at it and add to it. */
export type Routable = Omit<RoutedTask, "id"> & {
  readonly policy: Partial<TaskPolicy>;
  readonly start: object | undefined;
};

/** What routing goes by. */
export type RoutingBy = {
  readonly table: RoutingTable;
  readonly isServed: (queue: QueueName) => boolean;
  readonly policyOf: (asked: Partial<TaskPolicy>) => TaskPolicy;
  /** What workers announced for tasks by name; comes after all that rules say. */
  readonly announced: AnnouncedDefaults | undefined;
  readonly now: Instant;
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
  { table, isServed, policyOf, announced, now }: RoutingBy,
): NewTask | Refused {
  const said = announced?.get(task.name);
  const around = { isServed, priorityOtherwise: said?.priority };
  const routed = table.resolve({ ...submission, id: task.id }, around);
  if (routed.kind === "undeclared")
    return { kind: "refused", taskId: task.id, problem: { reason: "QUEUE_UNKNOWN", queue: routed.queue } };
  const { target, priority, policy } = routed;
  const complete = {
    ...task,
    priority,
    policy: policyOf({ ...said?.policy, ...policy, ...submission.policy }),
  };
  return target.kind === "queue"
    ? { ...complete, queue: target.queue }
    : routeToChannel(complete, target.channel, {
        submission,
        terms: table.channelTerms(target.channel),
        now,
      });
}

function routeToChannel(
  task: NewTask,
  channel: string,
  {
    submission,
    terms,
    now,
  }: { readonly submission: Routable; readonly terms: ChannelTerms | undefined; readonly now: Instant },
): NewTask | Refused {
  if (task.unique !== undefined) {
    const description = `must not be given: the task is routed to broadcast channel ${channel}, and given out many times`;
    const violations = [{ field: "options.unique", description }];
    return { kind: "refused", taskId: task.id, problem: { reason: "FIELD_INVALID", violations } };
  }
  if (submission.start !== undefined) {
    const description = `must not have a start: the task is routed to broadcast channel ${channel}, and given out at once`;
    const violations = [{ field: "options", description }];
    return { kind: "refused", taskId: task.id, problem: { reason: "FIELD_INVALID", violations } };
  }
  return broadcastTask(task, channel, {
    expiresMs: terms?.expiresMs ?? defaultTerms.expiresMs,
    delivery: terms?.delivery ?? defaultTerms.delivery,
    now,
  });
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

/** Those of some tasks that are broadcasts, and were not stored before. */
export const newBroadcasts = (
  tasks: readonly NewTask[],
  verdicts: readonly { readonly kind: string; readonly deduplicated?: boolean }[],
): readonly NewTask[] =>
  tasks.filter(({ queue }, at) => {
    if (queue !== broadcastQueue) return false;
    return verdicts[at]?.kind === "stored" && verdicts[at]?.deduplicated === false;
  });

const isTask = (item: NewTask | Refused): item is NewTask => !("kind" in item);
