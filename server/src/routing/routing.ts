/**
 * Routing: which queue a task goes to. So far a task goes where its producer says, else to the default queue; rules that look at a
 * task's name will decide here, too. It never reads the store.
 */

import { type QueueName, queueNameOf, type TaskName } from "../model/ids.ts";
import type { Defaults } from "../model/limits.ts";

/** What a route may look at. */
export type RoutedTask = { readonly name: TaskName; readonly queue: QueueName | undefined };

/** Decides queues. */
export type Routing = {
  /** The queue that a task goes to. */
  queueFor(task: RoutedTask): QueueName;
};

/** Makes the routing of a server. */
export function createRouting({ defaults }: { readonly defaults: Pick<Defaults, "queue"> }): Routing {
  const defaultQueue = queueNameOf(defaults.queue);
  return { queueFor: (task) => task.queue ?? defaultQueue };
}
